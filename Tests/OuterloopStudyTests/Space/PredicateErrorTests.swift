import OuterloopText
import Testing

@testable import OuterloopStudy

@Suite struct PredicateErrorTests {
  private static let space = try! SearchSpace(
    [
      "optimizer=choice(sgd, adam)", "lr=log(1e-5, 0.1)", "layers=int(1, 5)",
      "flag=choice(true, false)",
      "batch=ordinal(16, 32)",
    ].map { try ParameterDeclaration(parsing: $0) })

  @Test(arguments: [
    "optimiser == sgd": "there is no parameter `optimiser`; did you mean `optimizer`?",
    "width > 3":
      "there is no parameter `width`; the parameters are optimizer, lr, layers, flag, batch",
    "layer in [1, 2]": "there is no parameter `layer`; did you mean `layers`?",
    "`lrr` > 3": "there is no parameter `lrr`; did you mean `lr`?",
    "foo": "there is no parameter `foo`; the parameters are optimizer, lr, layers, flag, batch",
    "layers-lr > 3":
      "there is no parameter `layers-lr`; put spaces around the minus sign of a difference",
    "optimizer == sdg": "`optimizer` is never `sdg`; it is choice(sgd, adam)",
    "optimizer in [sgd, rmsprop]": "`optimizer` is never `rmsprop`; it is choice(sgd, adam)",
    "batch == 48": "`batch` is never `48`; it is ordinal(16, 32)",
    "layers == 9": "`layers` is never `9`; it is int(1, 5)",
    "layers == 2.5": "`layers` is never `2.5`; it is int(1, 5)",
    "flag == 1": "`flag` is never `1`; it is choice(true, false)",
    "lr == fast":
      "`lr` is a number, `fast` is neither a number nor a parameter; the parameters are optimizer, lr, layers, flag, batch",
    "optimizer > sgd":
      "`optimizer` is not a number, so it has no order; use `==`, `!=` or `in` with it",
    "optimizer + 1 == 2":
      "`optimizer` is not a number, so it has no order; use `==`, `!=` or `in` with it",
    "flag < true": "`flag` is not a number, so it has no order; use `==`, `!=` or `in` with it",
    "lr < true": "`true` is not a number, so it has no order; use `==` or `!=` with it",
    "lr < 0.1 layers":
      "`layers` is left over after `lr < 0.1`; join comparisons with `and` or `or`",
    "1 < layers < 3": "`<` is left over after `1 < layers`; join comparisons with `and` or `or`",
    "flag)": "`)` is left over after `flag`; join comparisons with `and` or `or`",
    "(lr < 0.1": "a `(` is not closed; add the missing `)`",
    "lr <": "the expression ends too early; complete it, as in `optimizer == sgd`",
    "": "the expression ends too early; complete it, as in `optimizer == sgd`",
    "lr < * 3": "a value was expected, not `*`; write a parameter or a value there",
    "lr < and": "a value was expected, not `and`; put it in quotation marks if it is a text",
    "lr in 3": "`in` needs a list; write it as in `units in [64, 128]`",
    "lr in []": "a value was expected, not `]`; write a parameter or a value there",
    "layers in [1, 2": "the list after `in` is not closed; add the missing `]`",
    "layers in [1 + 2]": "the list after `in` is not closed; add the missing `]`",
    "layers in [(lr + 1)]": "`lr + 1` is not a plain value; list values only",
    "lr": "`lr` alone is not a condition; compare it, as in `lr == ...`",
    "lr + 1": "`lr + 1` is a number, not a condition; compare it with another number",
    "1 == 1":
      "`1 == 1` mentions no parameter; the parameters are optimizer, lr, layers, flag, batch",
    "7": "`7` mentions no parameter; the parameters are optimizer, lr, layers, flag, batch",
    "(lr > 1) == flag": "`lr > 1` is a condition, not a value; join conditions with `and` or `or`",
    "optimizer == 'sgd": "the text 'sgd does not end; close it with '",
    "lr < 1e999": "`1e999` is not a finite number; give a finite number",
    "flag && flag": "`&` means nothing here; write `and`",
    "flag || flag": "`|` means nothing here; write `or`",
    "!flag": "`!` means nothing here; write `not`",
    "lr < 3 ?": "`?` means nothing here; put texts in quotation marks",
  ])
  func errors(statement: String, text: String) {
    let error = #expect(throws: SpaceError.self) { try Predicate(statement, over: Self.space) }
    #expect(error?.description == "`\(statement)`: " + text)
  }

  @Test func deepNestingIsAnErrorNotACrash() {
    let deep = "parentheses are nested more than 100 deep; leave superfluous ones out"
    for opening in ["(", "(not ", "-(", "not -("] {
      let statement = String(repeating: opening, count: 50_000)
      let error = #expect(throws: SpaceError.self) { try Predicate(statement, over: Self.space) }
      #expect(error?.description.hasSuffix(deep) == true)
      #expect(error?.description.count ?? 999 < 300)
    }
  }
}

import OuterloopText
import Testing

@testable import OuterloopStudy

@Suite struct ParameterTextTests {
  @Test(arguments: [
    "lr=log(1e-5, 1e-1)": "lr=float(1e-05, 0.1, log)",
    " lr = log ( 1e-5 , 1e-1 ) ": "lr=float(1e-05, 0.1, log)",
    "x=float(0, 1)": "x=float(0.0, 1.0)",
    "x=float(0,1,step 0.1)": "x=float(0.0, 1.0, step 0.1)",
    "x=float(0, 1, step=0.1)": "x=float(0.0, 1.0, step 0.1)",
    "x=float(-1, -0.5)": "x=float(-1.0, -0.5)",
    "x=int(1, 5)": "x=int(1, 5)",
    "x=int(1.0, 5e0)": "x=int(1, 5)",
    "x=int(1_000, 2_000)": "x=int(1000, 2000)",
    "x=int(16, 1024, log, step 16)": "x=int(16, 1024, log, step 16)",
    "x=log(1, 8, step 1)": "x=float(1.0, 8.0, log, step 1.0)",
    "act=choice(relu, tanh)": "act=choice(relu, tanh)",
    "act=categorical(relu)": "act=choice(relu)",
    "x=choice(1, 2.0, true, nan, inf, 0x10, '1', \"a, b\", it\\'s)":
      "x=choice(1, 2, true, nan, inf, '0x10', '1', 'a, b', 'it\\\\\\'s')",
    "x=choice(f(x), g(x, y), a b)": "x=choice('f(x)', 'g(x, y)', 'a b')",
    "x=choice(../data/x.csv, resnet-50, 3x3, 1.2.3, don't)":
      "x=choice('../data/x.csv', resnet-50, '3x3', '1.2.3', 'don\\'t')",
    "x=choice('', ' ', ')')": "x=choice('', ' ', ')')",
    "x=choice(log, step, if, and)": "x=choice(log, step, 'if', 'and')",
    "size=ordinal(s, m, l)": "size=ordinal(s, m, l)",
    "dev=constant(cpu)": "dev=constant(cpu)",
    "n=constant(-3)": "n=constant(-3)",
    "learning-rate=float(0, 1)": "learning-rate=float(0.0, 1.0)",
    "größe=int(1, 2)": "größe=int(1, 2)",
    "model/lr:0=int(1, 2)": "model/lr:0=int(1, 2)",
    "step=int(1, 2)": "step=int(1, 2)",
  ])
  func readings(text: String, canonical: String) throws {
    let space = try SearchSpace([ParameterDeclaration(parsing: text)])
    #expect(space.parameters[0].description == canonical)
    #expect(try SearchSpace([ParameterDeclaration(parsing: canonical)]) == space)
  }

  @Test func conditions() throws {
    for tail in ["if p == a", "  if   p == a  ", "if(p == a)"] {
      let declaration = try ParameterDeclaration(parsing: "x=int(1, 2)" + " " + tail)
      #expect(["p == a", "(p == a)"].contains(declaration.condition))
    }
  }

  private static let kinds =
    "the kinds are float(LOW, HIGH), log(LOW, HIGH), int(LOW, HIGH), choice(A, B), "
    + "ordinal(A, B) and constant(A); numbers take `log` and `step S` too"

  private static let noRange =
    "a range begins with two numbers; write it as in `float(0, 1)` or `int(1, 5, log)`"
  private static let notWhole =
    "an int has ends or a step that are not whole; use a float, or whole numbers"
  private static let nothing = "there is nothing between two commas; remove one, or name a value"

  @Test(arguments: [
    "": "`` is not KIND(...); " + kinds,
    "3": "`3` is not KIND(...); " + kinds,
    "int(1, 5": "`int(1, 5` is not KIND(...); " + kinds,
    "choice('a)": "the text 'a) does not end; close it with '",
    "choice('a' b)": "`b` follows the quoted 'a'; put a comma between them",
    "uniform(1, 5)": "`uniform` is not a kind of parameter; " + kinds,
    "(1, 5)": "`` is not a kind of parameter; " + kinds,
    "int(1)": noRange,
    "int(a, b)": noRange,
    "float(0, nan)": noRange,
    "float(0, 1e999)": "the ends 0.0 and inf are not finite; give two finite numbers",
    "int(1, 5, 2)": "`2` is not an option of a range; the options are `log` and `step S`",
    "int(1, 5, steps 2)":
      "`steps 2` is not an option of a range; the options are `log` and `step S`",
    "int(1, 5.5)": notWhole,
    "int(1, 5, step 0.5)": notWhole,
    "int(1, 5, step 0)": "the step 0 is not above 0; give a positive step",
    "int(-9223372036854775808, 9223372036854775807)": notWhole,
    "int(-9223372036854775808, 0)":
      "integers beyond 2^53 are not exact; use a smaller range, or a scale factor",
    "log(0, 1)": "a log scale cannot start at 0.0; start above 0, or leave the log scale out",
    "float(2, 1)": "the low end 2.0 is above the high end 1.0; exchange them",
    "choice()": nothing,
    "choice(a,,b)": nothing,
    "choice(a, a)": "the choice a is listed twice; remove one of them",
    "choice(1, 1.0)": "the choice 1.0 is listed twice; remove one of them",
    "choice(1e999)": "the choice inf is not finite; give a finite number",
    "constant(a, b)": "constant(...) takes one value, not 2; list one value",
    "int(1, 5) when y": "`when y` after the kind is not understood; a condition begins with `if `",
    "int(1, 5) if": "`if` after the kind is not understood; a condition begins with `if `",
    "int(1, 5))": "`)` after the kind is not understood; a condition begins with `if `",
  ])
  func errors(kind: String, message: String) {
    let error = #expect(throws: SpaceError.self) {
      try ParameterDeclaration(parsing: "x=" + kind)
    }
    #expect(error?.description == "parameter `x`: " + message)
  }

  @Test(arguments: ["a b", "", "12", "not", "{x}"]) func namesThatCannotBe(_ name: String) {
    let error = #expect(throws: SpaceError.self) {
      try ParameterDeclaration(parsing: name + "=int(1, 5)")
    }
    #expect(
      error?.description
        == "parameter `\(name)`: `\(name)` cannot be a parameter's name; use letters, digits and "
        + "signs such as `_`, `-`, `.`, `:` and `/`, and no keyword")
  }

  @Test(arguments: [
    "lr": "`lr` has no `=`; write NAME=KIND(...), as in `lr=log(1e-5, 1e-1)`",
    "": "`` has no `=`; write NAME=KIND(...), as in `lr=log(1e-5, 1e-1)`",
    "seed=int(1, 5)":
      "parameter `seed`: the name `seed` is reserved for a placeholder; choose a name other than trial, from, to, checkpoint, seed",
  ])
  func textsThatDeclareNothing(text: String, message: String) {
    let error = #expect(throws: SpaceError.self) { try ParameterDeclaration(parsing: text) }
    #expect(error?.description == message)
  }

  /// Broken inputs end in an error or in a space; whatever is accepted reads back as it prints.
  @Test func mutatedInputsNeverTrap() throws {
    let seeds = [
      "lr=log(1e-5, 1e-1)", "u=int(16, 1024, log, step 16) if a == b", "act=choice(relu, 'a b', 3)",
      "m=float(-0.5, 0.99, step 0.1) if optimizer == sgd and not (x in [1, 2] or y + 1 > -3e2)",
    ]
    let letters = Array("()[]{},='\"\\` .-+*/<>!&|0123456789eExabinfotd_:\u{0}\u{301}é😀\n\t٣½")
    var random = SplitMix64(5)
    var accepted = 0
    for _ in 0..<10_000 {
      var text = Array(seeds.pick(&random))
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let place = Int.random(in: 0...text.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: text.insert(letters.pick(&random), at: place)
        case 1 where place < text.count: text.remove(at: place)
        default:
          let other = Array(seeds.pick(&random))
          let start = Int.random(in: 0..<other.count, using: &random)
          text.insert(contentsOf: other[start...].prefix(8), at: place)
        }
      }
      guard let declaration = try? ParameterDeclaration(parsing: String(text)) else { continue }
      if let condition = declaration.condition {
        _ = try? Predicate(condition, over: PredicateTests.space)
      }
      let free = ParameterDeclaration(declaration.name, declaration.domain)
      guard let space = try? SearchSpace([free]) else { continue }
      accepted += 1
      let printed = space.parameters[0].description
      #expect(
        try SearchSpace([ParameterDeclaration(parsing: printed)]) == space,
        "\(String(text).debugDescription)")
    }
    #expect(accepted > 500)
  }

  /// Whatever stands on a command line gives a space, which is read again as itself, or an error of
  /// one line.
  @Test(arguments: 1...4 as ClosedRange<UInt64>) func mutationsGiveSpacesOrErrors(
    seed: UInt64
  ) throws {
    var random = SplitMix64(seed)
    let seeds = [
      "lr=log(1e-5, 1e-1)", "x=float(0, 0.5, step 0.1) if opt == sgd", "n=int(16, 1024, log)",
      "a=choice(relu, 'it\\'s', 1, true) if not (n > 3 or opt in [sgd, adam])",
      "s=ordinal(s, m, l)",
      "opt == sgd and n + 2 * n - 1 >= 3 / n", "`a b` != \"x\" or a in {1, 2}", "c=constant(-3)",
    ].map(Array.init)
    let words = [
      "(", ")", "=", ",", "'", "\\", "`", " if ", " and ", " not ", "1e308", "-1e-320", "1e999",
      "9007199254740993",
      "0", "-", "int", "log", "step 1e-300", "😀", "\u{0}", "\n", "[", "]", "nan",
      "99999999999999999999",
    ].map(Array.init)
    var (spaces, errors) = (0, 0)
    for _ in 0..<1500 {
      var text = seeds.pick(&random)
      for _ in 0...Int.random(in: 0...3, using: &random) {
        let place = Int.random(in: 0...text.count, using: &random)
        let end = min(text.count, place + Int.random(in: 0...6, using: &random))
        let other =
          Bool.random(using: &random) ? words.pick(&random) : Array(seeds.pick(&random).prefix(12))
        text.replaceSubrange(place..<end, with: Bool.random(using: &random) ? other : [])
      }
      do {
        var space = SearchSpace()
        _ = try space.choice("opt", ["sgd", "adam"])
        _ = try space.int("n", 1...9)
        if text.contains("(") {
          try space.add(ParameterDeclaration(parsing: String(text)))
        } else {
          try space.forbid(String(text))
        }
        let again = try SearchSpace(
          space.parameters.map { try ParameterDeclaration(parsing: $0.description) },
          forbidden: space.forbidden.map(\.description))
        #expect(again == space, "\(String(text))")
        _ = space.count(upTo: 1000)
        spaces += 1
      } catch let error as SpaceError {
        #expect(error.description.count < 2000)
        errors += 1
      }
    }
    #expect(spaces > 50 && errors > 200, "\(spaces) spaces, \(errors) errors")
  }
}

/// A parameter in the command line's notation:
///
///     lr=log(1e-5, 1e-1)              layers=int(1, 5)         units=int(16, 1024, log)
///     dropout=float(0, 0.5, step 0.1) act=choice(relu, tanh)   size=ordinal(s, m, l)
///     device=constant(cpu)            momentum=float(0, 0.99) if optimizer == sgd
extension ParameterDeclaration {
  /// - Throws: `SpaceError` that names the parameter and shows how it is written.
  public init(parsing text: String) throws {
    guard let equals = text.firstIndex(of: "=") else {
      throw SpaceError(
        "`\(text)` has no `=`", "write NAME=KIND(...), as in `lr=log(1e-5, 1e-1)`")
    }
    let name = text[..<equals].trimmed
    self = try naming("parameter `\(name)`") {
      let declaration = try ParameterDeclaration(
        name, parsing: String(text[text.index(after: equals)...]))
      try declaration.checkName()
      return declaration
    }
  }

  /// The parameter `name` from the text after the `=`: `log(1e-5, 1e-1)`.
  package init(_ name: String, parsing text: String) throws {
    guard let parts = try KindText(text[...]) else {
      throw SpaceError("`\(text[...].trimmed)` is not KIND(...)", Self.kinds)
    }
    self.init(name, try Self.domain(parts), if: try Self.condition(parts.rest[...]))
  }

  private static func condition(_ text: Substring) throws -> String? {
    if text.isEmpty { return nil }
    let condition = text.dropFirst(2)
    guard text.hasPrefix("if"), let first = condition.first, first.isWhitespace || first == "("
    else {
      throw SpaceError(
        "`\(text)` after the kind is not understood", "a condition begins with `if `")
    }
    return condition.trimmed
  }

  private static let kinds =
    "the kinds are float(LOW, HIGH), log(LOW, HIGH), int(LOW, HIGH), choice(A, B), "
    + "ordinal(A, B) and constant(A); numbers take `log` and `step S` too"

  private static func domain(_ text: KindText) throws -> Domain {
    let type = ["log": "float", "choice": "categorical"][text.kind] ?? text.kind
    var fields = ParameterFields(type: type)
    switch type {
    case "float", "int":
      try read(text.items, into: &fields)
      if text.kind == "log" { fields.log = true }
    case "categorical", "ordinal": fields.choices = text.items.map(\.value)
    case "constant":
      guard text.items.count == 1 else {
        throw SpaceError("constant(...) takes one value, not \(text.items.count)", "list one value")
      }
      fields.value = text.items[0].value
    default: throw SpaceError("`\(text.kind)` is not a kind of parameter", kinds)
    }
    return try fields.domain()
  }

  /// `LOW, HIGH[, log][, step S]`.
  private static func read(_ items: [KindText.Item], into fields: inout ParameterFields) throws {
    guard items.count >= 2, let low = items[0].value.number, let high = items[1].value.number
    else {
      throw SpaceError(
        "a range begins with two numbers", "write it as in `float(0, 1)` or `int(1, 5, log)`")
    }
    (fields.low, fields.high) = (low, high)
    for item in items.dropFirst(2) {
      if item.text == "log" {
        fields.log = true
      } else if let step = step(item.text) {
        fields.step = step
      } else {
        throw SpaceError(
          "`\(item.text)` is not an option of a range", "the options are `log` and `step S`")
      }
    }
  }

  /// `step 0.1` or `step=0.1`.
  private static func step(_ text: String) -> Double? {
    guard text.hasPrefix("step") else { return nil }
    let number = text.dropFirst(4).drop { $0.isWhitespace || $0 == "=" }
    return ParameterValue(plain: number.trimmed).number
  }
}

/// The command line's way to write a parameter:
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
    let rest = text[text.index(after: equals)...]
    self = try naming("`\(name)`") {
      guard let open = rest.firstIndex(of: "("), let close = Self.end(of: rest, from: open) else {
        throw SpaceError("`\(rest.trimmed)` is not KIND(...)", Self.kinds)
      }
      let inside = rest[rest.index(after: open)..<close]
      let domain = try Self.domain(rest[..<open].trimmed, try Self.items(inside))
      let tail = rest[rest.index(after: close)...].trimmed
      var condition: String?
      if !tail.isEmpty {
        guard tail.hasPrefix("if "), tail.count > 3 else {
          throw SpaceError(
            "`\(tail)` after the kind is not understood", "a condition begins with `if `")
        }
        condition = Substring(tail).dropFirst(3).trimmed
      }
      let declaration = ParameterDeclaration(name, domain, if: condition)
      try declaration.checkName()
      return declaration
    }
  }

  private static let kinds =
    "the kinds are float(LOW, HIGH), log(LOW, HIGH), int(LOW, HIGH), choice(A, B), "
    + "ordinal(A, B) and constant(A); numbers take `log` and `step S` too"

  private static func domain(_ kind: String, _ items: [Item]) throws -> Domain {
    switch kind {
    case "float": return .float(try range(items))
    case "log": return .float(try range(items, isLog: true))
    case "int": return try integers(items)
    case "choice", "categorical":
      return try Domain.categorical(items.map(\.value)).checked()
    case "ordinal": return try Domain.ordinal(items.map(\.value)).checked()
    case "constant":
      guard items.count == 1 else {
        throw SpaceError("constant(...) takes one value, not \(items.count)", "list one value")
      }
      return .constant(items[0].value)
    default: throw SpaceError("`\(kind)` is not a kind of parameter", kinds)
    }
  }

  private static func integers(_ items: [Item]) throws -> Domain {
    let options = try NumberOptions(items)
    guard let low = Int(exactly: options.low), let high = Int(exactly: options.high) else {
      throw SpaceError("int(...) has ends that are not whole", "use float(...), or whole numbers")
    }
    guard let step = Int(exactly: options.step ?? 1) else {
      throw SpaceError("int(...) has a step that is not whole", "use float(...), or a whole step")
    }
    return try .int(low, high, log: options.isLog, step: step)
  }

  private static func range(_ items: [Item], isLog: Bool = false) throws -> NumericRange {
    let options = try NumberOptions(items)
    return try NumericRange(
      options.low, options.high, log: isLog || options.isLog, step: options.step)
  }

  /// `LOW, HIGH[, log][, step S]`.
  private struct NumberOptions {
    var low = 0.0
    var high = 0.0
    var isLog = false
    var step: Double?

    init(_ items: [Item]) throws {
      guard items.count >= 2, let low = items[0].value.number, let high = items[1].value.number
      else {
        throw SpaceError(
          "a range begins with two numbers", "write it as in `float(0, 1)` or `int(1, 5, log)`")
      }
      (self.low, self.high) = (low, high)
      for item in items.dropFirst(2) {
        if item.text == "log" {
          isLog = true
        } else if item.text.hasPrefix("step"),
          let step = Double(item.text.dropFirst(4).trimmed(of: "= "))
        {
          self.step = step
        } else {
          throw SpaceError(
            "`\(item.text)` is not an option of a range", "the options are `log` and `step S`")
        }
      }
    }
  }

  /// What stands between two commas.
  private struct Item {
    var text: String
    var isQuoted: Bool

    var value: ParameterValue {
      if isQuoted { return .text(text) }
      if let value = Int(text) { return .int(value) }
      if let value = Double(text), text.first?.isLetter == false { return .float(value) }
      return switch text {
      case "true": .bool(true)
      case "false": .bool(false)
      default: .text(text)
      }
    }
  }

  private static func items(_ text: Substring) throws -> [Item] {
    var items: [Item] = []
    var current = ""
    var isQuoted = false
    var mark: Character?
    func finish() throws {
      let text = isQuoted ? current : current.trimmed
      guard !text.isEmpty || isQuoted else {
        throw SpaceError("there is nothing between two commas", "remove one, or name a value")
      }
      items.append(Item(text: text, isQuoted: isQuoted))
      (current, isQuoted) = ("", false)
    }
    for c in text {
      if let open = mark {
        if c == open { mark = nil } else { current.append(c) }
      } else if (c == "'" || c == "\"") && current.trimmed.isEmpty {
        (mark, isQuoted, current) = (c, true, "")
      } else if c == "," {
        try finish()
      } else if !isQuoted || !c.isWhitespace {
        current.append(c)
      }
    }
    try finish()
    return items
  }

  /// The `)` that closes the `(` at `open`, quotation marks respected.
  private static func end(of text: Substring, from open: Substring.Index) -> Substring.Index? {
    var depth = 0
    var mark: Character?
    for index in text[open...].indices {
      let c = text[index]
      if let open = mark {
        if c == open { mark = nil }
      } else if c == "'" || c == "\"" {
        mark = c
      } else if c == "(" {
        depth += 1
      } else if c == ")" {
        depth -= 1
        if depth == 0 { return index }
      }
    }
    return nil
  }
}

extension StringProtocol {
  var trimmed: String { trimmed(of: " \t\n") }

  func trimmed(of characters: String) -> String {
    let start = drop { characters.contains($0) }
    guard let last = start.lastIndex(where: { !characters.contains($0) }) else { return "" }
    return String(start[...last])
  }
}

/// `KIND(ITEM, ITEM, ...) REST`, as the command line writes domains, split into its parts.
struct KindText {
  let kind: String
  let items: [Item]
  /// The text after the closing parenthesis.
  let rest: String

  /// The text between two commas.
  struct Item {
    let text: String
    let isQuoted: Bool

    var value: ParameterValue { isQuoted ? .text(text) : ParameterValue(plain: text) }
  }

  /// nil if there is no `(`, or it is never closed.
  /// - Throws: `SpaceError` for empty items, and text next to a quoted string.
  init?(_ text: Substring) throws {
    guard let open = text.firstIndex(of: "(") else { return nil }
    kind = text[..<open].trimmed
    var rest = text[text.index(after: open)...]
    var items: [Item] = []
    while true {
      guard let item = try Self.item(&rest), let end = rest.popFirst() else { return nil }
      items.append(item)
      if end == ")" { break }
    }
    self.items = items
    self.rest = rest.trimmed
  }

  /// Reads up to the comma or parenthesis that ends the item; nil if there is none. Parentheses within
  /// a bare text belong to it: `choice(f(x), g(x))`.
  private static func item(_ rest: inout Substring) throws -> Item? {
    rest = rest.drop(while: \.isWhitespace)
    if rest.first == "'" || rest.first == "\"" {
      let text = try ExpressionToken.quoted(&rest)
      let behind = rest.prefix { $0 != "," && $0 != ")" }
      guard behind.trimmed.isEmpty else {
        throw SpaceError(
          "`\(behind.trimmed)` follows the quoted '\(text)'", "put a comma between them")
      }
      rest = rest[behind.endIndex...]
      return rest.isEmpty ? nil : Item(text: text, isQuoted: true)
    }
    var depth = 0
    guard
      let end = rest.firstIndex(where: { c in
        if c == "(" { depth += 1 }
        if c == ")" { depth -= 1 }
        return depth < 0 || (depth == 0 && c == ",")
      })
    else { return nil }
    let text = rest[..<end].trimmed
    rest = rest[end...]
    guard !text.isEmpty else {
      throw SpaceError("there is nothing between two commas", "remove one, or name a value")
    }
    return Item(text: text, isQuoted: false)
  }
}

extension Substring {
  /// Without white space at both ends.
  var trimmed: String {
    let start = drop(while: \.isWhitespace)
    guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(start[...last])
  }
}

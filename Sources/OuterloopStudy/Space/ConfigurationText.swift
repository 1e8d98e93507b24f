/// A configuration, or a part of one, as the command line writes it: `lr=0.001, opt=adam`. Strings
/// with commas, or with blanks at either end, are quoted.
package enum ConfigurationText {
  /// The values by name.
  /// - Throws: `SpaceError` that says what is missing where.
  package static func values(_ text: String) throws -> [String: ParameterValue] {
    var rest = text[...].drop(while: \.isWhitespace)
    guard !rest.isEmpty else {
      throw SpaceError("the configuration is empty", "write it as in 'lr=0.001, opt=adam'")
    }
    var values: [String: ParameterValue] = [:]
    while true {
      let (name, value) = try pair(&rest)
      guard values.updateValue(value, forKey: name) == nil else {
        throw SpaceError("`\(name)` has two values", "remove one of them")
      }
      guard rest.popFirst() != nil else { return values }
    }
  }

  /// Reads up to the comma after the value, or to the end.
  private static func pair(_ rest: inout Substring) throws -> (String, ParameterValue) {
    let part = rest.prefix { $0 != "," && $0 != "=" }
    let name = part.trimmed
    rest = rest[part.endIndex...]
    guard rest.popFirst() == "=", !name.isEmpty else {
      throw SpaceError(
        name.isEmpty ? "there is no name before a `=` or comma" : "`\(name)` has no value",
        "write it as in 'lr=0.001, opt=adam'")
    }
    rest = rest.drop(while: \.isWhitespace)
    if rest.first == "'" || rest.first == "\"" {
      let text = try ExpressionToken.quoted(&rest)
      let behind = rest.prefix { $0 != "," }
      guard behind.trimmed.isEmpty else {
        throw SpaceError(
          "`\(behind.trimmed)` follows the quoted '\(text)'", "put a comma between them")
      }
      rest = rest[behind.endIndex...]
      return (name, .text(text))
    }
    var depth = 0
    let end =
      rest.firstIndex { c in
        if "([{".contains(c) { depth += 1 }
        if ")]}".contains(c) { depth -= 1 }
        return depth <= 0 && c == ","
      } ?? rest.endIndex
    let text = rest[..<end].trimmed
    rest = rest[end...]
    guard !text.isEmpty else {
      throw SpaceError("`\(name)` has no value", "write it as in 'lr=0.001, opt=adam'")
    }
    guard !text.contains("=") else {
      throw SpaceError(
        "`\(name)=\(text)` holds two `=`",
        "separate values by commas, and put a text with `=` in quotation marks")
    }
    return (name, ParameterValue(plain: text))
  }
}

internal import OuterloopStudy

/// A word of a command, cut into text and placeholders: `--lr={lr}`. Doubled braces are braces.
struct ProgramWord: Hashable {
  enum Piece: Hashable {
    case text(String)
    case placeholder(String)
  }

  let pieces: [Piece]

  /// - Throws: `StudyError` for a brace that is not closed, opened, or names nothing.
  init(_ word: String) throws {
    func wrong(_ what: String) -> StudyError {
      StudyError(
        "`\(Self.short(word))` in the command: \(what)", "write {{ and }} for plain braces")
    }
    var pieces: [Piece] = []
    var text = ""
    var rest = Substring(word)
    while let c = rest.popFirst() {
      guard c == "{" || c == "}" else {
        text.append(c)
        continue
      }
      if rest.first == c {
        text.append(c)
        rest = rest.dropFirst()
        continue
      }
      guard c == "{" else { throw wrong("a } without {") }
      let name = rest.prefix { $0 != "}" && $0 != "{" }
      rest = rest.dropFirst(name.count)
      guard rest.popFirst() == "}" else { throw wrong("a { without }") }
      guard !name.isEmpty else { throw wrong("{} names nothing") }
      if !text.isEmpty { pieces.append(.text(text)) }
      text = ""
      pieces.append(.placeholder(String(name)))
    }
    if !text.isEmpty { pieces.append(.text(text)) }
    self.pieces = pieces
  }

  /// As a message shows it.
  static func short(_ word: String) -> String {
    let line = word.prefix { !$0.isNewline }
    return line.count < word.count || line.count > 60 ? line.prefix(57) + "..." : word
  }

  var placeholders: [String] {
    pieces.compactMap { if case .placeholder(let name) = $0 { name } else { nil } }
  }

  /// The word with its placeholders replaced; nil if one has no value.
  func filled(_ value: (String) -> String?) -> String? {
    var text = ""
    for piece in pieces {
      switch piece {
      case .text(let part): text += part
      case .placeholder(let name):
        guard let part = value(name) else { return nil }
        text += part
      }
    }
    return text
  }

  /// Whether it is the value of the option before it: it begins with a placeholder.
  var isValue: Bool { if case .placeholder? = pieces.first { true } else { false } }

  /// Whether it is an option without a value of its own: `--momentum`, `-m`.
  var isOption: Bool {
    guard pieces.count == 1, case .text(let text) = pieces[0], text.hasPrefix("-"), text.count > 1
    else { return false }
    return text != "--" && !text.contains("=") && Double(text) == nil
  }
}

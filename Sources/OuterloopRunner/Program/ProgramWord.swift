internal import OuterloopStudy

/// A word of a command, split into text and placeholders: `--lr={lr}`.
struct ProgramWord: Hashable {
  enum Piece: Hashable {
    case text(String)
    /// `{lr}`: the value.
    case value(String)
    /// `{--amp}`, `{amp?--use-amp}`: the text where the parameter is true, else nothing.
    case flag(String, text: String)
  }

  let pieces: [Piece]

  init(_ pieces: [Piece]) {
    // Adjacent texts are merged.
    var joined: [Piece] = []
    for piece in pieces {
      if case .text(let more) = piece, case .text(let text)? = joined.last {
        joined[joined.count - 1] = .text(text + more)
      } else if piece != .text("") {
        joined.append(piece)
      }
    }
    self.pieces = joined
  }

  /// A word of a study from a version in which each literal brace was doubled. It was checked when it
  /// was stored.
  init(doubled word: String) {
    var pieces: [Piece] = []
    var rest = Substring(word)
    while let c = rest.popFirst() {
      if c == "{" || c == "}", rest.first == c {
        rest = rest.dropFirst()
        pieces.append(.text(String(c)))
      } else if c == "{", let end = rest.firstIndex(of: "}") {
        pieces.append(.value(String(rest[..<end])))
        rest = rest[rest.index(after: end)...]
      } else {
        pieces.append(.text(String(c)))
      }
    }
    self.init(pieces)
  }

  /// As a message shows it.
  static func short(_ word: String) -> String {
    let line = word.prefix { !$0.isNewline }
    return line.count < word.count || line.count > 60 ? line.prefix(57) + "..." : word
  }

  /// The names of its placeholders.
  var names: [String] {
    pieces.compactMap {
      switch $0 {
      case .text: nil
      case .value(let name), .flag(let name, _): name
      }
    }
  }

  /// The word with its placeholders replaced; nil if one has no value, or if it is a flag that is
  /// not set.
  func filled(_ value: (String) -> ParameterValue?) -> String? {
    if case .flag(let name, let text)? = pieces.first, pieces.count == 1 {
      return value(name) == .bool(true) ? text : nil
    }
    var text = ""
    for piece in pieces {
      switch piece {
      case .text(let part): text += part
      case .flag(let name, let part): if value(name) == .bool(true) { text += part }
      case .value(let name):
        guard let part = value(name) else { return nil }
        text += part.word
      }
    }
    return text
  }

  /// Whether it has no placeholder.
  var isPlain: Bool { names.isEmpty }

  /// The parameter with whose value it begins; nil: it begins with something else.
  var leading: String? { if case .value(let name)? = pieces.first { name } else { nil } }

  /// Whether it is an option without a value of its own: `--momentum`, `-m`.
  var isOption: Bool {
    guard pieces.count == 1, case .text(let text) = pieces[0], text.hasPrefix("-"), text.count > 1
    else { return false }
    return text != "--" && !text.contains("=") && Double(text) == nil
  }
}

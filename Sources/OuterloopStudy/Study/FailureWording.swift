/// How a failure is worded, and which of its words are values of its trial: "unknown option
/// --rate=0.01" is the same failure as the one with 0.02.
struct FailureWording {
  /// Words, and what stands between them.
  private let parts: [Substring]
  /// The parameters whose value a word is.
  private let names: [Substring: Set<String>]

  init(_ text: String, of assignment: Assignment) {
    parts = Self.parts(of: text)
    var names: [Substring: Set<String>] = [:]
    for (name, value) in assignment.active {
      for word in [value.description, value.word] { names[word[...], default: []].insert(name) }
    }
    self.names = names
  }

  /// Whether both say the same, but for values of the trials' own.
  func matches(_ other: FailureWording) -> Bool {
    guard parts.count == other.parts.count else { return false }
    return zip(parts, other.parts).allSatisfy { mine, theirs in
      if mine == theirs { return true }
      guard let a = names[mine], let b = other.names[theirs] else { return false }
      return !a.isDisjoint(with: b)
    }
  }

  /// Numbers and names in one piece each, every other character by itself; a full stop behind them is
  /// none of theirs.
  private static func parts(of text: String) -> [Substring] {
    var parts: [Substring] = []
    var rest = text[...]
    while !rest.isEmpty {
      var word = rest.prefix { $0.isLetter || $0.isNumber || "+-._".contains($0) }
      if word.last == ".", word.count > 1 { word = word.dropLast() }
      if word.isEmpty { word = rest.prefix(1) }
      parts.append(word)
      rest = rest[word.endIndex...]
    }
    return parts
  }
}

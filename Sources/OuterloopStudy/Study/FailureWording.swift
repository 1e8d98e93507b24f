/// The wording of a failure, and which of its words are parameter values of its trial: "unknown
/// option --rate=0.01" is the same failure as the one with 0.02.
struct FailureWording {
  /// Words, and the text between them.
  private let parts: [Substring]
  /// The parameters that have a word as their value.
  private let names: [Substring: Set<String>]

  init(_ text: String, of assignment: Assignment) {
    parts = Self.parts(of: text)
    var names: [Substring: Set<String>] = [:]
    for (name, value) in assignment.active {
      for word in [value.description, value.word] { names[word[...], default: []].insert(name) }
    }
    self.names = names
  }

  /// Whether both are the same except for the trials' own parameter values.
  func matches(_ other: FailureWording) -> Bool {
    guard parts.count == other.parts.count else { return false }
    return zip(parts, other.parts).allSatisfy { mine, theirs in
      if mine == theirs { return true }
      guard let a = names[mine], let b = other.names[theirs] else { return false }
      return !a.isDisjoint(with: b)
    }
  }

  /// Numbers and names in one piece each, every other character by itself; a full stop after them is
  /// not part of them.
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

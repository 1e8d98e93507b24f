/// The remedy for an unknown name: the one that was probably meant, or a list of all names.
package enum Spelling {
  /// "did you mean `width`?", or "the parameters are depth, width".
  package static func remedy(for word: String, among names: [String], called plural: String)
    -> String
  {
    if names.isEmpty { return "there are no \(plural) yet" }
    return nearest(to: word, among: names).map { "did you mean `\($0)`?" }
      ?? "the \(plural) are \(list(names))"
  }

  /// At most twenty names, so that a message stays readable.
  package static func list(_ names: [String]) -> String {
    if names.isEmpty { return "none yet" }
    let shown = names.prefix(20).joined(separator: ", ")
    return names.count > 20 ? shown + " and \(names.count - 20) more" : shown
  }

  /// The name closest to `word`, if it differs in at most about a third of the letters.
  package static func nearest(to word: String, among names: [String]) -> String? {
    guard word.count <= 64 else { return nil }
    let letters = Array(word.lowercased())
    var best: (name: String, distance: Int)?
    for name in names {
      let limit = min((best?.distance ?? .max) - 1, (max(letters.count, name.count) + 1) / 3)
      guard abs(name.count - letters.count) <= limit else { continue }
      let distance = distance(letters, Array(name.lowercased()))
      if distance <= limit { best = (name, distance) }
    }
    return best?.name
  }

  /// The number of insertions, deletions, replacements and transpositions of adjacent letters
  /// (restricted Damerau-Levenshtein distance).
  private static func distance(_ a: [Character], _ b: [Character]) -> Int {
    var (before, last) = ([Int](), Array(0...b.count))
    for (i, x) in a.enumerated() {
      var row = [i + 1]
      for (j, y) in b.enumerated() {
        var least = min(last[j] + (x == y ? 0 : 1), row[j] + 1, last[j + 1] + 1)
        if i > 0, j > 0, x == b[j - 1], a[i - 1] == y { least = min(least, before[j - 1] + 1) }
        row.append(least)
      }
      (before, last) = (last, row)
    }
    return last[b.count]
  }
}

/// Directions evenly spread over the positive orthant: all vectors of m numbers k_i / p with integer k_i
/// that sum to 1 (Das and Dennis 1998).
enum ReferenceDirections {
  /// (p + m - 1 over m - 1); nil beyond `limit`.
  static func count(objectives m: Int, divisions p: Int, limit: Int = 100_000) -> Int? {
    var count = 1
    for i in 0..<max(m - 1, 0) {
      // Products of consecutive numbers, so that every quotient is an integer.
      count = count * (p + i + 1) / (i + 1)
      if count > limit { return nil }
    }
    return count
  }

  /// In lexicographic order. `objectives` and `divisions` at least 1.
  static func all(objectives m: Int, divisions p: Int) -> [[Double]] {
    var result: [[Double]] = []
    var parts: [Int] = []
    func extend(_ left: Int) {
      if parts.count == m - 1 {
        result.append((parts + [left]).map { Double($0) / Double(p) })
        return
      }
      for part in 0...left {
        parts.append(part)
        extend(left - part)
        parts.removeLast()
      }
    }
    extend(p)
    return result
  }

  /// The largest number of divisions with at most `count` directions; at least 1.
  static func divisions(objectives m: Int, atMost count: Int) -> Int {
    guard m > 1 else { return 1 }
    var divisions = 1
    while let more = Self.count(objectives: m, divisions: divisions + 1), more <= count {
      divisions += 1
    }
    return divisions
  }
}

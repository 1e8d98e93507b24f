import OuterloopNumerics
import OuterloopSearch
import Testing

/// Points to run laws over.
struct RandomPoints: Sendable, CustomTestStringConvertible {
  var objectives: Int
  var count: Int
  /// Coordinates are whole numbers below this, so that values tie; 0 for real numbers.
  var levels: Int
  var seed: UInt64

  var testDescription: String { "\(count) of \(objectives), \(levels) levels, seed \(seed)" }

  static func table(counts: [Int], seeds: UInt64) -> [RandomPoints] {
    (2...5).flatMap { objectives in
      counts.flatMap { count in
        [0, 3, 9].flatMap { levels in
          (0..<seeds).map {
            RandomPoints(objectives: objectives, count: count, levels: levels, seed: $0)
          }
        }
      }
    }
  }

  /// Coordinates in -1...(levels or 1).
  var rows: [[Double]] {
    let key = RandomKey(seed: seed, purpose: "points \(objectives) \(count) \(levels)")
    let numbers = key.bits(objectives * count).map { bits in
      levels == 0 ? Double(bits) / 0x1p31 - 1 : Double(Int(bits % UInt32(levels)) - 1)
    }
    return (0..<count).map { Array(numbers[$0 * objectives..<($0 + 1) * objectives]) }
  }

  func points() throws -> ObjectivePoints { try ObjectivePoints(rows, objectives: objectives) }

  /// Beyond most points, but not all.
  var reference: [Double] {
    (0..<objectives).map { levels == 0 ? 0.9 : Double(levels - 1) + 0.5 * Double($0 % 2 - 1) }
  }
}

/// What the words mean, by the book and slowly.
enum Naive {
  static func dominates(_ a: [Double], _ b: [Double]) -> Bool {
    zip(a, b).allSatisfy { $0 <= $1 } && a != b
  }

  /// Fronts peeled off one by one.
  static func ranks(_ rows: [[Double]]) -> [Int] {
    var ranks = [Int](repeating: -1, count: rows.count)
    var rank = 0
    while ranks.firstIndex(of: -1) != nil {
      let open = ranks.indices.filter { ranks[$0] == -1 }
      for index in open where !open.contains(where: { dominates(rows[$0], rows[index]) }) {
        ranks[index] = rank
      }
      rank += 1
    }
    return ranks
  }

  /// Inclusion and exclusion: the sum over all subsets of their common box, signs alternating.
  static func hypervolume(_ rows: [[Double]], _ reference: [Double]) -> Double {
    var total = 0.0
    for subset in 1..<(1 << rows.count) {
      var corner = [Double](repeating: -.infinity, count: reference.count)
      for index in rows.indices where subset >> index & 1 == 1 {
        corner = zip(corner, rows[index]).map(max)
      }
      let box = zip(corner, reference).reduce(1) { $0 * max(0, $1.1 - $1.0) }
      total += subset.nonzeroBitCount % 2 == 1 ? box : -box
    }
    return total
  }
}

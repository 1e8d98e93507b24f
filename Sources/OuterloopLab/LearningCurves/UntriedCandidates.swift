internal import OuterloopStudy

/// The candidates of a table that no trial has taken, and which of them is nearest to a proposal.
///
/// Distances are Euclidean in the unit coordinates of the space: numbers on their own scale from 0 to 1,
/// ordinals by their index, categorical values 0 apart if equal and 1 otherwise. A parameter that is
/// active in only one of two configurations contributes 1.
struct UntriedCandidates: Sendable {
  private(set) var count: Int
  private var isTried: [Bool]
  private let space: SearchSpace
  private let isCategorical: [Bool]
  /// candidates x parameters; NaN where a parameter is inactive.
  private let coordinates: [Double]

  init(_ table: CurveTable) {
    let space = table.space
    self.space = space
    count = table.candidates.count
    isTried = [Bool](repeating: false, count: count)
    isCategorical = space.parameters.map {
      if case .categorical = $0.domain { true } else { false }
    }
    coordinates = table.candidates.flatMap { Self.coordinates(of: $0.assignment, in: space) }
  }

  private static func coordinates(of assignment: Assignment, in space: SearchSpace) -> [Double] {
    space.parameters.enumerated().map { index, parameter in
      guard assignment.values.indices.contains(index), let value = assignment.values[index] else {
        return .nan
      }
      if let range = parameter.domain.range { return value.number.map(range.unit) ?? .nan }
      guard let place = parameter.domain.index(of: value) else { return .nan }
      if case .categorical = parameter.domain { return Double(place) }
      return Double(place) / Double(Swift.max((parameter.domain.count ?? 1) - 1, 1))
    }
  }

  /// Takes the nearest untried candidate, the first of ties; nil if all have been tried.
  ///
  /// - Complexity: O(candidates x parameters).
  mutating func take(nearest assignment: Assignment) -> Int? {
    let point = Self.coordinates(of: assignment, in: space)
    var best: (index: Int, distance: Double)?
    for index in isTried.indices where !isTried[index] {
      let distance = distance(to: index, from: point, below: best?.distance ?? .infinity)
      if best == nil || distance < best!.distance { best = (index, distance) }
    }
    guard let index = best?.index else { return nil }
    isTried[index] = true
    count -= 1
    return index
  }

  /// The squared distance, or any value of at least `limit` if the distance is at least `limit`.
  private func distance(to index: Int, from point: [Double], below limit: Double) -> Double {
    var sum = 0.0
    let row = index * point.count
    for place in point.indices {
      let (a, b) = (coordinates[row + place], point[place])
      if a.isNaN || b.isNaN {
        sum += a.isNaN && b.isNaN ? 0 : 1
      } else if isCategorical[place] {
        sum += a == b ? 0 : 1
      } else {
        sum += (a - b) * (a - b)
      }
      if sum >= limit { break }
    }
    return sum
  }
}

public import OuterloopText

/// Objective vectors to be minimised, n of them with m coordinates each.
///
/// All coordinates are losses: objectives to be maximised have to be negated first. Infinities are
/// ordinary values; NaN counts as the worst value and is stored as +infinity.
///
/// a dominates b if a is nowhere larger and somewhere smaller. Points are identified by index; equal
/// ones do not dominate each other.
public struct ObjectivePoints: Sendable, Hashable {
  /// n.
  public let count: Int
  /// m, at least 1.
  public let objectives: Int
  /// Coordinates, point after point.
  let values: [Double]

  /// - Parameter rows: n rows of m values.
  /// - Throws: `ObjectivePointsError` without objectives, or for a row of another length.
  public init(_ rows: [[Double]], objectives: Int) throws(ObjectivePointsError) {
    guard objectives > 0 else { throw .noObjectives }
    var values: [Double] = []
    for (index, row) in rows.enumerated() {
      guard row.count == objectives else {
        throw .wrongLength(index: index, count: row.count, objectives: objectives)
      }
      for value in row { values.append(value.isNaN ? .infinity : value) }
    }
    self.init(count: rows.count, objectives: objectives, values: values)
  }

  init(count: Int, objectives: Int, values: [Double]) {
    self.count = count
    self.objectives = objectives
    self.values = values
  }

  /// The coordinates of a point; empty for an invalid index.
  public subscript(_ index: Int) -> [Double] {
    guard (0..<count).contains(index) else { return [] }
    return Array(values[index * objectives..<(index + 1) * objectives])
  }

  subscript(_ index: Int, _ objective: Int) -> Double {
    values[index * objectives + objective]
  }

  /// The points of these indices, in this order.
  func selecting(_ indices: some Collection<Int>) -> ObjectivePoints {
    var chosen: [Double] = []
    chosen.reserveCapacity(indices.count * objectives)
    for index in indices {
      chosen += values[index * objectives..<(index + 1) * objectives]
    }
    return ObjectivePoints(count: indices.count, objectives: objectives, values: chosen)
  }

  /// Whether point a is nowhere larger than point b: a dominates b, or they are equal.
  func weaklyDominates(_ a: Int, _ b: Int) -> Bool {
    let (left, right) = (a * objectives, b * objectives)
    for objective in 0..<objectives where values[left + objective] > values[right + objective] {
      return false
    }
    return true
  }

  /// Whether point a is nowhere larger than point b and somewhere smaller; false for an invalid
  /// index.
  ///
  /// - Complexity: O(m).
  public func dominates(_ a: Int, _ b: Int) -> Bool {
    guard (0..<count).contains(a), (0..<count).contains(b) else { return false }
    return weaklyDominates(a, b) && !weaklyDominates(b, a)
  }

  func areEqual(_ a: Int, _ b: Int) -> Bool {
    (0..<objectives).allSatisfy { self[a, $0] == self[b, $0] }
  }

  /// All indices in lexicographic order of the points, ties by index. A point can only be dominated
  /// by points before it.
  func lexicographicOrder() -> [Int] {
    values.withUnsafeBufferPointer { values in
      (0..<count).sorted { a, b in
        for objective in 0..<objectives {
          let (left, right) = (
            values[a * objectives + objective], values[b * objectives + objective]
          )
          if left != right { return left < right }
        }
        return a < b
      }
    }
  }

  /// The groups of equal points, in lexicographic order; indices ascend within a group.
  func distinct() -> [[Int]] {
    var groups: [[Int]] = []
    for index in lexicographicOrder() {
      if let first = groups.last?.first, areEqual(first, index) {
        groups[groups.count - 1].append(index)
      } else {
        groups.append([index])
      }
    }
    return groups
  }
}

/// Inconsistent points or reference.
public enum ObjectivePointsError: ExplainedError, Hashable {
  /// Points need at least one objective.
  case noObjectives
  /// A row does not have a value for each objective.
  case wrongLength(index: Int, count: Int, objectives: Int)
  /// The reference does not have a value for each objective.
  case wrongReference(count: Int, objectives: Int)
  /// The reference is NaN in an objective.
  case referenceIsNotANumber(objective: Int)
  /// There is no point of this index.
  case noSuchPoint(index: Int, count: Int)
  /// There is not a violation for each point.
  case wrongViolations(count: Int, points: Int)

  public var what: String {
    switch self {
    case .noObjectives: "points without objectives"
    case .wrongLength(let index, let count, let objectives):
      "point \(index) has \(count) values instead of \(objectives)"
    case .wrongReference(let count, let objectives):
      "the reference point has \(count) values instead of \(objectives)"
    case .referenceIsNotANumber(let objective):
      "objective \(objective) of the reference point is not a number"
    case .noSuchPoint(let index, _): "there is no point \(index)"
    case .wrongViolations(let count, let points):
      "there are \(count) violations for \(points) points"
    }
  }

  public var remedy: String {
    switch self {
    case .noObjectives: "points need at least one objective"
    case .wrongLength, .wrongReference: "give one for each objective"
    case .referenceIsNotANumber: "give the worst loss of interest"
    case .noSuchPoint(_, let count): "the \(count) points are counted from 0"
    case .wrongViolations: "give one for each point"
    }
  }
}

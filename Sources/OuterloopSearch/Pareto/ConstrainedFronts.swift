extension ObjectivePoints {
  /// The fronts under constraints, best first: those of the feasible points, then the others by violation,
  /// ties together (constrained domination, Deb, Pratap, Agarwal and Meyarivan 2002).
  ///
  /// - Parameter violations: for each point its total constraint violation; 0 or less: feasible. NaN
  ///   counts as infinity.
  /// - Returns: indices of points, ascending in each front.
  /// - Throws: `ObjectivePointsError` unless there is one for each point.
  /// - Complexity: that of `fronts()`, and O(n log n).
  public func fronts(violations: [Double]) throws(ObjectivePointsError) -> [[Int]] {
    guard violations.count == count else {
      throw .wrongViolations(count: violations.count, points: count)
    }
    let feasible = violations.indices.filter { violations[$0] <= 0 }
    var fronts = selecting(feasible).fronts().map { $0.map { feasible[$0] } }
    func size(_ index: Int) -> Double {
      violations[index].isNaN ? .infinity : violations[index]
    }
    let broken = violations.indices.filter { !(violations[$0] <= 0) }
      .sorted { (size($0), $0) < (size($1), $1) }
    var last: Double?
    for index in broken {
      if size(index) == last {
        fronts[fronts.count - 1].append(index)
      } else {
        fronts.append([index])
      }
      last = size(index)
    }
    return fronts
  }
}

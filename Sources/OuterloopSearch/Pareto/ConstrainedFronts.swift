extension ObjectivePoints {
  /// The fronts under constraints, best first: those of the points that break none, then the others by how
  /// much they break, equal ones together (constrained domination, Deb, Pratap, Agarwal and Meyarivan 2002).
  ///
  /// - Parameter violations: for each point the sum of what it breaks its constraints by; 0 or less: it
  ///   breaks none. NaN counts as infinity.
  /// - Returns: indices of points, rising in each front.
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

extension ObjectivePoints {
  /// The rank of each point: 0 if no point dominates it, otherwise one more than the largest rank
  /// among the points that do. Equal points have equal ranks.
  ///
  /// Points are taken in lexicographic order, so that only earlier ones can dominate. The fronts that
  /// dominate a point come first, which allows to search for its rank by bisection (ENS-BS, Zhang,
  /// Tian, Cheng and Jin 2015). In a plane the last point of a front decides.
  ///
  /// - Complexity: O(n log n) for one or two objectives; for more O(m n^2) at worst, when few points
  ///   dominate others.
  public func ranks() -> [Int] {
    let groups = distinct()
    var ranks = [Int](repeating: 0, count: count)
    // The representatives of each front, in lexicographic order.
    var fronts: [[Int]] = []
    for group in groups {
      let point = group[0]
      var (low, high) = (0, fronts.count)
      while low < high {
        let middle = (low + high) / 2
        if isDominated(point, by: fronts[middle]) { low = middle + 1 } else { high = middle }
      }
      if low == fronts.count { fronts.append([]) }
      fronts[low].append(point)
      for index in group { ranks[index] = low }
    }
    return ranks
  }

  /// The fronts, best first: front k has the indices of the points of rank k, rising.
  ///
  /// - Complexity: as `ranks()`.
  public func fronts() -> [[Int]] {
    let ranks = ranks()
    var fronts = [[Int]](repeating: [], count: (ranks.max() ?? -1) + 1)
    for (index, rank) in ranks.enumerated() { fronts[rank].append(index) }
    return fronts
  }

  /// The indices of the points that no point dominates, rising; all of several equal ones.
  ///
  /// - Complexity: O(n log n) for one or two objectives, otherwise O(m n f) with f points in the
  ///   front.
  public func paretoFront() -> [Int] {
    var front: [Int] = []
    var result: [Int] = []
    for group in distinct() where !isDominated(group[0], by: front) {
      front.append(group[0])
      result += group
    }
    return result.sorted()
  }

  /// Whether a point of a front, which lies before `point` in lexicographic order, dominates it.
  private func isDominated(_ point: Int, by front: [Int]) -> Bool {
    guard let last = front.last else { return false }
    // With two objectives the second one falls along a front: its last point is the hardest to pass.
    if objectives <= 2 { return self[last, objectives - 1] <= self[point, objectives - 1] }
    return front.reversed().contains { weaklyDominates($0, point) }
  }
}

extension ObjectivePoints {
  /// The rank of each point: 0 if no point dominates it, otherwise one more than the largest rank
  /// among the points that do. Equal points have equal ranks.
  ///
  /// Points are processed in lexicographic order, so that only earlier ones can dominate. The fronts
  /// that dominate a point come first, so its rank can be found by bisection (ENS-BS, Zhang, Tian,
  /// Cheng and Jin 2015).
  ///
  /// - Complexity: O(n log n) for one or two objectives, O(n log^2 n) for three; for more O(m n^2) at
  ///   worst, when few points dominate others.
  public func ranks() -> [Int] {
    var ranks = [Int](repeating: 0, count: count)
    var fronts: [GrowingFront] = []
    var last: Int?
    for point in lexicographicOrder() {
      if let last, areEqual(last, point) {
        ranks[point] = ranks[last]
        continue
      }
      last = point
      let rank = fronts.indices.partitionPoint { fronts[$0].dominates(point, of: self) }
      if rank == fronts.count { fronts.append(GrowingFront()) }
      fronts[rank].append(point, of: self)
      ranks[point] = rank
    }
    return ranks
  }

  /// The fronts, best first: front k has the indices of the points of rank k, ascending.
  ///
  /// - Complexity: as `ranks()`.
  public func fronts() -> [[Int]] {
    let ranks = ranks()
    var fronts = [[Int]](repeating: [], count: (ranks.max() ?? -1) + 1)
    for (index, rank) in ranks.enumerated() { fronts[rank].append(index) }
    return fronts
  }

  /// The indices of the non-dominated points, ascending, including duplicates.
  ///
  /// - Complexity: O(n log n) for up to three objectives, otherwise O(m n f) with f points in the
  ///   front.
  public func paretoFront() -> [Int] {
    var front = GrowingFront()
    var result: [Int] = []
    for group in distinct() where !front.dominates(group[0], of: self) {
      front.append(group[0], of: self)
      result += group
    }
    return result.sorted()
  }
}

/// A front to which distinct points are added in lexicographic order.
private struct GrowingFront {
  private var points: [Int] = []
  /// The staircase of the second and third of three objectives.
  private var staircase = Staircase()

  /// Whether a point of the front dominates this one, which follows all of them in lexicographic
  /// order and thus is not better in the first objective.
  func dominates(_ point: Int, of all: ObjectivePoints) -> Bool {
    switch all.objectives {
    case 1: !points.isEmpty
    // The second objective decreases along a front: its last point is the smallest.
    case 2: points.last.map { all[$0, 1] <= all[point, 1] } ?? false
    case 3: staircase.covers(all[point, 1], all[point, 2])
    default: points.reversed().contains { all.weaklyDominates($0, point) }
    }
  }

  mutating func append(_ point: Int, of all: ObjectivePoints) {
    points.append(point)
    if all.objectives == 3 { staircase.insert(all[point, 1], all[point, 2]) }
  }
}

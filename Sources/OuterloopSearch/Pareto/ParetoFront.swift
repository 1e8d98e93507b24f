public import OuterloopStudy

extension StudySpecification {
  /// The Pareto front of the feasible complete trials, sorted by the loss of the first objective, including duplicates. NaN
  /// counts as worst.
  ///
  /// - Parameter places: the indices of the objectives to consider; nil for all.
  /// - Complexity: O(n log n) for n trials and up to three objectives, otherwise O(m n f) with f trials
  ///   on the front.
  public func paretoFront(of trials: [Trial], places: [Int]? = nil) -> [Trial] {
    let places = (places ?? Array(objectives.indices)).filter(objectives.indices.contains)
    let complete = trials.filter {
      $0.state == .complete && $0.values?.count == objectives.count && isFeasible($0)
    }
    let losses = complete.map { trial in
      places.map { place in objectives[place].loss(trial.values?[place] ?? .nan) }
    }
    guard let points = try? ObjectivePoints(losses, objectives: places.count) else { return [] }
    return points.paretoFront().sorted {
      points[$0] == points[$1] ? $0 < $1 : points[$0].lexicographicallyPrecedes(points[$1])
    }.map { complete[$0] }
  }
}

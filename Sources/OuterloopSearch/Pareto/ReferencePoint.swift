extension ObjectivePoints {
  /// A reference point a little behind all points, by the rule of multi-objective TPE in Optuna 5:
  /// max(1.1 w, 0.9 w) for the worst value w of each objective, and 1e-12 where that is zero.
  ///
  /// - Returns: m values; +infinity where a point is infinitely bad, or if there are no points.
  /// - Complexity: O(m n).
  public func referencePoint() -> [Double] {
    (0..<objectives).map { objective in
      guard let worst = (0..<count).map({ self[$0, objective] }).max() else { return .infinity }
      let reference = Swift.max(1.1 * worst, 0.9 * worst)
      return reference == 0 ? 1e-12 : reference
    }
  }
}

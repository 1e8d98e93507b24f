extension Trial {
  /// How an attempt at it ends whose work is done, by the one rule there is: for whoever runs trials, and
  /// whoever is told of them.
  ///
  /// - nothing was reported, an objective or a metric with a bound is missing, or is not finite: failed,
  ///   `invalid`;
  /// - every objective has a value, and the trial is to be trained no further: complete;
  /// - the same, and epochs of a full training are left: it rests, for its scheduler to decide.
  ///
  /// - Parameters:
  ///   - attempt: the one that ends.
  ///   - last: what was reported last.
  ///   - seconds: how long it took, by a clock that nobody sets.
  public func end(
    of attempt: Int, with last: Report?, in specification: StudySpecification,
    seconds: Double? = nil
  ) -> Event.Kind {
    func invalid(_ message: String) -> Event.Kind {
      .finished(attempt: attempt, .failed(.invalid, message: message), seconds: seconds)
    }
    guard let last else { return invalid("it reported nothing") }
    for metric in specification.objectives.map(\.metric) + specification.constraints.map(\.metric) {
      guard let value = last.values[metric] else {
        return invalid("its last report has no `\(metric)`")
      }
      guard value.isFinite else { return invalid("`\(metric)` is \(value)") }
    }
    let results = specification.objectives.compactMap { last.values[$0.metric] }
    return through < specification.epochs
      ? .paused(attempt: attempt, seconds: seconds)
      : .finished(attempt: attempt, .complete(results), seconds: seconds)
  }
}

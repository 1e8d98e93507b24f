extension Trial {
  /// How an attempt at it ends whose work is done, by the one rule there is: for whoever runs trials, and
  /// whoever is told of them.
  ///
  /// - nothing was reported, an objective is missing, or is not finite: failed, `invalid`;
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
    var results: [Double] = []
    for objective in specification.objectives {
      guard let value = last.values[objective.metric] else {
        return invalid("its last report has no `\(objective.metric)`")
      }
      guard value.isFinite else { return invalid("`\(objective.metric)` is \(value)") }
      results.append(value)
    }
    return through < specification.epochs
      ? .paused(attempt: attempt, seconds: seconds)
      : .finished(attempt: attempt, .complete(results), seconds: seconds)
  }
}

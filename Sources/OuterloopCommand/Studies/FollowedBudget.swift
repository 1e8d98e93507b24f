internal import OuterloopStudy

/// The budget of a study while it runs, which others may change.
actor FollowedBudget {
  private let found: StudyChoice.Found
  private(set) var budget: Budget
  /// The seconds that the study had used when this process started.
  private let spent: Double
  private let start = ContinuousClock.now

  init(_ found: StudyChoice.Found, spent: Double) {
    (self.found, self.spent) = (found, spent)
    budget = found.specification.budget
  }

  /// When the time limit is reached; nil: never.
  var deadline: ContinuousClock.Instant? {
    budget.seconds.map { start + .seconds(max(0, $0 - spent)) }
  }

  var isTimeUp: Bool { deadline.map { ContinuousClock.now >= $0 } ?? false }

  /// Reads the budget from the store.
  ///
  /// - Returns: the new budget, if it was changed. A store that cannot be read is tried again the next time.
  func look() async -> Budget? {
    guard let specification = try? await found.store.specification(of: found.id),
      specification.budget != budget
    else { return nil }
    budget = specification.budget
    return budget
  }
}

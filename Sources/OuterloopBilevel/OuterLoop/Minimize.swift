internal import OuterloopAutodiff
internal import OuterloopNumerics
internal import Synchronization

extension BilevelProblem {
  /// What `minimize` reports after each update.
  public struct Progress: Sendable {
    /// Updates made, this one included.
    public var update: Int
    /// The outer loss before this update.
    public var loss: Double
    /// The hyperparameters after it.
    public var hyper: Hyper
    /// The model that the update was made by: where its window of training ended.
    public var state: State
    /// What this update took.
    public var cost: Cost
    /// What the estimator says of its own answer.
    public var diagnostics: Diagnostics
  }

  /// Minimises the outer loss by `updates` steps of an outer loop along hypergradients.
  ///
  ///     try problem.minimize(
  ///       from: lambda, by: .oneStep, updates: 500, with: OuterLoop(.adam(rate: 0.01)),
  ///       training: .online(every: 1))
  ///
  /// - Parameters:
  ///   - updates: how many. A schedule of a limited number of trainings has only so many, as that of
  ///     `.realTime(every:)`, which trains once: asking it for more is an error, and nil is all of them.
  ///   - schedule: what happens to the model between updates. By default what the estimator is made
  ///     for: a fresh model for each update, or one training throughout for methods that carry
  ///     something along it, such as `.realTime(every:)`.
  ///   - onUpdate: called after each update; return false to stop early. It may use the problem.
  /// - Throws: `BilevelError` for an estimator that cannot answer for this problem on this schedule, for
  ///   more updates than the schedule has, and for non-finite values, which end an online run where
  ///   they appear.
  public func minimize(
    from hyper: Hyper, by estimator: Estimator = .reverse, updates: Int? = nil,
    with loop: OuterLoop<Hyper>, training schedule: TrainingSchedule? = nil,
    onUpdate: (Progress) throws -> Bool = { _ in true }
  ) throws -> OuterLoop<Hyper>.State {
    var state = try loop.start(at: hyper)
    let (problem, driver, template) = try working(at: hyper) { problem in
      (
        problem, try TrainingDriver(problem, estimator.method, schedule),
        try self.template(of: problem, at: hyper)
      )
    }
    let updates = try driver.updates(wanted: updates)
    while state.updates < updates {
      // The programs are free between updates: `onUpdate` may train and evaluate with them.
      let point = state.hyper
      let result = try compiled.working {
        try problem.lock.withLock { _ in try driver.next(at: point.leaves) }
      }
      state = try loop.step(
        state, along: point.replacingLeaves(result.gradient), loss: result.loss)
      if state.wasRejected { driver.stepWasRejected() }
      let progress = Progress(
        update: state.updates, loss: result.loss, hyper: state.hyper,
        state: template.replacingLeaves(result.state),
        cost: result.cost, diagnostics: result.diagnostics)
      guard try onUpdate(progress) else { break }
    }
    return state
  }
}

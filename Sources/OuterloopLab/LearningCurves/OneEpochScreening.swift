public import OuterloopStudy

/// Trains many configurations for one epoch and then the best of them to the end, best first
/// (Egele, Guyon, Vishwanath, Balaprakash 2023, arXiv 2307.15422): a baseline that any scheduler
/// should beat, though many do not.
///
/// When all screened ones are finished, it screens further ones.
public struct OneEpochScreening: Scheduler {
  private let epochs, screened: Int
  private let objective: Objective

  /// - Parameters:
  ///   - epochs: of a full training.
  ///   - screened: how many configurations are trained for one epoch before the best continues.
  public init(epochs: Int, screened: Int, objective: Objective) {
    self.epochs = epochs
    self.screened = screened
    self.objective = objective
  }

  public mutating func observe(_ event: Event, in history: History) {}

  /// - Complexity: O(trials).
  public mutating func propose(
    _ number: Int?, in history: History, suggest: (Int) throws -> Assignment?
  ) throws -> Proposal {
    if history.trials.count < screened, let proposal = try begin(number, suggest) {
      return proposal
    }
    // A running first epoch may turn out to be the best.
    let isScreening = history.trials.contains { $0.state == .running && $0.through < epochs }
    if isScreening { return .wait }
    if let best = best(in: history) { return .advance(trial: best, through: epochs) }
    return try begin(number, suggest) ?? .exhausted
  }

  public mutating func verdict(on trial: Int, in history: History) -> Verdict { .goOn }

  private func begin(_ number: Int?, _ suggest: (Int) throws -> Assignment?) throws -> Proposal? {
    guard let number, let assignment = try suggest(number) else { return nil }
    return .start(assignment, through: 1)
  }

  /// The paused trial with the smallest loss after its first epoch; the first of ties.
  private func best(in history: History) -> Int? {
    var best: (trial: Int, loss: Double)?
    for trial in history.trials where trial.state == .paused {
      let loss = trial.reports.first?.values[objective.metric].map(objective.loss) ?? .infinity
      if best == nil || loss < best!.loss { best = (trial.number, loss) }
    }
    return best?.trial
  }
}

extension SchedulerMethod {
  /// See `OneEpochScreening`.
  /// - Parameter screened: nil: half the number of epochs in the budget, 100 without a limit.
  public static func oneEpoch(screened: Int? = nil) -> SchedulerMethod {
    SchedulerMethod(
      ComponentDescription("one-epoch", screened.map { ["screened": .int($0)] } ?? [:])
    ) { specification in
      OneEpochScreening(
        epochs: specification.epochs,
        screened: screened ?? specification.budget.epochs.map { Swift.max($0 / 2, 1) } ?? 100,
        objective: specification.objectives[0])
    }
  }
}

internal import OuterloopStudy

/// The common part of searches that train all trials concurrently, one epoch at a time: the budget, the first
/// epochs before a model decides, the decisions without a model, and the source of new configurations.
struct EpochwiseTraining: Sendable {
  let specification: StudySpecification
  var new: NewConfigurations

  /// The number of first epochs in a study without an epoch budget, and the upper limit.
  private static let standardScreening = 10
  private static let mostScreening = 60
  private static let mostTrials = 1_000_000_000

  /// - Parameter method: the name of the search, for messages.
  /// - Throws: `StudyError` for several objectives.
  init(
    _ specification: StudySpecification, _ new: NewConfigurations, for method: String
  ) throws {
    guard specification.objectives.count == 1 else {
      throw StudyError(
        "\(method) takes one objective, not \(specification.objectives.count)",
        "name one metric, and state bounds on the others")
    }
    (self.specification, self.new) = (specification, new)
  }

  /// The total epochs: those of the budget; with only a trial budget, a third of what it would take to train
  /// all trials to the end.
  private var budget: Int? {
    if let epochs = specification.budget.epochs { return epochs }
    return specification.budget.trials.map {
      max(min($0, Self.mostTrials) * min(specification.epochs, Self.mostTrials) / 3, 1)
    }
  }

  /// How many trials start before the model decides, for a fraction of the budget.
  func screening(_ share: Double) -> Int {
    guard let budget else { return Self.standardScreening }
    return min(max(Int(share * Double(budget)), 1), Self.mostScreening)
  }

  /// The first part of a proposal.
  enum Opening {
    /// The proposal is already decided.
    case made(Proposal)
    /// The model has to choose between a new trial, if a number is given, and the paused trials.
    case open(Int?, resting: [Trial])
  }

  /// - Parameters:
  ///   - number: the number of a new trial, if one may start.
  ///   - screening: how many trials start without the model.
  mutating func opening(
    _ number: Int?, screening: Int, in history: History
  ) throws -> Opening {
    var number = number
    if number != nil, try new.isExhausted() { number = nil }
    if number == nil, specification.budget.epochs == nil, let budget, history.epochs >= budget {
      return .made(ended(history))
    }
    if let number, history.trials.count < screening,
      let found = try new.withoutModel(number, in: history)
    {
      return .made(.start(found, through: 1))
    }
    // A program that ended before the requested epoch will not get further next time.
    let resting = history.trials.filter { trial in
      trial.state == .paused && !trial.isUnderWay && trial.epoch < specification.epochs
        && trial.epoch >= trial.through
    }
    return .open(number, resting: resting)
  }

  /// The decision without a model: a new configuration, or the first paused trial.
  mutating func unguided(
    _ number: Int?, resting: [Trial], in history: History
  ) throws -> Proposal {
    if let number, let found = try new.withoutModel(number, in: history) {
      return .start(found, through: 1)
    }
    if let trial = resting.first { return .advance(trial: trial.number, through: trial.epoch + 1) }
    return ended(history)
  }

  private func ended(_ history: History) -> Proposal {
    history.runningCount + history.claimableCount > 0 ? .wait : .exhausted
  }

  /// One more epoch for the trial, or the first one for the new configuration, with the highest score; the first
  /// of ties. Nil if nothing is possible.
  ///
  /// - Parameter scores: of the trials, then of the new configurations.
  func best(
    _ scores: [Double], of trials: [Trial], _ found: [NewConfigurations.Option]
  ) -> Proposal? {
    let order = scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
    for place in order {
      if place < trials.count {
        return .advance(trial: trials[place].number, through: trials[place].epoch + 1)
      }
      if let assignment = new.assignment(of: found[place - trials.count]) {
        return .start(assignment, through: 1)
      }
    }
    return nil
  }

  /// The epochs that the budget still allows a training: the epochs assigned to running trials count as
  /// spent.
  func epochsLeft(in history: History) -> Int {
    guard let budget else { return specification.epochs }
    let promised = history.trials.reduce(0) { sum, trial in
      trial.isUnderWay ? sum + max(trial.through - max(trial.epoch, 0), 0) : sum
    }
    return min(max(budget - history.epochs - promised, 1), specification.epochs)
  }
}

extension Trial {
  /// Whether it is running, or waiting for a worker.
  var isUnderWay: Bool { state == .running || isClaimable }
}

extension ObservedCurves {
  /// The fraction of trials near which new configurations are searched, and the largest number.
  private static let bestShare = 0.1
  private static let mostBest = 10

  /// The best trials by their reports, best first.
  func best() -> [Candidate] {
    let known = curves.indices.filter { curves[$0].best < .infinity }
    let share = min(
      max(Int((Self.bestShare * Double(known.count)).rounded(.up)), 1), Self.mostBest)
    return known.sorted { (curves[$0].best, $0) < (curves[$1].best, $1) }.prefix(share)
      .map { curves[$0].candidate }
  }
}

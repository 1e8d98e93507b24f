private import OuterloopPlatform
internal import OuterloopStudy

/// A trial's reports so far, by epoch, as losses: non-finite ones are +infinity.
struct ObservedCurve: Sendable {
  let candidate: Candidate
  /// Ascending.
  private(set) var epochs: [Int] = []
  private(set) var losses: [Double] = []
  /// The smallest reported loss.
  private(set) var best = Double.infinity
  /// The log cost of an epoch, if known and relevant.
  private(set) var logCost: Double?

  init(_ candidate: Candidate) { self.candidate = candidate }

  var first: Double? { losses.first }

  /// Updates the curve with the trial's current state.
  ///
  /// A trial that failed because of its configuration counts as worst where it ended and at its last epoch. An
  /// epoch that violates a constraint counts as worst too.
  ///
  /// - Returns: whether all earlier epochs are unchanged, with new ones only appended.
  mutating func update(_ trial: Trial, in specification: StudySpecification) -> Bool {
    let objective = specification.objectives[0]
    let (oldEpochs, oldCount) = (epochs, epochs.count)
    epochs.removeAll(keepingCapacity: true)
    losses.removeAll(keepingCapacity: true)
    best = .infinity
    logCost = specification.cost?.ofEpoch(of: trial).map { log($0) }
    for report in trial.reports where report.epoch >= 1 && report.epoch <= specification.epochs {
      guard let value = report.values[objective.metric] else { continue }
      let loss = objective.loss(value)
      let counts = loss.isFinite && specification.violation(of: report.values) == 0
      add(report.epoch, counts ? loss : .infinity)
    }
    if trial.state.reason?.isCausedByConfiguration == true {
      let reached = epochs.last ?? 0
      if reached < specification.epochs { add(reached + 1, .infinity) }
      if reached + 1 < specification.epochs { add(specification.epochs, .infinity) }
    }
    return epochs.count >= oldCount && epochs[..<oldCount].elementsEqual(oldEpochs)
  }

  private mutating func add(_ epoch: Int, _ loss: Double) {
    epochs.append(epoch)
    losses.append(loss)
    best = min(best, loss)
  }

  func loss(at epoch: Int) -> Double {
    // The last few are needed most often.
    epochs.lastIndex(of: epoch).map { losses[$0] } ?? .infinity
  }
}

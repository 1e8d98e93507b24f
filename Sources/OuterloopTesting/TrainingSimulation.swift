public import OuterloopStudy

/// A simulation of trials that are trained epoch by epoch, by several workers in turn: each trains one epoch of
/// its trial, reports it and gets the scheduler's decision.
public struct TrainingSimulation: Sendable {
  /// What a trial reports after an epoch.
  public enum Report: Sendable {
    /// A value for each objective.
    case values([Double])
    /// Nothing: the program does not report this epoch.
    case silence
    /// The trial fails.
    case failure(FailureReason)
  }

  /// The study.
  public private(set) var study: SearchSimulation
  /// How many trials run at once.
  public let workers: Int
  /// The first epoch of which programs write a checkpoint, from which they can resume; nil: they
  /// write none.
  public var firstCheckpoint: Int? = 1
  /// Violations of the rules that every scheduler must keep.
  public private(set) var wrong: [String] = []
  private var running: [(trial: Int, epoch: Int)?]
  private let epochs: Int

  /// A study that nothing has happened in.
  ///
  /// - Throws: `StudyError` for a method that does not fit the study, and what the method throws.
  public init(
    _ specification: StudySpecification, _ method: SearchMethod, workers: Int = 1
  ) throws {
    guard 1...10_000 ~= workers else {
      throw StudyError("\(workers) workers cannot train", "say 1 to 10,000")
    }
    study = try SearchSimulation(specification, method)
    epochs = specification.epochs
    self.workers = workers
    running = Array(repeating: nil, count: workers)
  }

  /// Trains until the study has `trials` trials and nothing is left to do.
  /// - Parameter report: what a trial reports after an epoch.
  /// - Throws: `StudyError` for a method that does not fit the study, and what the method throws.
  public mutating func run(trials: Int, _ report: (Trial, Int) -> Report) throws {
    var idle = 0
    var turn = 0
    while idle < workers {
      let worker = turn % workers
      turn += 1
      if running[worker] == nil { running[worker] = try begin(trials) }
      guard let work = running[worker] else {
        idle += 1
        continue
      }
      idle = 0
      running[worker] = try train(work.trial, work.epoch + 1, report)
    }
  }

  private mutating func begin(_ trials: Int) throws -> (trial: Int, epoch: Int)? {
    while true {
      let number = study.trials.count
      let given = number < trials ? number : nil
      let proposal = try study.propose(given)
      if try study.propose(given) != proposal {
        wrong.append("asking twice after event \(study.events.count) gives two answers")
      }
      switch proposal {
      case .start(_, let through):
        check(through, beyond: 0, of: number)
        if given == nil { wrong.append("trial \(number) begins beyond the budget") }
      case .advance(let trial, let through):
        check(through, beyond: study.trials[trial].through, of: trial)
      case .prune: break
      case .wait where running.allSatisfy({ $0 == nil }):
        wrong.append("it waits where nothing runs")
        return nil
      case .wait, .exhausted, .stop: return nil
      }
      guard let trial = try study.begin(proposal) else { continue }
      return (trial.number, trial.checkpoint)
    }
  }

  private mutating func check(_ through: Int, beyond before: Int, of trial: Int) {
    guard through <= before || through > epochs else { return }
    wrong.append("trial \(trial) is to go from epoch \(before) through \(through) of \(epochs)")
  }

  private mutating func train(
    _ number: Int, _ epoch: Int, _ report: (Trial, Int) -> Report
  ) throws -> (trial: Int, epoch: Int)? {
    let trial = study.trials[number]
    switch report(trial, epoch) {
    case .failure(let reason):
      try study.take(
        .finished(attempt: trial.attempt, .failed(reason, message: nil)), of: number)
      return nil
    case .silence: break
    case .values(let values):
      let metrics = study.specification.objectives.map(\.metric)
      let named = Dictionary(zip(metrics, values), uniquingKeysWith: { first, _ in first })
      try study.take(
        .reported(attempt: trial.attempt, OuterloopStudy.Report(epoch: epoch, named)), of: number)
      if let firstCheckpoint, epoch >= firstCheckpoint {
        try study.take(.checkpointed(attempt: trial.attempt, epoch: epoch), of: number)
      }
    }
    let verdict = epoch < epochs ? try study.verdict(on: number) : .goOn
    if verdict == .goOn, epoch < trial.through { return (number, epoch) }
    let last = study.trials[number].lastReport
    try study.take(
      trial.end(of: trial.attempt, with: last, in: study.specification, after: verdict), of: number)
    return nil
  }
}

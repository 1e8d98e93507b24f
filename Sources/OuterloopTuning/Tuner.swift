public import OuterloopSearch
public import OuterloopStudy

/// Tunes a training that can be paused and resumed: a study whose trials each have a folder for their
/// checkpoints, and whose results are written into a folder.
///
///     var space = SearchSpace()
///     let x = try space.float("x", -5...10)
///     let tuner = Tuner(
///       space, .minimize("loss"), epochs: 27, totalEpochs: 1000, output: "results"
///     ) { trial, checkpoint in
///       (trial.from + 1...trial.through).map { epoch in
///         Report(epoch: epoch, ["loss": (trial[x] - 2) * (trial[x] - 2)])
///       }
///     }
///     let incumbent = try await tuner.run()
///
/// The objective trains the configuration of `trial` from epoch `trial.from`, which is done, through epoch
/// `trial.through`, and returns what it measured after some or all of these epochs, at least after the last. It may
/// report them on the way instead (`trial.report`, which returns whether to continue), and return none. When it
/// returns, what it needs to continue after the last of these epochs is in the folder `checkpoint`, which exists
/// and belongs to its trial: the next call with this trial begins after that epoch. Epochs whose reports have no
/// seconds share the time of the call. An error that it throws fails the trial, and the study goes on.
///
/// A study in memory ends with the process. With a store on disk, running the same tuner again continues the
/// study; `totalEpochs` and `trials` are totals of the study.
public struct Tuner: Sendable {
  /// Trains a trial, with its folder for checkpoints.
  public typealias Training =
    @Sendable (_ trial: RunningTrial, _ checkpoint: String) async throws -> [Report]

  /// What is searched.
  public var space: SearchSpace
  /// What is made small or large.
  public var objective: Objective
  /// How to search and how far trials are trained.
  public var method: SearchMethod
  /// Epochs of a full training.
  public var epochs: Int
  /// The budget of epochs over all trials; nil: as many as `trials` need.
  public var totalEpochs: Int?
  /// Configurations that are tried; nil: as many as `totalEpochs` allow.
  public var trials: Int?
  /// How many trials are trained at the same time.
  public var parallel: Int
  /// The study's name.
  public var name: String
  /// The seed of all random choices.
  public var seed: UInt64
  /// Where the study is kept.
  public var store: any StudyStore
  /// The folder of the results: see `ResultsFolder`. In it, `trials/7` is the folder for the checkpoints of trial 7.
  public var output: String
  private let training: Training

  /// A tuner; further settings are properties.
  public init(
    _ space: SearchSpace, _ objective: Objective, by method: SearchMethod = .automaticTraining(),
    epochs: Int, totalEpochs: Int? = nil, trials: Int? = nil, parallel: Int = 1,
    name: String = "study", seed: UInt64 = 0, in store: any StudyStore = MemoryStore(),
    output: String, training: @escaping Training
  ) {
    self.space = space
    self.objective = objective
    self.method = method
    self.epochs = epochs
    self.totalEpochs = totalEpochs
    self.trials = trials
    self.parallel = parallel
    self.name = name
    self.seed = seed
    self.store = store
    self.output = output
    self.training = training
  }

  /// Runs the study until its budget is spent, and writes the results.
  ///
  /// - Returns: the incumbent, the best trial by its last report, trained to the end or not; nil if none has a
  ///   result.
  /// - Throws: `StudyError` for what cannot be run, `SpaceError`, and `FileError` for a folder that cannot be
  ///   written or holds anything else. Existing results are written anyway.
  @discardableResult
  public func run() async throws -> Trial? {
    let study = try await Study(
      space, objective, by: method, name: name, seed: seed, epochs: epochs, in: store)
    let results = try ResultsFolder(output, of: study.specification)
    try results.claim()
    do {
      try await study.run(
        trials: trials, totalEpochs: totalEpochs, parallel: parallel, keepsCheckpoints: true
      ) { trial -> [String: Double] in
        let folder = try results.makeCheckpointFolder(ofTrial: trial.number)
        let start = SuspendingClock.now
        let reports = try await training(trial, folder)
        let seconds = start.duration(to: .now) / .seconds(1)
        try Self.check(reports, of: trial)
        let share = reports.last.map { seconds / Double($0.epoch - trial.from) }
        for report in reports {
          let goesOn = try await trial.report(
            epoch: report.epoch, report.values, seconds: report.seconds ?? share)
          if !goesOn { break }
        }
        // The last report is the result.
        return [:]
      }
    } catch {
      _ = try? await write(study, results)
      throw error
    }
    return try await write(study, results)
  }

  private func write(_ study: Study, _ results: ResultsFolder) async throws -> Trial? {
    let log = try await study.store.trainingLog(of: study.id)
    try results.write(log) { results.checkpointFolder(ofTrial: $0.number) }
    return log.specification.incumbent(of: log.history.trials)
  }

  /// - Throws: `TrialFailure` for epochs that were not requested, or are out of order.
  private static func check(_ reports: [Report], of trial: RunningTrial) throws {
    var last = trial.from
    for report in reports {
      guard report.epoch > last, report.epoch <= trial.through else {
        throw TrialFailure(
          .invalid,
          "it returned epoch \(report.epoch) where it was to train epochs \(trial.from + 1) to "
            + "\(trial.through), each once and in their order")
      }
      last = report.epoch
    }
  }
}

public import OuterloopLearning

/// The environment of a running experiment: progress reports, interruption, where its runs are stored and
/// its data come from.
public struct ExperimentContext: Sendable {
  /// Called when `done` of `total` parts are done.
  public let onProgress: @Sendable (_ done: Int, _ total: Int, _ detail: String) -> Void
  public let shouldStop: @Sendable () -> Bool
  /// Reads a data set by its path or name.
  let load: @Sendable (String) throws -> DataParts
  /// Where finished runs are stored, if anywhere.
  let folder: ExperimentFolder?

  public init(
    folder: ExperimentFolder? = nil,
    load: @escaping @Sendable (String) throws -> DataParts = { try LabeledData.load($0) },
    onProgress: @escaping @Sendable (Int, Int, String) -> Void = { _, _, _ in },
    shouldStop: @escaping @Sendable () -> Bool = { false }
  ) {
    self.folder = folder
    self.load = load
    self.onProgress = onProgress
    self.shouldStop = shouldStop
  }

  /// Thrown by an experiment that was asked to stop.
  public struct Stopped: Error {}

  /// - Throws: `Stopped` when the experiment should stop.
  func report(_ done: Int, of total: Int, _ detail: String) throws {
    try continueOrStop()
    onProgress(done, total, detail)
  }

  func continueOrStop() throws {
    if shouldStop() { throw Stopped() }
  }

  /// One of an experiment's runs: the stored one, or a new one. Everything that takes or measures time
  /// belongs in runs, so that the report derived from them is reproducible.
  func run<Value: Codable>(
    _ name: String, key: String, make: () throws -> Value
  ) throws -> Value {
    guard let folder else { return try make() }
    return try folder.run(name, key: key, make: make)
  }
}

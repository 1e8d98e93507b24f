internal import OuterloopFoundation
internal import OuterloopLearning

/// A cleaning run in a folder: it can be killed at any moment and resumes from there.
///
/// While it runs, the folder holds `checkpoint`. When it is done: `suspicious.csv`, `losses.svg`,
/// `weights.svg`, `suspicious.svg` if the examples are images, and last of all `result.json`; the
/// checkpoint is removed. A job with the settings and data of a finished run reports that run.
public struct CleaningJob: Sendable {
  public let run: CleaningRun
  /// The path of the folder, created when the job runs.
  public let folder: String

  public init(_ run: CleaningRun, folder: String) {
    self.run = run
    self.folder = folder
  }

  /// The events of a job, in order.
  public enum Event: Sendable {
    /// The run starts, or resumes after `updates` updates.
    case began(updates: Int)
    /// An update was made; `loss` is the validation loss before it.
    case updated(updates: Int, loss: Double)
    /// The model of this name is about to be trained: `baseline`, `oracle` or `cleaned`.
    case finalTraining(String)
  }

  /// How the job ended.
  public enum Outcome: Sendable {
    case finished(CleaningReport)
    /// The folder held the finished run already.
    case foundFinished(CleaningReport)
    /// It was asked to stop; the checkpoint is kept.
    case stopped(updates: Int)
  }

  /// Names of the files in the folder.
  public enum FileName {
    public static let result = "result.json"
    public static let suspects = "suspicious.csv"
    public static let losses = "losses.svg"
    public static let weights = "weights.svg"
    public static let images = "suspicious.svg"
    static let checkpoint = "checkpoint"
    static let all = [result, checkpoint, suspects, losses, weights, images]
  }

  private struct Stop: Error {}

  /// Runs to the end, or until `shouldStop` returns true between updates.
  ///
  /// - Parameter restart: discard earlier runs in the folder.
  /// - Throws: `LabError` if the folder cannot be used or holds another run, or if training
  ///   diverges. The last checkpoint is kept.
  public func perform(
    restart: Bool = false, shouldStop: () -> Bool = { false },
    onEvent: (Event) -> Void = { _ in }
  ) throws -> Outcome {
    let place = try RunFolder(folder)
    try place.require(free: FileName.all)
    let fingerprint = run.data.fingerprint
    if restart { try place.remove(FileName.all) }
    if let report = try finished(in: place, fingerprint) { return .foundFinished(report) }
    var state = try checkpointed(in: place, fingerprint) ?? run.start()
    onEvent(.began(updates: state.updates))

    func save() throws {
      let checkpoint = CleaningCheckpoint(
        settings: run.settings, fingerprint: fingerprint, state: state)
      try place.write(checkpoint.encoded(), to: FileName.checkpoint)
    }
    var saved = state.updates
    var lastSave = ContinuousClock.now
    while !run.isDone(state) {
      if shouldStop() {
        if saved < state.updates || saved == 0 { try save() }
        return .stopped(updates: state.updates)
      }
      do {
        state = try run.update(state).state
      } catch {
        if saved < state.updates { try save() }
        throw error
      }
      // Quick updates are saved once a second, so that a kill loses at most that.
      if lastSave.duration(to: .now) >= .seconds(1) || run.isDone(state) {
        try save()
        saved = state.updates
        lastSave = .now
      }
      if let loss = state.losses.last { onEvent(.updated(updates: state.updates, loss: loss)) }
    }
    do {
      let report = try run.finish(state, files: files) { name in
        if shouldStop() { throw Stop() }
        onEvent(.finalTraining(name))
      }
      try store(report, in: place)
      return .finished(report)
    } catch is Stop {
      return .stopped(updates: state.updates)
    }
  }

  private var files: CleaningReport.Files {
    func path(_ name: String) -> String { "\(folder)/\(name)" }
    return CleaningReport.Files(
      suspicious: path(FileName.suspects), losses: path(FileName.losses),
      weights: path(FileName.weights),
      images: run.data.isPictures ? path(FileName.images) : nil, result: path(FileName.result))
  }

  private func store(_ report: CleaningReport, in place: RunFolder) throws {
    let figures = CleaningFigures(data: run.data, report: report)
    try place.write(report.suspectsTable, to: FileName.suspects)
    try place.write(figures.losses, to: FileName.losses)
    try place.write(figures.weights, to: FileName.weights)
    if let images = figures.suspects { try place.write(images, to: FileName.images) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    try place.write(Array(encoder.encode(report)) + [0x0A], to: FileName.result)
    try place.remove([FileName.checkpoint])
  }

  private func finished(
    in place: RunFolder, _ fingerprint: String
  ) throws -> CleaningReport? {
    guard let bytes = try place.read(FileName.result) else { return nil }
    let file = place.joined(FileName.result)
    guard var report = try? JSONDecoder().decode(CleaningReport.self, from: Data(bytes)) else {
      throw LabError(
        .damaged, "\(file): this is not the result of a published run of this version",
        remedy: "start again with --restart, or choose another --out")
    }
    try requireSame(report.settings, report.dataFingerprint, fingerprint, file, "a finished run")
    report.files = files
    return report
  }

  private func checkpointed(
    in place: RunFolder, _ fingerprint: String
  ) throws -> CleaningRun.State? {
    guard let bytes = try place.read(FileName.checkpoint) else { return nil }
    let file = place.joined(FileName.checkpoint)
    let checkpoint = try CleaningCheckpoint(bytes, file: file)
    try requireSame(
      checkpoint.settings, checkpoint.fingerprint, fingerprint, file, "an unfinished run")
    let counts = [checkpoint.state.weights.count, run.data.train.count]
    guard counts[0] == counts[1], checkpoint.state.updates <= run.settings.hyperSteps else {
      throw LabError(
        .damaged, "\(file): the checkpoint does not fit its own settings",
        remedy: "start again with --restart, or choose another --out")
    }
    return checkpoint.state
  }

  private func requireSame(
    _ settings: CleaningSettings, _ old: String, _ new: String, _ file: String, _ what: String
  ) throws(LabError) {
    let remedy = "start again with --restart, or choose another --out"
    let differences = settings.differences(from: run.settings)
    guard differences.isEmpty else {
      throw LabError(
        .otherRun, "\(file): \(what) with other settings: \(differences.joined(separator: ", "))",
        remedy: "use its settings, \(remedy)")
    }
    guard old == new else {
      throw LabError(.otherRun, "\(file): \(what) on other data", remedy: remedy)
    }
  }
}

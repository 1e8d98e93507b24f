internal import OuterloopBilevel
internal import OuterloopFoundation
internal import OuterloopLearning
internal import OuterloopNumerics

/// A search for wrong labels with its results in a folder: `rows.csv` with every row, `suspicious.csv`,
/// pictures, and last of all `result.json`. A job with the settings and data of a finished one returns
/// its report.
public struct LabelErrorJob: Sendable {
  public let data: LabelErrorData
  public let settings: LabelErrorSettings
  public let folder: String

  public init(_ data: LabelErrorData, settings: LabelErrorSettings, folder: String) throws {
    try settings.validate()
    _ = try BLAS.load()
    self.data = data
    self.settings = settings
    self.folder = folder
  }

  /// How the job ended.
  public enum Outcome: Sendable {
    case finished(LabelErrorReport)
    /// The folder held the finished run already.
    case foundFinished(LabelErrorReport)
    case stopped
  }

  /// Names of the files in the folder.
  enum FileName {
    static let result = "result.json"
    static let suspicious = "suspicious.csv"
    static let rows = "rows.csv"
    static let probabilities = "probabilities.svg"
    static let transition = "transition.svg"
    static let images = "suspicious.svg"
  }

  /// The files of both methods: a restarted run replaces either.
  private static let allFiles =
    CleaningJob.FileName.all + [FileName.rows, FileName.probabilities, FileName.transition]

  /// - Parameters:
  ///   - restart: discard earlier runs in the folder.
  ///   - progress: how many fits are done.
  /// - Throws: `LabError` if the folder cannot be used or holds another run.
  public func perform(
    restart: Bool = false, shouldStop: @escaping () -> Bool = { false },
    progress: @escaping (Int) -> Void = { _ in }
  ) throws -> Outcome {
    let place = try RunFolder(folder)
    try place.require(free: Self.allFiles)
    if restart { try place.remove(Self.allFiles) }
    if let report = try finished(in: place) { return .foundFinished(report) }
    let start = ContinuousClock.now
    let (everything, trusted) = try data.everything
    let found: LabelErrors
    var fits = 0
    do {
      found = try settings.finder.find(
        in: everything, trusted: trusted,
        isStopped: {
          progress(fits)
          fits += 1
          return shouldStop()
        })
    } catch is CancellationError {
      return .stopped
    }
    let isPictures = data.rows.shape.count == 2 && data.rows.shape.allSatisfy { $0 > 1 }
    let report = LabelErrorReport(
      found, data, settings, seconds: start.duration(to: .now) / .seconds(1),
      files: files(hasImages: isPictures))
    let figures = LabelErrorFigures(
      data: data, report: report, probabilities: found.probabilities)
    try place.write(LabelErrorTables.all(found, data), to: FileName.rows)
    try place.write(LabelErrorTables.suspicious(report), to: FileName.suspicious)
    try place.write(figures.histogram, to: FileName.probabilities)
    try place.write(figures.transition, to: FileName.transition)
    if let images = figures.suspects { try place.write(images, to: FileName.images) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    try place.write(Array(encoder.encode(report)) + [0x0A], to: FileName.result)
    return .finished(report)
  }

  private func files(hasImages: Bool) -> LabelErrorReport.Files {
    func path(_ name: String) -> String { "\(folder)/\(name)" }
    return LabelErrorReport.Files(
      suspicious: path(FileName.suspicious), rows: path(FileName.rows),
      probabilities: path(FileName.probabilities), transition: path(FileName.transition),
      images: hasImages ? path(FileName.images) : nil, result: path(FileName.result))
  }

  private func finished(in place: RunFolder) throws -> LabelErrorReport? {
    let remedy = "start again with --restart, or choose another --out"
    if try place.read(CleaningJob.FileName.checkpoint) != nil {
      throw LabError(
        .otherRun, "\(folder): an unfinished run of --method published",
        remedy: "continue it by --method published, \(remedy)")
    }
    guard let bytes = try place.read(FileName.result) else { return nil }
    let file = place.joined(FileName.result)
    guard var report = try? JSONDecoder().decode(LabelErrorReport.self, from: Data(bytes)) else {
      throw LabError(
        .otherRun, "\(file): the result of another command, method or version", remedy: remedy)
    }
    let differences = report.settings.differences(from: settings)
    guard differences.isEmpty else {
      throw LabError(
        .otherRun,
        "\(file): a finished run with other settings: \(differences.joined(separator: ", "))",
        remedy: "use its settings, \(remedy)")
    }
    guard report.dataFingerprint == data.fingerprint else {
      throw LabError(.otherRun, "\(file): a finished run on other data", remedy: remedy)
    }
    report.files = files(hasImages: report.files.images != nil)
    return report
  }
}

internal import OuterloopCharts
internal import OuterloopFiles
public import OuterloopStudy
internal import OuterloopText

/// The results of a study, as files:
///
///     study.json        the study, its trials by state, what it has spent
///     best.json         the incumbent: values, parameters, checkpoint; `front.json` of several objectives
///     checkpoints/      a copy of the incumbent's checkpoint, `trial-7-epoch-27`; of a front one for each trial
///     trajectory.csv    the best value so far, over epochs and seconds
///     log.csv           every epoch of every trial, in the order in which they were trained
///     plots/            all pictures that apply
///
/// The folder may be filled again as the study continues: see `OutputFolder` for what it never
/// touches. `Documentation/training-by-epochs.md` describes the files.
public struct ResultsFolder: Sendable {
  private let folder: OutputFolder

  /// As an absolute path.
  public var path: String { folder.path }

  /// What was written, and what was left out.
  public struct Contents: Sendable, Hashable {
    /// The files in the folder, without those of checkpoints.
    public var files: [String]
    /// The checkpoints, by the trials they are of.
    public var checkpoints: [Int: String]
    /// What is left out and why, one sentence each.
    public var notes: [String]
  }

  /// Checks what exists; nothing is written yet.
  ///
  /// - Throws: `FileError` if the path is not a folder, or holds anything but results of this
  ///   study.
  public init(_ path: String, of specification: StudySpecification) throws {
    folder = try OutputFolder(
      path, of: "study `\(specification.name)` with seed \(specification.seed)")
  }

  /// Makes the folder, so that it is known to be writable before anything is trained.
  /// - Throws: `FileError`.
  public func claim() throws { try folder.claim() }

  /// The folder in which a trial of a `Tuner` keeps its checkpoints.
  func checkpointFolder(ofTrial number: Int) -> String { "\(path)/trials/\(number)" }

  /// Makes it.
  /// - Throws: `StudyError`, since no trial can be trained without it.
  func makeCheckpointFolder(ofTrial number: Int) throws -> String {
    do { return try folder.makeFolder("trials/\(number)") } catch {
      throw StudyError(error.statement, error.remedy)
    }
  }

  /// Writes the results so far.
  ///
  /// - Parameter checkpoint: the file or folder that is the checkpoint of a trial; nil if it has none.
  /// - Throws: `FileError`; files that are not the study's are unchanged.
  /// - Complexity: O(reports), and the pictures'.
  @discardableResult
  public func write(
    _ log: TrainingLog, checkpoint: (Trial) -> String? = { _ in nil }
  ) throws -> Contents {
    var results = StudyResults(log)
    var copies: [OutputFolder.Copy] = []
    var contents = Contents(files: [], checkpoints: [:], notes: [])
    for trial in results.best where trial.checkpoint > 0 {
      guard let source = checkpoint(trial) else { continue }
      guard trial.state != .running else {
        contents.notes.append(
          "trial \(trial.number) is being trained, so its checkpoint is not copied")
        continue
      }
      let place = "checkpoints/trial-\(trial.number)-epoch-\(trial.checkpoint)"
      copies.append(OutputFolder.Copy(place, of: source))
      contents.checkpoints[trial.number] = place
    }
    results.checkpoints = contents.checkpoints
    let pictures = pictures(StudyFigures(log), &contents.notes)
    let files = results.files + pictures
    contents.files = files.map(\.path)
    try folder.fill(files, copies: copies)
    return contents
  }

  private func pictures(
    _ figures: StudyFigures, _ notes: inout [String]
  ) -> [OutputFolder.File] {
    guard !figures.trials.isEmpty else { return [] }
    var files: [OutputFolder.File] = []
    for plot in StudyPlot.all where figures.applies(plot) {
      do {
        for picture in try figures.pictures(plot) {
          files.append(OutputFolder.File("plots/\(picture.fileName)", picture.svg + "\n"))
        }
      } catch { notes.append("the picture \(plot.name) is left out: \(error.what)") }
    }
    return files
  }
}

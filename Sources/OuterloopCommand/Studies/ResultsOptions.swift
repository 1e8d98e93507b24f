internal import ArgumentParser
internal import OuterloopRunner
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText
internal import OuterloopTuning

/// Where the results of a study are written after a run.
struct ResultsOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A folder for what was found: best configuration and checkpoint, trajectory, log, pictures. "
        + "Default: none, or as before.", valueName: "folder"))
  var output: String?

  func validate() throws {
    if output?.isEmpty ?? false { throw ValidationError("--output is empty") }
  }

  /// The folder named here; nothing is written yet.
  func folder(for specification: StudySpecification) throws -> ResultsFolder? {
    try output.map { try ResultsFolder($0, of: specification) }
  }
}

extension StudySpecification {
  static let resultsAttribute = "results"

  /// The folder of its results, from the store; nil: it has none.
  var resultsPath: String? {
    get { attributes[Self.resultsAttribute] }
    set { attributes[Self.resultsAttribute] = newValue }
  }
}

extension StudyChoice.Found {
  /// The folder that the study's results go to; nothing is written yet.
  func results() throws -> ResultsFolder? {
    try specification.resultsPath.map { try ResultsFolder($0, of: specification) }
  }

  /// Writes the results so far, and prints what is left out.
  func write(_ folder: ResultsFolder) async throws -> ResultsFolder.Contents {
    let log = try await store.trainingLog(of: id)
    var notes: [String] = []
    let contents = try folder.write(log) { trial in
      let (place, note) = checkpoint(of: trial)
      if let note { notes.append(note) }
      return place
    }
    for note in notes + contents.notes { Terminal.say("note: \(note.visible)") }
    return contents
  }

  /// What a trial continues from: the folder of its checkpoints, or the checkpoint announced elsewhere;
  /// otherwise why there is none.
  /// - Parameter folder: that folder, if it is not the one in the store's.
  func checkpoint(of trial: Trial, in folder: String? = nil) -> (place: String?, note: String?) {
    guard let saved = folders.savedCheckpoint(of: trial) else { return (nil, nil) }
    let own = folder ?? folders.checkpoint(ofTrial: trial.number)
    switch saved.state {
    case .whole(let path): return (path == own || path.hasPrefix(own + "/") ? own : path, nil)
    case .damaged, .gone:
      let how = saved.state == .gone ? "gone" : "damaged"
      return (
        nil,
        "the checkpoint of trial \(trial.number) at epoch \(saved.epoch) is \(how), so it is not copied"
      )
    }
  }
}

internal import ArgumentParser
internal import OuterloopRunner
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopTuning

/// How an existing study continues: new settings of the budget, the program and how it is run.
struct StudyStart: ParsableArguments {
  @OptionGroup(title: "Budget")
  var budget: AdditionalBudget

  @OptionGroup(title: "Program")
  var options: RunOptions

  @OptionGroup(title: "Output")
  var results: ResultsOptions

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp("The program, after --, to replace the previous one.", valueName: "command")
  )
  var command: [String] = []

  /// Stores the new settings, and runs the study with the program from `program(of:)`.
  func resume(
    _ study: StudyChoice.Found, with stored: StoredProgram, _ conversation: VerbosityOptions,
    retried: [Int]? = nil
  ) async throws {
    var found = study
    let text = try stored.text()
    let folder = try results.folder(for: study.specification) ?? study.results()
    try folder?.claim()
    let count = try await found.store.summary(of: found.id).trials
    found.specification.settings = try await found.store.update(found.id) { [budget] in
      $0.budget = budget.changing($0.budget, after: count)
      $0.attributes[StoredProgram.attribute] = text
      if let folder { $0.attributes[StudySpecification.resultsAttribute] = folder.path }
    }
    try await found.reopen(forMore: budget.isGiven)
    var progress = Progress(conversation)
    progress.say(try await Tune.opening(found, stored))
    try await StudyRun(
      found: found, stored: stored, conversation: conversation,
      again: "outerloop resume\(found.naming)", asked: budget.totals.trials,
      retried: retried, results: folder
    ).perform()
  }

  /// The program to run: the study's own, or the one given here.
  func program(of found: StudyChoice.Found) throws -> StoredProgram {
    _ = try results.folder(for: found.specification) ?? found.results()
    let space = found.specification.space
    guard !command.isEmpty else {
      let stored = try found.program().changed(by: options)
      do { try stored.program.checkExecutable(for: space) } catch let error as StudyError {
        let again = "if it has moved: outerloop resume\(found.naming) -- COMMAND"
        throw CommandError(error.what, hint: "\(error.remedy); \(again)")
      }
      return stored
    }
    var stored = try StoredProgram.of(found.specification) ?? StoredProgram(Program([]))
    stored.program = stored.program.with(words: command, directory: Tune.here)
    let template = try CommandError.usage { try CommandTemplate(stored.program, for: space) }
    for warning in template.warnings { Terminal.say("warning: \(warning)") }
    try stored.program.checkExecutable(for: space)
    return try stored.changed(by: options)
  }
}

extension StudyChoice.Found {
  /// Reopens the study if it is paused, or if it was ended and more trials are requested.
  func reopen(forMore isMore: Bool) async throws {
    let history = try await store.history(of: id)
    if history.isSuspended { try await store.note(.resumed, in: id) }
    if isMore, history.stopReason != nil { try await store.note(.reopened, in: id) }
  }
}

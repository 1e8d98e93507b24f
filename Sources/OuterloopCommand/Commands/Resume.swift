internal import ArgumentParser
internal import OuterloopRunner
internal import OuterloopStore
internal import OuterloopStudy

/// `outerloop resume`: a study goes on.
struct Resume: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Go on with a study that was stopped, or give it a larger budget.",
    discussion: """
      The store knows the command. Budgets are totals: after 20 trials, `--trials 50` runs 30 more. \
      What is not given stays as it was. JSON keys: those of `outerloop tune`.
      """)

  @OptionGroup(title: "Study")
  var choice: StudyChoice

  @OptionGroup(title: "Budget")
  var budget: BudgetOptions

  @OptionGroup(title: "Program")
  var options: RunOptions

  @OptionGroup(title: "Output")
  var conversation: ConversationOptions

  func run() async throws {
    var found = try await choice.find()
    let stored = try found.program().changed(by: options)
    try stored.program.checkExecutable()
    let text = try stored.text()
    found.specification.settings = try await found.store.update(found.id) { [budget] in
      $0.budget = budget.changing($0.budget)
      $0.attributes[StoredProgram.attribute] = text
    }
    var progress = Progress(conversation)
    progress.say(Tune.opening(found, stored))
    try await StudyRun(
      found: found, stored: stored, conversation: conversation,
      again: "outerloop resume\(found.place.naming(found.name))"
    ).perform()
  }
}

/// `outerloop worker`: helps with a study that is under way.
struct WorkerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker", abstract: "Run trials of a study beside the process that began it.",
    discussion: """
      Any number of workers may run at the same time on one store, on one machine; each runs one \
      trial at a time unless --parallel says more. A worker ends when the study has nothing left to \
      do. JSON keys: those of `outerloop tune`.
      """)

  @OptionGroup(title: "Study")
  var choice: StudyChoice

  @OptionGroup(title: "Program")
  var options: RunOptions

  @OptionGroup(title: "Output")
  var conversation: ConversationOptions

  func run() async throws {
    let found = try await choice.find()
    var stored = try found.program()
    stored.parallel = 1
    stored = stored.changed(by: options)
    try stored.program.checkExecutable()
    var progress = Progress(conversation)
    progress.say(Tune.opening(found, stored))
    try await StudyRun(
      found: found, stored: stored, conversation: conversation,
      again: "outerloop worker\(found.place.naming(found.name))"
    ).perform()
  }
}

extension StudyChoice.Found {
  /// The program of the study.
  func program() throws -> StoredProgram {
    guard let stored = try StoredProgram.of(specification) else {
      throw Complaint(
        "study `\(name)` has no program: it was begun with ask",
        hint: "go on with outerloop ask\(place.naming(name))")
    }
    return stored
  }
}

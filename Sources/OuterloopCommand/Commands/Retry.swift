internal import ArgumentParser
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText

/// `outerloop retry`: reruns failed trials.
struct Retry: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run failed trials again, and resume the study.",
    discussion: """
      Each gets another attempt, from its last checkpoint if it has one; its number, configuration \
      and seed stay, and the search forgets the failure. They have counted towards --trials \
      already, and run even if it is spent; then the study is resumed as by `outerloop resume`. \
      If other processes run the study now, they run them.

      outerloop retry --failed --reason timeout --trial-timeout 1h
      outerloop retry --trial 3 --trial 7 --no-run

      JSON keys: those of `outerloop tune`, and retried (numbers).
      """)

  @OptionGroup(title: "Study")
  var choice: StudyChoice

  @Flag(help: "All failed trials.")
  var failed = false

  @Option(
    help: ArgumentHelp(
      "Failed trials whose reason is error, timeout, memory, lost, cancelled or invalid. Repeat for "
        + "more.", valueName: "reason"))
  var reason: [String] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("A failed trial, by its number. Repeat for more.", valueName: "n"))
  var trial: [Int] = []

  @Flag(help: "Only queue them, for the next process of the study.")
  var noRun = false

  @OptionGroup var start: StudyStart

  @OptionGroup(title: "Output")
  var conversation: VerbosityOptions

  func validate() throws {
    guard failed || !reason.isEmpty || !trial.isEmpty else {
      throw ValidationError("name the trials to run again: --failed, --reason or --trial")
    }
    if noRun, start.results.output != nil {
      throw ValidationError("--output is for a run, and --no-run makes none: give one of them")
    }
    let names = FailureReason.allCases.map(\.rawValue)
    for name in reason where !names.contains(name) {
      throw ValidationError(
        "there is no reason '\(name)'; reasons are \(names.joined(separator: ", "))")
    }
  }

  func run() async throws {
    let found = try await choice.find()
    // A program that cannot be run leaves the study unchanged.
    let isRun =
      try !noRun && (StoredProgram.of(found.specification) != nil || !start.command.isEmpty)
    let stored = isRun ? try start.program(of: found) : nil
    let numbers = try await numbers(found)
    for number in numbers {
      guard try await found.store.append([.retried], to: number, of: found.id) == .accepted else {
        throw CommandError("trial \(number) has changed meanwhile", hint: "try again")
      }
    }
    var progress = Progress(conversation)
    progress.say(Self.sentence(numbers))
    let runners = try await found.runners()
    guard let stored, !runners.isAtWork else {
      progress.say(try await found.next(runners))
      if conversation.json {
        try Terminal.print(
          JSONText.of(
            StudyRecord(
              try await StudyResult(found), store: found.place.name, retried: numbers)))
      }
      return
    }
    try await start.resume(found, with: stored, conversation, retried: numbers)
  }

  /// The chosen failed trials.
  private func numbers(_ found: StudyChoice.Found) async throws -> [Int] {
    let trials = try await found.trials(TrialQuery(reports: false))
    for number in trial {
      guard trials.indices.contains(number) else {
        throw CommandError(
          "study `\(found.name)` has no trial \(number)", hint: found.trialsHint(trials.count))
      }
      guard trials[number].state.reason != nil else {
        throw CommandError(
          "trial \(number) is \(trials[number].state.name): only failed trials are run again",
          hint:
            "those that failed: outerloop trials\(found.naming) --state failed")
      }
    }
    let chosen = trials.filter { trial in
      guard let why = trial.state.reason else { return false }
      return failed || reason.contains(why.rawValue) || self.trial.contains(trial.number)
    }
    guard !chosen.isEmpty else {
      let words = reason.isEmpty ? "" : " (\(reason.joined(separator: ", ")))"
      throw CommandError(
        "study `\(found.name)` has no failed trial\(words)", hint: found.trialsHint(trials.count))
    }
    return chosen.map(\.number)
  }

  private static func sentence(_ numbers: [Int]) -> String {
    let shown = numbers.prefix(20).map(String.init).joined(separator: ", ")
    let rest = numbers.count > 20 ? " and \(numbers.count - 20) more" : ""
    return numbers.count == 1
      ? "trial \(shown) waits to be run again" : "trials \(shown)\(rest) wait to be run again"
  }
}

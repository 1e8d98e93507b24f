internal import ArgumentParser
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText

/// `outerloop pause`: starts no new trials for the time being.
struct Pause: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Pause a study: no trial starts until it is resumed.",
    discussion: """
      Running trials are finished; processes that run the study wait, and continue after \
      `outerloop pause --off` or `outerloop resume`.

      outerloop pause --study study
      outerloop pause --study study --off

      JSON keys: study, paused.
      """)

  @OptionGroup(title: "Study")
  var choice: StudyChoice

  @Flag(help: "Resume the study.")
  var off = false

  @OptionGroup(title: "Output")
  var output: OutputOptions

  struct Record: Encodable {
    var study: String
    var paused: Bool
  }

  func run() async throws {
    let found = try await choice.find()
    let isPaused = try await found.store.history(of: found.id).isSuspended
    // Repeating it is not an error.
    if isPaused == off { try await found.store.note(off ? .resumed : .suspended, in: found.id) }
    if output.json {
      return try Terminal.print(JSONText.of(Record(study: found.name, paused: !off)))
    }
    try Terminal.print(
      "study `\(found.name)` \(off ? "is resumed" : "is paused: no trial starts")".visible)
    Terminal.say(
      off
        ? "\n\(try await found.next(found.runners()))"
        : "\nto resume it: outerloop pause\(found.naming) --off")
  }
}

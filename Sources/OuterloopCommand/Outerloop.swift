internal import ArgumentParser

/// The command line: parses, calls one library function, prints.
@main
struct Outerloop: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "outerloop",
    abstract: "Tune hyperparameters by gradient: find wrong labels in your training data.",
    discussion: """
      Start with `outerloop demo`: it corrupts labels of bundled digits on purpose, finds them \
      again, and draws what happened. Then `outerloop clean` does the same with your data.

      Results go to standard output, as JSON with --json; all else goes to standard error. Exit \
      status: 0 done, 1 the work failed, 64 wrong usage, 130 interrupted.

      OUTERLOOP_THREADS sets the number of threads; results do not depend on it.
      """,
    subcommands: [Demo.self, Clean.self, DataCommand.self, Version.self])

  @Flag(help: "Print the version.")
  var version = false

  @Flag(help: "With --version: also the libraries and threads in use.")
  var verbose = false

  func validate() throws {
    if verbose && !version { throw ValidationError("--verbose goes with --version") }
  }

  func run() throws {
    guard version else { throw CleanExit.helpRequest(Self.self) }
    try Version.show(verbose: verbose, json: false)
  }

  static func main() async {
    Interrupts.prepare()
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch {
      Complaint.exit(for: error)
    }
  }
}

internal import ArgumentParser
internal import OuterloopLab
internal import OuterloopText

/// `outerloop lab report`
struct LabReport: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Make a web site of the experiments: pictures, mathematics, claims.",
    discussion: """
      Runs what is not stored in --out yet and writes a page for each experiment and an index, \
      which need \
      neither a network nor scripts. The exit status is 1 if a claim fails or an experiment could \
      not be \
      run, with a message; all other pages are written.
      """)

  @Argument(help: "Experiments by name. Default: all.")
  var names: [String] = []

  @Option(help: ArgumentHelp("Folder of the site.", valueName: "folder"))
  var out: String

  @Flag(help: "Small settings on bundled data, for all of it in minutes.")
  var quick = false

  @OptionGroup(title: "Output")
  var conversation: VerbosityOptions

  func validate() throws {
    if out.isEmpty { throw ValidationError("--out is empty") }
  }

  private struct Record: Encodable {
    var index: String
    var experiments: [LaboratorySite.Entry]
    /// The errors of the experiments that are missing, by name.
    var errors: [String: String]
  }

  func run() throws {
    let known = try names.map { try Laboratory.named($0) }
    // In the order of the list, each once.
    let chosen = Laboratory.all.filter { type in known.isEmpty || known.contains { $0 == type } }
    let session = LabSession(conversation)
    let site = try LaboratorySite(out)
    var entries: [LaboratorySite.Entry] = []
    var errors: [(name: String, what: CommandError)] = []
    for (place, experiment) in chosen.enumerated() {
      session.say("\(experiment.name) (\(place + 1) of \(chosen.count))")
      do {
        entries.append(try add(experiment, to: site, session))
      } catch let failure as CommandError where failure.status == Interrupts.status {
        throw failure
      } catch {
        errors.append((experiment.name, CommandError(error)))
      }
    }
    try site.finish(entries)
    let index = "\(site.path)/index.html"
    if conversation.json {
      let texts = errors.map { ($0.name, $0.what.what) }
      try Terminal.print(
        JSONText.of(
          Record(
            index: index, experiments: entries,
            errors: Dictionary(texts, uniquingKeysWith: { first, _ in first }))))
    } else {
      try Terminal.print(entries.map(Self.lines).joined(separator: "\n"))
      session.say("\(index) is the report")
    }
    try reportErrors(entries, errors)
  }

  private func add<Work: Experiment>(
    _: Work.Type, to site: LaboratorySite, _ session: LabSession
  ) throws -> LaboratorySite.Entry {
    let work = quick ? Work.quick : Work()
    try work.check(session.context(nil))
    return try site.add(work) { try session.run($0, in: $1) }
  }

  private static func lines(_ entry: LaboratorySite.Entry) -> String {
    ([entry.name] + entry.claims.map { "  \($0.text)" }).joined(separator: "\n")
  }

  private func reportErrors(
    _ entries: [LaboratorySite.Entry], _ errors: [(name: String, what: CommandError)]
  ) throws {
    let failed = entries.flatMap { entry in entry.failed.map { "\(entry.name): \($0.text)" } }
    let broken = errors.map { "\($0.name): \($0.what.what)" }
    guard !(failed + broken).isEmpty else { return }
    var parts: [String] = []
    if !failed.isEmpty { parts.append(NumberText.count(failed.count, "claim") + " failed") }
    if !broken.isEmpty {
      parts.append(NumberText.count(broken.count, "experiment") + " could not be run")
    }
    throw CommandError(
      parts.joined(separator: ", "), details: (failed + broken).joined(separator: "\n"),
      hint: errors.first?.what.hint ?? "the pages in \(out) show the numbers")
  }
}

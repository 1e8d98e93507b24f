internal import ArgumentParser
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText

/// `outerloop add`: adds configurations to be tried before any other.
struct Add: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Add known configurations, to be tried next.",
    discussion: """
      Each becomes a waiting trial, which is run before any new one. What a \
      configuration leaves out gets a value from the sampler. Added trials count towards the budget, \
      but are run even if it is spent.

      outerloop add --study study 'lr=0.001, opt=adam' 'opt=sgd, momentum=0.9'

      To add a result that you have: outerloop tell --params 'lr=0.001, opt=adam' loss=0.31. JSON \
      keys: study, trials (array of number, params).
      """)

  @OptionGroup(title: "Study")
  var choice: StudyChoice

  @OptionGroup(title: "Output")
  var output: OutputOptions

  @Argument(
    help: ArgumentHelp(
      "Values by name, as 'lr=0.001, opt=adam', or a JSON object.", valueName: "configuration"))
  var configurations: [String]

  struct Record: Encodable {
    struct Added: Encodable {
      var number: Int
      var params: [String: ParameterValue]
    }
    var study: String
    var trials: [Added]
  }

  func run() async throws {
    let found = try await choice.find()
    let count = try await found.store.summary(of: found.id).trials
    let all = try ConfigurationArguments.of(
      configurations, in: found.specification, from: count, flag: "")
    let trials = try await ConfigurationArguments.enqueue(all, in: found)
    if output.json {
      return try Terminal.print(
        JSONText.of(
          Record(
            study: found.name,
            trials: trials.map { trial in
              Record.Added(
                number: trial.number,
                params: Dictionary(
                  uniqueKeysWithValues: trial.assignment.active.map { ($0.name, $0.value) }))
            })))
    }
    try Terminal.print(
      trials.map { "trial \($0.number) waits  \($0.assignment)" }.joined(separator: "\n"))
    Terminal.say("\n\(try await found.next(found.runners()))")
  }
}

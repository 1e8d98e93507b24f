internal import ArgumentParser
internal import OuterloopLab
internal import OuterloopLearning
internal import OuterloopStudy
internal import OuterloopText

/// `outerloop demo`: data hyper-cleaning of the bundled digits by gradient, and a search, with
/// commentary.
struct Demo: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "A tour of a few seconds on bundled data, with pictures.",
    discussion: """
      By gradient: half of the labels of bundled handwritten digits are corrupted on \
      purpose; cleaning finds them by the gradient of the validation loss through training. By \
      search: how to \
      build and train a network for the digits. Both together: searches that know the derivatives of \
      the loss need fewer trials. The JSON is that of `outerloop clean` with the key search, which is \
      as `outerloop best` prints it, and the key gradients, with trials until the loss was reached.
      """)

  @Option(help: ArgumentHelp("Folder for the run and its pictures.", valueName: "folder"))
  var out = "outerloop-demo"

  @Flag(help: "Discard earlier runs in --out.")
  var restart = false

  @OptionGroup(title: "Output")
  var conversation: VerbosityOptions

  func validate() throws {
    if out.isEmpty { throw ValidationError("--out is empty") }
  }

  func run() async throws {
    var progress = Progress(conversation)
    let settings = CleaningSettings.demonstration
    let wrong = Int((settings.corrupt * Double(settings.train)).rounded())
    progress.say(
      """
      \(wrong) of \(settings.train) handwritten digits get a wrong label, on purpose. Training \
      does not know which.
      Each example gets a weight. \(settings.hyperSteps) times, a model is trained with these \
      weights for \(settings.steps) steps;
      the gradient of its loss on \(settings.validation) trusted digits, through that training, \
      moves the weights.
      """)
    let data = try CleaningData(
      DataParts(train: Digits.load(), test: nil), settings: settings)
    let session = CleaningSession(
      job: CleaningJob(try CleaningRun(data, settings: settings), folder: out),
      conversation: conversation, restart: restart)
    let report = try session.perform(&progress)
    if !conversation.json { try Terminal.print(summary(report)) }
    let search = try await DemoSearch(folder: out, conversation: conversation)
      .perform(restart: restart, &progress)
    if !conversation.json { try Terminal.print("\n" + summary(search)) }
    let gradients = try await DemoGradients().perform(&progress)
    guard !conversation.json else {
      return try Terminal.print(
        JSONText.of(
          Record(
            clean: report, search: StudyRecord(search.result, store: search.store),
            gradients: gradients)))
    }
    try Terminal.print("\n" + summary(gradients))
    progress.say(next)
  }

  /// The keys of `outerloop clean` and two more.
  private struct Record: Encodable {
    var clean: CleaningReport
    var search: StudyRecord
    var gradients: DemoGradients.Outcome

    enum CodingKeys: CodingKey { case search, gradients }

    func encode(to encoder: any Encoder) throws {
      try clean.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(search, forKey: .search)
      try container.encode(gradients, forKey: .gradients)
    }
  }

  private static func percent(_ share: Double) -> String {
    NumberText.fixed(100 * share, digits: 1) + " %"
  }

  private func summary(_ report: CleaningReport) -> String {
    guard let found = report.detection, let oracle = report.accuracy.oracle else { return "" }
    let wrong = found.truePositives + found.falseNegatives
    return """
      Of the \(wrong) wrong labels \(found.truePositives) were found; \(found.falsePositives) correct \
      ones were suspected too.
      With all labels as they are the model reads \(Self.percent(report.accuracy.baseline)) of new \
      digits, with the learned
      weights \(Self.percent(report.accuracy.cleaned)), and \(Self.percent(oracle)) if the wrong \
      labels were known.

      \(out)/suspicious.svg  the most suspicious digits; framed: the label is wrong
      \(out)/weights.svg     the weights of right and of wrong labels
      \(out)/losses.svg      how the validation loss fell
      """
  }

  private func summary(_ search: DemoSearch.Outcome) -> String {
    guard let best = search.result.trials.first, let error = best.values?.first,
      let first = search.errorAtFirst
    else { return "" }
    let configuration = best.assignment.active.map { "\($0.name)=\(StudyResult.cell($0.value))" }
    return """
      The best of the first ones read \(Self.percent(1 - first)) of the digits that were held out, the \
      best of all \(Self.percent(1 - error)):
      trial \(best.number), \(configuration.joined(separator: " "))

      \(out)/history.svg     trial by trial, and the best so far
      \(out)/parallel.svg    a line for each configuration
      """
  }

  private func summary(_ gradients: DemoGradients.Outcome) -> String {
    func count(_ trials: Int) -> String {
      trials > DemoGradients.trials ? "more than \(DemoGradients.trials)" : "\(trials)"
    }
    return """
      Trials until the loss is within \(NumberText.fixed(100 * DemoGradients.tolerance, digits: 0)) % of the smallest one found, \
      the median over seeds: \(count(gradients.trialsWithGradients))
      with derivatives, \(count(gradients.trialsWithout)) without.
      """
  }

  private var next: String {
    """

    next: outerloop clean --data FOLDER   the same with your own data: IDX, CSV or LIBSVM
          outerloop tune --help           the same with your own program, in any language
          outerloop trials --store \(CommandText.quoted(out))/outerloop.db
    """
  }
}

internal import ArgumentParser
internal import OuterloopLab
internal import OuterloopLearning

/// `outerloop demo`: data hyper-cleaning of the bundled digits, told as a story.
struct Demo: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "A tour of a few seconds on bundled data, with pictures.",
    discussion: """
      Half of the labels of bundled handwritten digits are made wrong on purpose. Cleaning finds \
      them by the gradient of the validation loss through training. The JSON is that of \
      `outerloop clean`.
      """)

  @Option(help: ArgumentHelp("Folder for the run and its pictures.", valueName: "folder"))
  var out = "outerloop-demo"

  @Flag(help: "Forget what --out holds of earlier runs.")
  var restart = false

  @OptionGroup(title: "Output")
  var conversation: ConversationOptions

  func validate() throws {
    if out.isEmpty { throw ValidationError("--out is empty") }
  }

  func run() throws {
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
    if conversation.json { return try session.print(report, &progress) }
    try Terminal.print(story(report))
    progress.say(next)
  }

  private func story(_ report: CleaningReport) -> String {
    guard let found = report.detection, let oracle = report.oracleAccuracy else { return "" }
    let wrong = found.truePositives + found.falseNegatives
    func percent(_ share: Double) -> String { NumberForm.fixed(100 * share, digits: 1) + " %" }
    return """
      Of the \(wrong) wrong labels \(found.truePositives) were found; \(found.falsePositives) right \
      ones fell under suspicion too.
      With all labels as they are the model reads \(percent(report.baselineAccuracy)) of new \
      digits, with the learned
      weights \(percent(report.cleanedAccuracy)), and \(percent(oracle)) had somebody told it which \
      labels are wrong.

      \(out)/suspicious.svg  the most suspicious digits; framed: the label is wrong
      \(out)/weights.svg     the weights of right and of wrong labels
      \(out)/losses.svg      how the validation loss fell
      """
  }

  private var next: String {
    """

    next: outerloop clean --data FOLDER   the same with your own data: IDX, CSV or LIBSVM
          outerloop data fetch mnist      and with larger pictures, for some minutes:
          outerloop clean --data mnist --corrupt 0.5 --steps 200 --hyper-steps 50 --outer-rate 0.02
    """
  }
}

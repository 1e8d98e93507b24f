internal import ArgumentParser
internal import OuterloopLab
internal import OuterloopLearning

/// `outerloop clean`: data hyper-cleaning of the user's data.
struct Clean: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Find wrong labels: learn a weight for every training example.",
    discussion: """
      Softmax regression is trained on the weighted training examples; the weights, in [0, 1], \
      follow the gradient of the validation loss through that training (Franceschi et al. 2017). \
      Examples whose weight ends near 0 are suspicious. The labels of the validation examples are \
      trusted.

      The run is stored in --out and goes on from there after any interruption, with the same \
      result. When it is done the folder holds suspicious.csv, losses.svg, weights.svg, \
      suspicious.svg (if the examples are images) and result.json.

      JSON keys: accuracy (oracle, baseline, cleaned: test accuracy of models trained without the \
      wrong labels, with all, with the learned weights), detection (truePositives, \
      falsePositives, falseNegatives, trueNegatives, precision, recall, f1), suspicious, \
      examples, updates, seconds, firstLoss, lastLoss, settings, files (suspicious, losses, \
      weights, images, result). What is not known without --corrupt is null.
      """)

  @OptionGroup(title: "Data")
  var source: DataOptions

  @OptionGroup(title: "Method")
  var method: CleaningOptions

  @Option(help: ArgumentHelp("Folder for the run and its results.", valueName: "folder"))
  var out = "outerloop-clean"

  @Flag(help: "Forget what --out holds of earlier runs.")
  var restart = false

  @OptionGroup(title: "Output")
  var conversation: ConversationOptions

  func validate() throws {
    try method.validate(source)
    if out.isEmpty { throw ValidationError("--out is empty") }
  }

  func run() throws {
    var progress = Progress(conversation)
    progress.say("reading \(source.data)")
    let parts = try source.load()
    let settings = try method.settings(source, for: parts)
    let data = try CleaningData(parts, settings: settings)
    let session = CleaningSession(
      job: CleaningJob(try CleaningRun(data, settings: settings), folder: out),
      conversation: conversation, restart: restart)
    let report = try session.perform(&progress)
    try session.print(report, &progress)
  }
}

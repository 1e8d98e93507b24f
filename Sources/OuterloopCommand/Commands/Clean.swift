internal import ArgumentParser
internal import OuterloopLab
internal import OuterloopLearning
internal import OuterloopStudy
internal import OuterloopText

/// `outerloop clean`: finds wrong labels in the user's data.
struct Clean: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Find wrong labels in a table, in pictures or in LIBSVM data.",
    discussion: """
      Every row is examined: its label is compared with what models predict that have not \
      seen it, under a noise rate that is estimated too. rows.csv has every row with the \
      probability that its label is wrong, suspicious.csv those to review. Rows whose labels are \
      known to be correct (--trusted, --trusted-column) improve the result.

      Columns of both files: row (number of the row in its file, from 1, without a header row), \
      line (of the file, from 1), label, likely (the most probable class), probability (that the \
      label is wrong), label_prediction and likely_prediction (probabilities by models that have \
      not seen the label), flip_rate (how often rows of the likely class carry this label), \
      suspicious, true_label (with --corrupt).

      --method published is data hyper-cleaning as it was published (Franceschi et al. 2017): a \
      weight in [0, 1] for each of --train examples, learned by the gradient of the loss on \
      --validation trusted ones through training. It judges the --train examples only. Its \
      suspicious.csv has index (position among the training examples), row, label, predicted, \
      weight, true_label. An interrupted run can be continued, with the same result.

      JSON, which is result.json too: method, settings, source, examples, suspicious (how many), \
      suspects (each with the columns above), detection (with --corrupt: truePositives, \
      falsePositives, falseNegatives, trueNegatives, precision, recall, f1), seconds, files. By \
      default also classes, trusted, expectedWrong, transition (transition[k][j]: how often class k \
      is labelled j), flips, averagePrecision, notes; published: accuracy (oracle, baseline, \
      cleaned), updates, firstLoss, lastLoss, validationLosses, weights, validationExamples, \
      testExamples, leftOut.
      """)

  @OptionGroup(title: "Data")
  var source: DataOptions

  @OptionGroup(title: "Method")
  var method: LabelErrorOptions

  @OptionGroup(title: "Method: published")
  var published: CleaningOptions

  @Option(help: ArgumentHelp("Folder for the run and its results.", valueName: "folder"))
  var out = "outerloop-clean"

  @Flag(help: "Discard earlier runs in --out.")
  var restart = false

  @OptionGroup(title: "Output")
  var conversation: VerbosityOptions

  func validate() throws {
    if out.isEmpty { throw ValidationError("--out is empty") }
    if isPublished {
      try published.validate(method)
      if let flag = method.given.first {
        throw ValidationError("\(flag) does not belong to --method published")
      }
    } else {
      try method.validate()
      if let flag = published.given.first {
        throw ValidationError("\(flag) belongs to --method published")
      }
    }
  }

  /// Flags of the published method imply it.
  private var isPublished: Bool {
    method.method.map { $0 == .published } ?? !published.given.isEmpty
  }

  func run() throws {
    var progress = Progress(conversation)
    if isPublished, method.method == nil, let flag = published.given.first {
      progress.say("\(flag) belongs to --method published, which is taken")
    }
    progress.say("reading \(source.data.visible)")
    let parts = try source.load(method.trustedColumn)
    try isPublished ? runPublished(parts, &progress) : runDefault(parts, &progress)
  }

  private func runDefault(_ parts: DataParts, _ progress: inout Progress) throws {
    let settings = method.settings
    let data = try LabelErrorData(
      parts, trustedRows: method.trusted.map { try source.load($0, like: parts) },
      settings: settings)
    for note in data.notes { progress.say("note: \(note)") }
    try LabelErrorSession(
      job: LabelErrorJob(data, settings: settings, folder: out), conversation: conversation,
      restart: restart
    ).perform(&progress)
  }

  private func runPublished(_ parts: DataParts, _ progress: inout Progress) throws {
    let settings = try published.settings(method, for: parts)
    let data = try CleaningData(parts, settings: settings)
    let session = CleaningSession(
      job: CleaningJob(try CleaningRun(data, settings: settings), folder: out),
      conversation: conversation, restart: restart)
    let report = try session.perform(&progress)
    try session.print(report, &progress)
  }
}

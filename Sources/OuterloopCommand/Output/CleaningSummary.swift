internal import OuterloopLab

/// What `clean` and `demo` print. The names of the properties are the keys of the JSON; they stay.
/// What is not known is null.
struct CleaningSummary: Encodable {
  struct Accuracy: Encodable {
    /// Test accuracy when the wrong labels are left out, of all labels, and after cleaning.
    var oracle: Double?
    var baseline, cleaned: Double

    enum CodingKeys: CodingKey { case oracle, baseline, cleaned }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(oracle, forKey: .oracle)
      try container.encode(baseline, forKey: .baseline)
      try container.encode(cleaned, forKey: .cleaned)
    }
  }

  /// Paths; `images` is null if the examples are no images.
  struct Files: Encodable {
    var suspicious, losses, weights: String
    var images: String?
    var result: String

    enum CodingKeys: CodingKey { case suspicious, losses, weights, images, result }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(suspicious, forKey: .suspicious)
      try container.encode(losses, forKey: .losses)
      try container.encode(weights, forKey: .weights)
      try container.encode(images, forKey: .images)
      try container.encode(result, forKey: .result)
    }
  }

  var accuracy: Accuracy
  /// How well the wrong labels were found, if they were made.
  var detection: CleaningDetection?
  /// Number of suspicious examples, among so many.
  var suspicious, examples: Int
  var updates: Int
  /// Seconds that the updates took, over all parts of an interrupted run.
  var seconds: Double
  /// Validation loss before the first and before the last update.
  var firstLoss, lastLoss: Double?
  var settings: CleaningSettings
  var files: Files

  enum CodingKeys: CodingKey {
    case accuracy, detection, suspicious, examples, updates, seconds, firstLoss, lastLoss, settings
    case files
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(accuracy, forKey: .accuracy)
    try container.encode(detection, forKey: .detection)
    try container.encode(suspicious, forKey: .suspicious)
    try container.encode(examples, forKey: .examples)
    try container.encode(updates, forKey: .updates)
    try container.encode(seconds, forKey: .seconds)
    try container.encode(firstLoss, forKey: .firstLoss)
    try container.encode(lastLoss, forKey: .lastLoss)
    try container.encode(settings, forKey: .settings)
    try container.encode(files, forKey: .files)
  }

  init(_ report: CleaningReport, folder: String, hasImages: Bool) {
    accuracy = Accuracy(
      oracle: report.oracleAccuracy, baseline: report.baselineAccuracy,
      cleaned: report.cleanedAccuracy)
    detection = report.detection
    suspicious = report.suspects.count
    examples = report.trainCount
    updates = report.updates
    seconds = report.seconds
    firstLoss = report.validationLosses.first
    lastLoss = report.validationLosses.last
    settings = report.settings
    func path(_ name: String) -> String { "\(folder)/\(name)" }
    files = Files(
      suspicious: path(CleaningJob.FileName.suspects), losses: path(CleaningJob.FileName.losses),
      weights: path(CleaningJob.FileName.weights),
      images: hasImages ? path(CleaningJob.FileName.images) : nil,
      result: path(CleaningJob.FileName.result))
  }

  var text: String {
    func number(_ value: Double) -> String { NumberForm.fixed(value, digits: 4) }
    var rows: [(String, String)] = []
    if let oracle = accuracy.oracle {
      rows.append(("oracle accuracy", "\(number(oracle))  without the wrong labels"))
    }
    rows.append(("baseline accuracy", "\(number(accuracy.baseline))  with all labels as they are"))
    rows.append(("cleaned accuracy", "\(number(accuracy.cleaned))  with the learned weights"))
    rows.append(
      (
        "suspicious", "\(suspicious) of \(examples) examples, of weight below \(settings.threshold)"
      ))
    if let detection {
      rows.append(("precision", "\(number(detection.precision))  of the suspicious are wrong"))
      rows.append(("recall", "\(number(detection.recall))  of the wrong are suspicious"))
      rows.append(("F1", number(detection.f1)))
    }
    rows.append(("updates", "\(updates) in \(Progress.time(seconds)), seed \(settings.seed)"))
    let paths = [files.suspicious, files.losses, files.weights, files.images, files.result]
    for (index, path) in paths.compactMap({ $0 }).enumerated() {
      rows.append((index == 0 ? "files" : "", path))
    }
    return rows.map { name, value in
      name + String(repeating: " ", count: max(1, 19 - name.count)) + value
    }.joined(separator: "\n")
  }
}

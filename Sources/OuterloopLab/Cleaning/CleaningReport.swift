internal import OuterloopLearning
internal import OuterloopText

/// The result of a cleaning run. Its JSON is `result.json` and the output of the command with
/// `--json`; the keys are the names of the properties here and are stable.
public struct CleaningReport: Sendable, Codable, Equatable {
  /// A training example whose weight is below the threshold.
  public struct Suspect: Sendable, Codable, Equatable {
    /// Position among the training examples, from 0, which is that of its weight.
    public var index: Int
    /// Number of the row in its file, from 1, without a header row.
    public var row: Int
    public var weight: Float
    /// Classes: as labelled, as the final model predicts, and before corruption if that is known.
    public var label, predicted: String
    @OrNull public var trueLabel: String?
  }

  /// Test accuracy of the models trained on train and validation: with weight 0 on the corrupted
  /// examples (known only for artificial corruption), with weight 1 on all, and with the learned
  /// weights.
  public struct Accuracy: Sendable, Codable, Equatable {
    @OrNull public var oracle: Double?
    public var baseline, cleaned: Double
  }

  /// Paths of the files; no pictures of examples if they are not images.
  public struct Files: Sendable, Codable, Equatable {
    public var suspicious, losses, weights: String
    @OrNull public var images: String?
    public var result: String
  }

  /// Version of the keys.
  public var format = 2
  public var method = "published"
  public var settings: CleaningSettings
  /// Where the data came from, and `CleaningData.fingerprint`.
  public var source, dataFingerprint: String
  /// Examples that were examined, those of the other two parts, and rows that were not used.
  public var examples, validationExamples, testExamples, leftOut: Int
  public var updates: Int
  /// Seconds spent on the updates of the weights.
  public var seconds: Double
  public var accuracy: Accuracy
  /// How well the wrong labels were detected; known only for artificial corruption.
  @OrNull public var detection: CleaningDetection?
  /// How many examples are suspicious.
  public var suspicious: Int
  /// By weight; ties, such as 0, by the final model's probability of the label, least probable
  /// first.
  public var suspects: [Suspect]
  /// Validation loss before each update; before the first, and before the last.
  public var validationLosses: [Double]
  @OrNull public var firstLoss: Double?
  @OrNull public var lastLoss: Double?
  public var weights: [Float]
  public var files: Files

  init(
    _ data: CleaningData, _ settings: CleaningSettings, _ state: CleaningRun.State,
    files: Files, _ beforeTraining: (String) throws -> Void
  ) throws {
    self.settings = settings
    source = data.train.source
    dataFingerprint = data.fingerprint
    self.files = files
    (examples, validationExamples, testExamples) = (
      data.train.count, data.validation.count, data.test.count
    )
    leftOut = data.leftOut
    updates = state.updates
    seconds = state.seconds
    validationLosses = state.losses
    firstLoss = state.losses.first
    lastLoss = state.losses.last
    weights = state.weights

    let both = try data.train.joined(data.validation)
    let n = data.train.count
    let held = data.validation.count
    func trained(
      _ name: String, _ weights: [Float], _ steps: Int, _ rate: Double
    ) throws -> (Double, Dense) {
      try beforeTraining(name)
      do {
        let fit = try SoftmaxRegression.fit(
          both, weights: weights, steps: steps, rate: rate, test: data.test)
        return (try SoftmaxRegression.accuracy(fit.model, data.test), fit.model)
      } catch {
        throw CleaningRun.diverged(error, in: "training the \(name) model")
      }
    }
    let corrupted = data.corrupted
    let baseline = try trained(
      "baseline", [Float](repeating: 1, count: n + held), settings.steps, settings.rate
    ).0
    var oracle: Double?
    if data.trueLabels != nil {
      let right = (0..<(n + held)).map { corrupted.contains($0) ? Float(0) : 1 }
      oracle = try trained("oracle", right, settings.steps, settings.rate).0
    }
    // Validation examples are not weighted above the best training example.
    let largest = Swift.max(state.weights.max() ?? 1, 1e-6)
    let (cleaned, model) = try trained(
      "cleaned", state.weights + [Float](repeating: largest, count: held),
      settings.finalSteps ?? 2 * settings.steps, settings.rate / Double(largest))
    accuracy = Accuracy(oracle: oracle, baseline: baseline, cleaned: cleaned)

    let found = Set(weights.indices.filter { state.weights[$0] < Float(settings.threshold) })
    if data.trueLabels != nil {
      let hits = found.intersection(corrupted).count
      detection = CleaningDetection(
        truePositives: hits, falsePositives: found.count - hits,
        falseNegatives: corrupted.count - hits,
        trueNegatives: n - found.count - (corrupted.count - hits))
    }
    let names = data.train.classNames
    let predicted = try SoftmaxRegression.predictions(model, data.train)
    let exampleLosses = try SoftmaxRegression.exampleLosses(model, data.train)
    suspicious = found.count
    suspects = found.sorted {
      (state.weights[$0], -exampleLosses[$0], $0) < (state.weights[$1], -exampleLosses[$1], $1)
    }.map { index in
      Suspect(
        index: index, row: data.rows[index], weight: state.weights[index],
        label: names[Int(data.train.labels[index])], predicted: names[Int(predicted[index])],
        trueLabel: data.trueLabels.map { names[Int($0[index])] })
    }
  }
}

extension CleaningReport {
  /// What each column of `suspicious.csv` means, in its order.
  public static let columns: [(name: String, meaning: String)] = [
    ("index", "position among the training examples, from 0, which is that of its weight"),
    ("row", "number of the row in its file, from 1, without a header row"),
    ("label", "its class in the file"),
    ("predicted", "its class by the model trained with the learned weights"),
    ("weight", "the learned weight: near 0 for what does not help to predict trusted examples"),
    ("true_label", "its class before labels were made wrong on purpose, if they were"),
  ]

  /// The suspicious examples as CSV, the most suspicious first.
  public var suspectsTable: String {
    var lines = [Self.columns.map(\.name).joined(separator: ",")]
    for suspect in suspects {
      let fields = [
        "\(suspect.index)", "\(suspect.row)", CSVField.quoted(suspect.label),
        CSVField.quoted(suspect.predicted), "\(suspect.weight)",
        CSVField.quoted(suspect.trueLabel ?? ""),
      ]
      lines.append(fields.joined(separator: ","))
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

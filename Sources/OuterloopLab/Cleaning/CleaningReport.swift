internal import OuterloopLearning

/// What a cleaning run found. As JSON it is `result.json`; its keys are the names of the properties
/// here, and they stay.
public struct CleaningReport: Sendable, Codable, Equatable {
  /// A training example whose weight is below the threshold.
  public struct Suspect: Sendable, Codable, Equatable {
    /// Position among the training examples, and in the source.
    public var index, sourceIndex: Int
    public var weight: Float
    /// Classes: as labelled, as the final model predicts, and before corruption if that is known.
    public var label, predicted: String
    public var trueLabel: String?
  }

  /// Version of the keys.
  public var format = 1
  public var settings: CleaningSettings
  /// Where the data came from, and `CleaningData.fingerprint`.
  public var source, dataFingerprint: String
  /// Examples of the three parts.
  public var trainCount, validationCount, testCount: Int
  public var updates: Int
  /// Seconds spent on the updates of the weights.
  public var seconds: Double
  /// Test accuracy of the models trained on train and validation: with weight 0 on the corrupted
  /// examples (known only if they were made), with weight 1 on all, and with the learned weights.
  public var oracleAccuracy: Double?
  public var baselineAccuracy: Double
  public var cleanedAccuracy: Double
  /// How well the wrong labels were found; known only if they were made.
  public var detection: CleaningDetection?
  /// By weight; those of equal weight, such as 0, with the label first that the final model
  /// believes least.
  public var suspects: [Suspect]
  /// Validation loss before each update.
  public var validationLosses: [Double]
  public var weights: [Float]

  init(
    _ data: CleaningData, _ settings: CleaningSettings, _ state: CleaningRun.State,
    _ beforeTraining: (String) throws -> Void
  ) throws {
    self.settings = settings
    source = data.train.source
    dataFingerprint = data.fingerprint
    (trainCount, validationCount, testCount) = (
      data.train.count, data.validation.count, data.test.count
    )
    updates = state.updates
    seconds = state.seconds
    validationLosses = state.losses
    weights = state.weights

    let both = try data.train.joined(data.validation)
    let n = data.train.count
    let held = data.validation.count
    func accuracy(
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
    baselineAccuracy = try accuracy(
      "baseline", [Float](repeating: 1, count: n + held), settings.steps, settings.rate
    ).0
    if data.trueLabels != nil {
      let oracle = (0..<(n + held)).map { corrupted.contains($0) ? Float(0) : 1 }
      oracleAccuracy = try accuracy("oracle", oracle, settings.steps, settings.rate).0
    }
    // There is no reason to weigh validation examples above the best training example.
    let largest = Swift.max(state.weights.max() ?? 1, 1e-6)
    let (cleaned, model) = try accuracy(
      "cleaned", state.weights + [Float](repeating: largest, count: held),
      settings.finalSteps ?? 2 * settings.steps, settings.rate / Double(largest))
    cleanedAccuracy = cleaned

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
    let surprises = try SoftmaxRegression.surprises(model, data.train)
    suspects = found.sorted {
      (state.weights[$0], -surprises[$0], $0) < (state.weights[$1], -surprises[$1], $1)
    }.map { index in
      Suspect(
        index: index, sourceIndex: data.sourceIndex[index], weight: state.weights[index],
        label: names[Int(data.train.labels[index])], predicted: names[Int(predicted[index])],
        trueLabel: data.trueLabels.map { names[Int($0[index])] })
    }
  }
}

extension CleaningReport {
  /// The suspicious examples as CSV, the most suspicious first.
  public var suspectsTable: String {
    var lines = ["index,source_index,label,predicted,weight,true_label"]
    for suspect in suspects {
      let fields = [
        "\(suspect.index)", "\(suspect.sourceIndex)", Self.field(suspect.label),
        Self.field(suspect.predicted), "\(suspect.weight)", Self.field(suspect.trueLabel ?? ""),
      ]
      lines.append(fields.joined(separator: ","))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// A field as RFC 4180 wants it.
  private static func field(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { !Array("\",\r\n".utf8).contains($0) }
    guard !isPlain else { return text }
    return "\""
      + text.split(separator: "\"", omittingEmptySubsequences: false)
      .joined(separator: "\"\"") + "\""
  }
}

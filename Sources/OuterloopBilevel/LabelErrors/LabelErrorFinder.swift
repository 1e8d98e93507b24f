public import OuterloopLearning
internal import OuterloopNumerics

/// Finds rows whose class label is probably wrong.
///
///     let errors = try LabelErrorFinder().find(in: data)
///     for row in errors.suspicious { print(row, errors.probabilities[row], errors.likely[row]) }
///
/// Every row is judged by models that have not seen its label (`CrossFitted`): softmax regression on the
/// features; for images also on random Fourier features; for texts, with more than 1,500 columns, on the
/// principal directions, together with naive Bayes. Predicted and given labels are compared through a noise
/// transition matrix that is estimated with them (`NoiseTransition`); the smoothing of the models and the
/// noise are hyperparameters of one outer loss, the likelihood of labels that the models have not seen
/// (`LabelExpert`). The answer is calibrated: of the rows with probability p a fraction of about p is
/// wrong.
///
/// Related: confident learning (Northcutt et al. 2021) counts the same transitions by thresholds on
/// predictions of a classifier that was trained on noisy labels; forward correction (Patrini et al. 2017)
/// trains through a known transition. Here the transition is estimated, from out-of-fold predictions.
///
/// - Time: about 10 fits of each model, of 25 evaluations at most; from 1,000 rows on one more for each
///   further draw of the folds.
/// - Memory: rows x (features + Fourier features) floats, and a few times rows x folds x classes.
public struct LabelErrorFinder: Sendable {
  /// Which models judge the rows.
  public enum Model: String, Sendable, Codable, CaseIterable {
    /// `fourier` for images, `linear` and naive Bayes for texts, else `linear`.
    case auto
    /// Softmax regression on the features only.
    case linear
    /// That, and softmax regression on random Fourier features of them, weighed by how well each
    /// explains the labels it has not seen.
    case fourier
  }

  /// The model whose held-out predictions judge the labels.
  public var model = Model.auto
  /// Folds of the cross-fitting, at least 2.
  public var folds = 5
  /// How many times folds are redrawn and the results averaged; nil: 10 below 1,000 rows, 3 below
  /// 4,000, else 1.
  public var repeats: Int?
  /// Names all random choices.
  public var seed: UInt64 = 0

  /// For data with more columns than this a few hundred directions are used (`WideFeatures`).
  static let mostColumns = 1500

  /// The defaults.
  public init() {}

  /// - Parameters:
  ///   - trusted: whether the label of a row is known to be right; none by default.
  ///   - isStopped: checked between fits; if true, the search ends with `CancellationError`.
  /// - Throws: `BilevelError` for settings out of range, and where no column varies.
  public func find(
    in data: LabeledData, trusted: [Bool]? = nil, isStopped: @escaping () -> Bool = { false }
  ) throws -> LabelErrors {
    let trusted = trusted ?? [Bool](repeating: false, count: data.count)
    guard folds >= 2, folds <= 1000 else {
      throw BilevelError.invalid("\(folds) folds", remedy: "from 2 to 1000 are possible")
    }
    if let repeats, !(1...1000).contains(repeats) {
      throw BilevelError.invalid("\(repeats) repeats", remedy: "from 1 to 1000 are possible")
    }
    guard trusted.count == data.count else {
      throw BilevelError.invalid("\(trusted.count) trust flags for \(data.count) rows")
    }
    let key = RandomKey(seed: seed, purpose: "label errors")
    let given = GivenLabels(labels: data.labels, trusted: trusted, classes: data.classCount)
    let wide = data.exampleSize > Self.mostColumns ? SparseRows(data) : nil
    let x =
      try wide.map { try WideFeatures.projected($0, count: 200, key: key.split(100)[99]) }
      ?? LabelFeatures.standardized(data)
    guard x.shape[1] > 0 else {
      throw BilevelError.invalid("\(data.source): no column varies, so all rows are alike")
    }
    let rounds = repeats ?? (data.count < 1000 ? 10 : data.count < 4000 ? 3 : 1)
    var sum: [Double] = []
    var prediction: [Double] = []
    var noise = [Double](repeating: 0, count: data.classCount * data.classCount)
    // With few rows, each draw of folds gets its own search.
    let isSearchedOnce = data.count >= 1000
    var experts: [LabelExpert] = []
    for keys in key.split(rounds).map({ $0.split(2) }) {
      let previous = isSearchedOnce ? experts : []
      experts = []
      let foldOfRow = given.stratifiedFolds(folds, key: keys[0])
      func add(_ fitting: some CrossFitted, _ smoothings: [Double]) throws {
        experts.append(
          try LabelExpert(
            fitting, smoothings: smoothings,
            previous: previous.dropFirst(experts.count).first, after: experts.first,
            isStopped: isStopped))
      }
      func addSoftmax(_ x: Tensor, _ decays: [Double]) throws {
        try add(SoftmaxFitting(x, given, folds: folds, foldOfRow: foldOfRow), decays)
      }
      try addSoftmax(x, [0.3, 0.1, 0.01, 0.001])
      if model != .linear, let wide,
        let bayes = NaiveBayesFitting(wide, given, folds: folds, foldOfRow: foldOfRow)
      {
        try add(bayes, [3, 1, 0.3, 0.1, 0.03])
      }
      let isPictures = data.shape.count == 2 || data.kind == .bytes
      if model == .fourier || (model == .auto && isPictures) {
        try addSoftmax(LabelFeatures.fourier(x, count: 500, key: keys[1]), [1, 0.3, 0.1, 0.01])
      }
      let mixture = ExpertMixture(
        experts, labels: data.labels, trusted: trusted, classes: data.classCount)
      func average(_ values: [Double], into total: inout [Double]) {
        if total.isEmpty { total = [Double](repeating: 0, count: values.count) }
        for index in values.indices { total[index] += values[index] / Double(rounds) }
      }
      average(mixture.posterior, into: &sum)
      average(mixture.prediction, into: &prediction)
      average(mixture.noise.matrix, into: &noise)
    }
    return LabelErrors(
      labels: data.labels, classes: data.classCount, posterior: sum, prediction: prediction,
      noise: noise, trusted: trusted)
  }
}

public import OuterloopLearning
internal import OuterloopNumerics

/// Finds rows whose class label is probably wrong.
///
///     let errors = try LabelErrorFinder().find(in: data)
///     for row in errors.suspicious { print(row, errors.probabilities[row], errors.likely[row]) }
///
/// Every row is judged by models that have not seen its label: softmax regression on the features, and
/// for pictures on random Fourier features too, cross-fitted over folds (`CrossFitting`). What the labels would
/// be is held against what they are through a noise transition matrix that is estimated with them
/// (`NoiseTransition`); the decay of the models and the noise are hyperparameters of one outer loss, the
/// likelihood of labels that the models have not seen (`LabelExpert`). The answer is calibrated: of the
/// rows with probability p about p are wrong.
///
/// Related: confident learning (Northcutt et al. 2021) counts the same transitions by thresholds on
/// predictions of a classifier that was trained on wrong labels; forward correction (Patrini et al. 2017)
/// trains through a known transition. Here the transition is found, on predictions out of fold.
///
/// - Time: about 10 fits of softmax regression on (rows, features) for each expert and repeat.
/// - Memory: rows x (features + Fourier features) floats, and a few times rows x folds x classes.
public struct LabelErrorFinder: Sendable {
  /// Which models judge the rows.
  public enum Model: String, Sendable, Codable, CaseIterable {
    /// `fourier` for pictures, else `linear`.
    case auto
    /// Softmax regression on the features.
    case linear
    /// That, and softmax regression on random Fourier features of them, weighed by how well each
    /// explains the labels it has not seen.
    case fourier
  }

  public var model = Model.auto
  /// Folds of the cross-fitting, at least 2.
  public var folds = 5
  /// How often folds are drawn anew and the answers averaged; nil: 3 below 1,000 rows, 2 below 4,000,
  /// else 1.
  public var repeats: Int?
  public var seed: UInt64 = 0

  /// Of data with more columns than this a few hundred directions are used (`WideFeatures`).
  static let mostColumns = 1500

  public init() {}

  /// - Parameters:
  ///   - trusted: whether the label of a row is known to be right; none by default.
  ///   - isStopped: asked between fits; the search ends with `CancellationError` if it says so.
  /// - Throws: `BilevelError` for settings out of range, and where no column varies.
  /// - Throws: `BilevelError` for settings out of range, and where no column varies.
  public func find(
    in data: LabeledData, trusted: [Bool]? = nil, isStopped: () -> Bool = { false }
  ) throws -> LabelErrors {
    let trusted = trusted ?? [Bool](repeating: false, count: data.count)
    guard folds >= 2, folds <= 1000 else {
      throw BilevelError.invalid("\(folds) folds: from 2 to 1000 are possible")
    }
    if let repeats, !(1...1000).contains(repeats) {
      throw BilevelError.invalid("\(repeats) repeats: from 1 to 1000 are possible")
    }
    guard trusted.count == data.count else {
      throw BilevelError.invalid("\(trusted.count) marks of trust for \(data.count) rows")
    }
    let key = RandomKey(seed: seed, purpose: "label errors")
    let x =
      data.exampleSize > Self.mostColumns
      ? try WideFeatures.projected(data, count: 300, key: key.split(100)[99])
      : LabelFeatures.standardized(data)
    guard x.shape[1] > 0 else {
      throw BilevelError.invalid("\(data.source): no column varies, so nothing tells rows apart")
    }
    let rounds = repeats ?? (data.count < 1000 ? 3 : data.count < 4000 ? 2 : 1)
    var sum: [Double] = []
    var prediction: [Double] = []
    var noise = [Double](repeating: 0, count: data.classCount * data.classCount)
    for keys in key.split(rounds).map({ $0.split(2) }) {
      func expert(_ x: Tensor, _ decays: [Double]) throws -> LabelExpert {
        let fitting = CrossFitting(
          x, labels: data.labels, classes: data.classCount, folds: folds, key: keys[0])
        return try LabelExpert(
          fitting, labels: data.labels, trusted: trusted, decays: decays, isStopped: isStopped)
      }
      var experts = [try expert(x, [0.3, 0.1, 0.01, 0.001])]
      let isPictures = data.shape.count == 2 || data.kind == .bytes
      if model == .fourier || (model == .auto && isPictures) {
        let fourier = try LabelFeatures.fourier(x, count: 500, key: keys[1])
        experts.append(try expert(fourier, [1, 0.3, 0.1, 0.01]))
      }
      let mixture = ExpertMixture(
        experts, labels: data.labels, trusted: trusted, classes: data.classCount)
      func add(_ values: [Double], to total: inout [Double]) {
        if total.isEmpty { total = [Double](repeating: 0, count: values.count) }
        for index in values.indices { total[index] += values[index] / Double(rounds) }
      }
      add(mixture.posterior, to: &sum)
      add(mixture.prediction, to: &prediction)
      add(mixture.noise.matrix, to: &noise)
    }
    return LabelErrors(
      labels: data.labels, classes: data.classCount, posterior: sum, prediction: prediction,
      noise: noise, trusted: trusted)
  }
}

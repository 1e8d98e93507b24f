internal import OuterloopNumerics

/// The labels of all rows, and which of them are known to be right.
struct GivenLabels: Sendable {
  let labels: [Int32]
  let trusted: [Bool]
  let classes: Int

  /// How far labels are trusted when a model is trained.
  enum Belief: Sendable {
    /// All are right.
    case all
    /// Those of trusted rows are right, the others carry no information.
    case trusted
    /// Untrusted labels follow this noise model, given the rows' held-out logits.
    case noise(NoiseTransition, logits: [Double])
  }

  /// log P(label of row | class k), (n, classes); 0 for every class where a label carries no
  /// information.
  func evidence(_ belief: Belief) -> [Float] {
    let impossible: Float = -30
    var values = [Float](repeating: impossible, count: labels.count * classes)
    for (row, label) in labels.enumerated() {
      let start = row * classes
      switch belief {
      case .noise(let noise, _) where !trusted[row]:
        for k in 0..<classes {
          values[start + k] = max(
            impossible, Float(noise.logProbability(of: Int(label), given: k)))
        }
      case .trusted where !trusted[row]:
        for k in 0..<classes { values[start + k] = 0 }
      default: values[start + Int(label)] = 0
      }
    }
    return values
  }

  /// P(class k of row | its label), (n, classes); 0 for every class where a label carries no
  /// information.
  func memberships(_ belief: Belief) -> [Float] {
    if case .noise(let noise, let logits) = belief {
      return noise.posterior(noise.probabilities(logits), labels: labels, trusted: trusted)
        .map { Float($0) }
    }
    var values = [Float](repeating: 0, count: labels.count * classes)
    for (row, label) in labels.enumerated() {
      if case .trusted = belief, !trusted[row] { continue }
      values[row * classes + Int(label)] = 1
    }
    return values
  }

  /// Folds in which every label is as frequent as elsewhere, up to one row.
  func stratifiedFolds(_ folds: Int, key: RandomKey) -> [Int32] {
    var next = key.split(1)[0].permutation(classes).map { $0 % folds }
    var result = [Int32](repeating: 0, count: labels.count)
    for row in key.permutation(labels.count) {
      let label = Int(labels[row])
      result[row] = Int32(next[label])
      next[label] = (next[label] + 1) % folds
    }
    return result
  }
}

/// A model that is trained once for each fold, on the rows outside that fold, so that every row gets
/// logits from a model that has not seen its label.
protocol CrossFitted: Sendable {
  associatedtype Models: Sendable
  var given: GivenLabels { get }
  /// Untrained models.
  var start: Models { get }

  /// Trains the models of all folds.
  ///
  /// - Parameters:
  ///   - smoothing: larger values give simpler models.
  ///   - models: where iterative training starts.
  /// - Returns: the models, and the logits of each row by the model that has not seen it, (n, classes).
  func fit(
    _ belief: GivenLabels.Belief, smoothing: Double, from models: Models
  ) throws -> (models: Models, logits: [Double])
}

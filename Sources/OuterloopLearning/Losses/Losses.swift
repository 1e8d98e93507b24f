public import OuterloopAutodiff
public import OuterloopNumerics

/// Losses as means over examples, and related metrics.
///
/// Predictions and targets have the same shape: nothing is broadcast, and an empty batch is an error.
public enum Loss {
  /// Mean cross-entropy of softmax(logits) against int32 labels. logits: (n, classes), labels: (n).
  public static func crossEntropy(_ logits: Tensor, labels: Tensor) -> Tensor {
    mean(softmaxCrossEntropy(logits, labels: labels))
  }

  /// `mean_i weight_i CE_i`, the loss of data hyper-cleaning. weights: (n).
  public static func weightedCrossEntropy(
    _ logits: Tensor, labels: Tensor, weights: Tensor
  ) -> Tensor {
    let losses = softmaxCrossEntropy(logits, labels: labels)
    return mismatch("weightedCrossEntropy", losses, weights) ?? mean(weights * losses)
  }

  /// Mean squared difference, of tensors of one shape; a plain number is a target for all.
  public static func squaredError(_ prediction: Tensor, _ target: Tensor) -> Tensor {
    mismatch("squaredError", prediction, target) ?? mean((prediction - target).square())
  }

  /// Mean logistic loss `log(1 + exp(-y s))` for signs y = +-1 and scores s. Both (n).
  public static func logistic(_ scores: Tensor, signs: Tensor) -> Tensor {
    mismatch("logistic", scores, signs) ?? mean(softplus(-(signs * scores)))
  }

  /// Half the sum of squares of every tensor of a structure.
  public static func halfSquaredNorm<W: Structure>(_ weights: W) -> Tensor {
    let terms = weights.leaves.map { 0.5 * $0.square().sum() }
    guard let first = terms.first else { return Tensor(0) }
    return terms.dropFirst().reduce(first) { $0 + $1 }
  }

  /// The share of examples whose largest logit is the label. No derivative.
  public static func accuracy(_ logits: Tensor, labels: Tensor) -> Tensor {
    guard logits.rank == 2, labels.shape == [logits.shape[0]] else {
      return Tensor(
        invalid: "accuracy of \(logits.type) against \(labels.type): needs logits (n, classes) and "
          + "labels (n)", operands: logits, labels)
    }
    let hits = logits.argmax(axis: 1).cast(to: logits.dtype).equals(labels.cast(to: logits.dtype))
    return mean(hits)
  }

  /// The mean over examples, of which there must be some.
  private static func mean(_ losses: Tensor) -> Tensor {
    losses.error == nil && losses.count == 0
      ? Tensor(invalid: "the mean over no examples: \(losses.type)") : losses.mean()
  }

  /// The error of two tensors that are compared one by one and have different shapes.
  private static func mismatch(_ name: String, _ a: Tensor, _ b: Tensor) -> Tensor? {
    guard a.error == nil, b.error == nil else { return Tensor(invalid: "", operands: a, b) }
    guard a.shape != b.shape, !b.isPlainNumber else { return nil }
    return Tensor(
      invalid: "\(name) of \(a.type) and \(b.type): the shapes differ; reshape one of them")
  }
}

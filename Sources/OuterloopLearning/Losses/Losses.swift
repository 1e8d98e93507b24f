public import OuterloopAutodiff
public import OuterloopNumerics

/// Losses as means over examples, and the measures that go with them.
public enum Loss {
  /// Mean cross-entropy of softmax(logits) against int32 labels. logits: (n, classes), labels: (n).
  public static func crossEntropy(_ logits: Tensor, labels: Tensor) -> Tensor {
    softmaxCrossEntropy(logits, labels: labels).mean()
  }

  /// `mean_i weight_i CE_i`, the loss of data hyper-cleaning. weights: (n).
  public static func weightedCrossEntropy(
    _ logits: Tensor, labels: Tensor, weights: Tensor
  ) -> Tensor { (weights * softmaxCrossEntropy(logits, labels: labels)).mean() }

  /// Mean squared difference.
  public static func squaredError(_ prediction: Tensor, _ target: Tensor) -> Tensor {
    (prediction - target).square().mean()
  }

  /// Mean logistic loss `log(1 + exp(-y s))` for signs y = +-1 and scores s. Both (n).
  public static func logistic(_ scores: Tensor, signs: Tensor) -> Tensor {
    softplus(-(signs * scores)).mean()
  }

  /// Half the sum of squares of every tensor of a structure.
  public static func halfSquaredNorm<W: Structure>(_ weights: W) -> Tensor {
    let terms = weights.leaves.map { 0.5 * $0.square().sum() }
    guard let first = terms.first else { return Tensor(0) }
    return terms.dropFirst().reduce(first) { $0 + $1 }
  }

  /// The share of examples whose largest logit is the label. No derivative.
  public static func accuracy(_ logits: Tensor, labels: Tensor) -> Tensor {
    let hits = logits.argmax(axis: 1).cast(to: logits.dtype).equals(labels.cast(to: logits.dtype))
    return hits.mean()
  }
}

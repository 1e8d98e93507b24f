public import OuterloopNumerics

extension Tensor {
  /// The sum along axes (all by default); the axes are removed, or kept with size 1 if `keeping`.
  public func sum(axes: [Int]? = nil, keeping: Bool = false) -> Tensor {
    reduced(axes, keeping) { Self.apply(.sum(Sum(axes: $0)), [self]) }
  }

  /// The mean along axes (all by default). The mean over no elements is NaN.
  public func mean(axes: [Int]? = nil, keeping: Bool = false) -> Tensor {
    let total = sum(axes: axes, keeping: keeping)
    guard error == nil, total.error == nil else { return total }
    return total / (Double(count) / Double(total.count))
  }

  /// The largest element along axes (all by default); ties share the derivative.
  public func max(axes: [Int]? = nil, keeping: Bool = false) -> Tensor {
    reduced(axes, keeping) { Self.apply(.max(Max(axes: $0)), [self]) }
  }

  /// Index (int32) of the first largest element along an axis.
  public func argmax(axis: Int) -> Tensor {
    Self.apply(.argmax(ArgMax(axis: type.axis(axis) ?? axis)), [self])
  }

  private func reduced(_ axes: [Int]?, _ keeping: Bool, _ body: ([Int]) -> Tensor) -> Tensor {
    let axes = (axes ?? Array(0..<rank)).map { type.axis($0) ?? $0 }.sorted()
    let result = body(axes)
    guard keeping, result.error == nil else { return result }
    var shape = shape
    for axis in axes { shape[axis] = 1 }
    return result.reshaped(shape)
  }
}

/// log sum exp along an axis (the last by default), shifted by the maximum so that it cannot overflow.
public func logSumExp(_ x: Tensor, axis: Int = -1, keeping: Bool = false) -> Tensor {
  let axis = x.type.axis(axis) ?? axis
  let shift = x.max(axes: [axis], keeping: true).stoppingGradient()
  let sum = exp(x - shift).sum(axes: [axis], keeping: true)
  let result = log(sum) + shift
  return keeping ? result : result.reshaped((0..<x.rank).filter { $0 != axis }.map { x.shape[$0] })
}

/// exp(x) / sum exp(x) along an axis (the last by default).
public func softmax(_ x: Tensor, axis: Int = -1) -> Tensor {
  let axis = x.type.axis(axis) ?? axis
  let shift = x.max(axes: [axis], keeping: true).stoppingGradient()
  let numerator = exp(x - shift)
  return numerator / numerator.sum(axes: [axis], keeping: true)
}

/// log softmax along an axis (the last by default).
public func logSoftmax(_ x: Tensor, axis: Int = -1) -> Tensor {
  x - logSumExp(x, axis: axis, keeping: true)
}

/// Cross-entropy of softmax(logits) against int32 class labels, one number per example.
///
/// logits: (n, classes), labels: (n). A label outside 0..<classes is an error at run time.
public func softmaxCrossEntropy(_ logits: Tensor, labels: Tensor) -> Tensor {
  guard logits.rank == 2, labels.type == TensorType([logits.shape[0]], .int32) else {
    return Tensor(
      invalid: "softmaxCrossEntropy of \(logits.type) against \(labels.type): needs logits "
        + "(n, classes) and int32 labels (n)", operands: logits, labels)
  }
  return softmaxCrossEntropy(
    logits, targets: labels.oneHot(logits.shape[1], dtype: logits.dtype))
}

/// Cross-entropy of softmax(logits) against target probabilities of the same shape.
public func softmaxCrossEntropy(_ logits: Tensor, targets: Tensor) -> Tensor {
  guard logits.shape == targets.shape else {
    return Tensor(
      invalid: "softmaxCrossEntropy of \(logits.type) against \(targets.type): the shapes differ",
      operands: logits, targets)
  }
  return logSumExp(logits, axis: -1) - (targets * logits).sum(axes: [-1])
}

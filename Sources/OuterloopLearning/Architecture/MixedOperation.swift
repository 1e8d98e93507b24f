public import OuterloopAutodiff
public import OuterloopNumerics

/// Every candidate operation at once, weighted by a relaxed choice s (Liu et al. 2019, Eq. 2):
///
///     y = sum_o s_o o(x)
///
/// The weights come from outside (`SimplexRelaxation` of logits, a Gumbel-softmax sample, or a
/// straight-through choice), since they are hyperparameters and the filters are not.
///
/// Time and memory: those of all candidates together, k times one.
public struct MixedOperation: Structure {
  /// The operations that are mixed.
  public let candidates: [CandidateOperation]
  /// The stride of all of them.
  public let stride: Int
  /// The filters of each candidate, in order.
  public var filters: [[Tensor]]

  /// A mixture with random filters.
  public init(
    _ candidates: [CandidateOperation], channels: Int, stride: Int = 1, key: RandomKey,
    dtype: DType = .float32
  ) {
    self.candidates = candidates
    self.stride = stride
    filters = zip(candidates, key.split(candidates.count)).map {
      $0.filters(channels: channels, stride: stride, key: $1, dtype: dtype)
    }
  }

  /// x: (n, h, w, channels), weights: (candidates) -> (n, h', w', channels).
  public func callAsFunction(_ x: Tensor, weights: Tensor) -> Tensor {
    guard weights.shape == [candidates.count] else {
      return Tensor(
        invalid: "\(weights.type) weights for \(candidates.count) operations: one each is needed",
        operands: weights, x)
    }
    // `none` adds nothing: its weight acts through what it takes from the others.
    let acting = candidates.indices.filter { candidates[$0] != CandidateOperation.none }
    guard let first = acting.first else {
      return CandidateOperation.none(x, stride: stride)
    }
    return acting.dropFirst().reduce(weights.example(first) * self(x, only: first)) {
      $0 + weights.example($1) * self(x, only: $1)
    }
  }

  /// One candidate alone.
  public func callAsFunction(_ x: Tensor, only index: Int) -> Tensor {
    guard candidates.indices.contains(index), filters.indices.contains(index) else {
      return Tensor(invalid: "operation \(index) of \(candidates.count)")
    }
    return candidates[index](x, filters: filters[index], stride: stride)
  }

  /// The mixture of any functions of x that give the same shape.
  ///
  /// - Throws: what the operations throw.
  public static func mixture(
    _ x: Tensor, weights: Tensor, of operations: [(Tensor) throws -> Tensor]
  ) throws -> Tensor {
    guard weights.shape == [operations.count], !operations.isEmpty else {
      return Tensor(
        invalid: "\(weights.type) weights for \(operations.count) operations: one each is needed",
        operands: weights, x)
    }
    var sum: Tensor?
    for (index, operation) in operations.enumerated() {
      let term = weights.example(index) * (try operation(x))
      sum = sum.map { $0 + term } ?? term
    }
    return sum ?? x
  }

  public mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
    try filters.visit(path + ".filters", body)
  }
}

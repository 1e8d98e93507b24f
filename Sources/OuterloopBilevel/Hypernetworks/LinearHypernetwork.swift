public import OuterloopAutodiff
public import OuterloopNumerics

/// The linear hypernetwork, exact where the best response is linear and its tangent elsewhere:
///
///     w_phi(l) = l A + b
///
/// Time and memory: P Q for P weights and Q hyperparameters.
public struct LinearHypernetwork<Weights: Structure>: Hypernetwork {
  /// A: for each tensor of the weights (Q, its elements), in order.
  public var slopes: [Tensor]
  /// b, shaped like the weights: where training starts at l = 0.
  public var base: Weights
  public let hyperparameters: Int

  /// Slope zero: the same weights for every l.
  public init(base: Weights, hyperparameters: Int) {
    self.base = base
    self.hyperparameters = hyperparameters
    slopes = base.leaves.map { Tensor.zeros([hyperparameters, $0.count], dtype: $0.dtype) }
  }

  /// Weights at l (Q).
  public func callAsFunction(_ l: Tensor) -> Weights {
    guard l.shape == [hyperparameters] else {
      return base.mapLeaves { _ in
        Tensor(invalid: "hyperparameters \(l.type) for a hypernetwork of \(hyperparameters)")
      }
    }
    let leaves = base.leaves
    guard slopes.map(\.shape) == leaves.map({ [hyperparameters, $0.count] }) else {
      return base.mapLeaves { _ in
        Tensor(
          invalid: "a hypernetwork with slopes \(slopes.map(\.type)) for the weights "
            + "\(leaves.map(\.type)): (\(hyperparameters), elements) is needed for each")
      }
    }
    var index = 0
    return base.mapLeaves { leaf in
      defer { index += 1 }
      return leaf + matmul(l.cast(to: leaf.dtype), slopes[index]).reshaped(leaf.shape)
    }
  }

  public mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
    try slopes.visit(path + ".slopes", body)
    try base.visit(path + ".base", body)
  }
}

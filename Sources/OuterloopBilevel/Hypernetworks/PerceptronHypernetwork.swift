public import OuterloopAutodiff
public import OuterloopLearning
public import OuterloopNumerics

/// A hypernetwork with hidden layers, for best responses that bend (Lorraine and Duvenaud 2018):
///
///     w_phi(l) = h(l) A + b,      h(l) = activation of a perceptron of l
///
/// Time and memory: P H for P weights and H units in the last hidden layer.
public struct PerceptronHypernetwork<Weights: Structure>: Hypernetwork {
  /// l to the units before the last activation.
  public var trunk: MultilayerPerceptron
  /// The units to the weights.
  public var heads: LinearHypernetwork<Weights>
  public let hyperparameters: Int

  /// - Parameter hidden: sizes of the hidden layers, at least one.
  /// Heads start at zero: the same weights for every l; the trunk is Glorot-uniform.
  /// - Throws: `TensorError` without a hidden layer.
  public init(
    base: Weights, hyperparameters: Int, hidden: [Int], activation: Activation = .tanh,
    key: RandomKey, dtype: DType = .float32
  ) throws {
    guard let last = hidden.last, hidden.allSatisfy({ $0 > 0 }) else {
      throw TensorError(
        "a hypernetwork with hidden layers \(hidden)",
        remedy: "use positive sizes, or LinearHypernetwork")
    }
    self.hyperparameters = hyperparameters
    trunk = MultilayerPerceptron(
      [hyperparameters] + hidden, activation: activation, key: key, dtype: dtype)
    heads = LinearHypernetwork(base: base, hyperparameters: last)
  }

  /// Weights at l (Q).
  public func callAsFunction(_ l: Tensor) -> Weights { heads(trunk.activation(trunk(l))) }

  public mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
    try trunk.visit(path + ".trunk", body)
    try heads.visit(path + ".heads", body)
  }
}

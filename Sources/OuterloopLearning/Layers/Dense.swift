public import OuterloopAutodiff
public import OuterloopNumerics

/// A fully connected layer: (n, inputs) -> (n, outputs), `x W + b`.
public struct Dense: Structure {
  /// (inputs, outputs)
  public var weights: Tensor
  /// (outputs)
  public var bias: Tensor

  /// A layer with the weights given, (inputs, outputs) and (outputs).
  public init(weights: Tensor, bias: Tensor) {
    self.weights = weights
    self.bias = bias
  }

  /// Glorot-uniform weights and zero bias.
  public init(_ inputs: Int, _ outputs: Int, key: RandomKey, dtype: DType = .float32) {
    weights = Initializer.glorot(
      [inputs, outputs], fanIn: inputs, fanOut: outputs, key: key, dtype: dtype)
    bias = Tensor.zeros([outputs], dtype: dtype)
  }

  /// x W + b: x (n, inputs) to (n, outputs).
  public func callAsFunction(_ x: Tensor) -> Tensor { matmul(x, weights) + bias }

  public mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
    try weights.visit(path + ".weights", body)
    try bias.visit(path + ".bias", body)
  }
}

/// Initial weights. Every draw is named by a key.
public enum Initializer {
  /// Uniform in +-sqrt(6 / (fanIn + fanOut)) (Glorot and Bengio 2010).
  public static func glorot(
    _ shape: [Int], fanIn: Int, fanOut: Int, key: RandomKey, dtype: DType = .float32
  ) -> Tensor {
    let limit = (6 / Swift.max(Double(fanIn) + Double(fanOut), 1)).squareRoot()
    return key.uniform(shape, dtype: dtype) * (2 * limit) - limit
  }

  /// Normal with standard deviation sqrt(2 / fanIn) (He et al. 2015), for ReLU.
  public static func he(
    _ shape: [Int], fanIn: Int, key: RandomKey, dtype: DType = .float32
  ) -> Tensor {
    key.normal(shape, dtype: dtype) * (2 / Double(Swift.max(fanIn, 1))).squareRoot()
  }
}

/// A stack of dense layers with one activation between them.
public struct MultilayerPerceptron: Structure {
  /// The layers, from the input on.
  public var layers: [Dense]
  /// What stands between two layers.
  public var activation: Activation

  /// - Parameter sizes: inputs, hidden sizes, outputs.
  public init(
    _ sizes: [Int], activation: Activation = .tanh, key: RandomKey, dtype: DType = .float32
  ) {
    let keys = key.split(Swift.max(sizes.count - 1, 0))
    layers = zip(zip(sizes, sizes.dropFirst()), keys).map {
      Dense($0.0, $0.1, key: $1, dtype: dtype)
    }
    self.activation = activation
  }

  /// The output of the last layer, without activation.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    var y = x
    for (index, layer) in layers.enumerated() {
      y = layer(y)
      if index < layers.count - 1 { y = activation(y) }
    }
    return y
  }

  public mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
    try layers.visit(path + ".layers", body)
  }
}

/// An elementwise function between layers.
public enum Activation: String, Sendable, Codable, CaseIterable {
  /// The hyperbolic tangent.
  case tanh
  /// max(x, 0).
  case relu
  /// 1 / (1 + exp(-x)).
  case sigmoid
  /// log(1 + exp(x)).
  case softplus
  /// x itself.
  case identity

  /// The function of each element.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    switch self {
    case .tanh: OuterloopAutodiff.tanh(x)
    case .relu: OuterloopAutodiff.relu(x)
    case .sigmoid: OuterloopAutodiff.sigmoid(x)
    case .softplus: OuterloopAutodiff.softplus(x)
    case .identity: x
    }
  }
}

public import OuterloopAutodiff
public import OuterloopLearning
public import OuterloopNumerics

/// Weights as a learned function of hyperparameters, `w_phi(l)`: a hypernetwork (Lorraine and
/// Duvenaud 2018). Its own tensors are phi; it is a structure, so it trains like any model.
public protocol Hypernetwork<Weights>: Structure {
  /// The weights that it makes.
  associatedtype Weights: Structure
  /// Q, the size of l.
  var hyperparameters: Int { get }
  /// The weights at hyperparameters (Q), unconstrained; differentiable in phi and l.
  func callAsFunction(_ l: Tensor) -> Weights
}

/// What a hypernetwork has learned about trained weights around lambda.
public struct BestResponse: Sendable {
  /// dw/dlambda at lambda: for each weight tensor of shape (...) a tensor (Q, ...), a row for each
  /// number of lambda in the order of its tensors. Empty if the settings do not ask for it.
  public var slopes: [Tensor]
  /// s, shaped like each tensor of lambda.
  public var scale: [Tensor]
}

extension BestResponse: Hashable {
  /// Equal shapes and elements.
  public static func == (a: BestResponse, b: BestResponse) -> Bool {
    let (x, y) = (a.slopes + a.scale, b.slopes + b.scale)
    return a.slopes.count == b.slopes.count && x.map(\.type) == y.map(\.type)
      && zip(x, y).allSatisfy { (try? $0.doubles()) == (try? $1.doubles()) }
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(slopes.map(\.type))
    hasher.combine(scale.map(\.type))
  }
}

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

extension Structure {
  /// All tensors as one vector, in order: l as a hypernetwork reads it.
  public var flattened: Tensor {
    let parts = leaves.map { $0.reshaped([-1]) }
    return parts.count == 1 ? parts[0] : concatenate(parts)
  }

  /// The structure of this shape with the elements of a vector, in order.
  public func unflattened(_ vector: Tensor) -> Self {
    guard vector.shape == [elementCount] else {
      return mapLeaves { _ in
        Tensor(invalid: "\(vector.type) for a structure of \(elementCount) elements")
      }
    }
    var start = 0
    return mapLeaves { leaf in
      defer { start += leaf.count }
      return vector.sliced(axis: 0, start..<(start + leaf.count)).reshaped(leaf.shape)
    }
  }
}

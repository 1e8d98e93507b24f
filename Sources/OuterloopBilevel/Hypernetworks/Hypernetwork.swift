public import OuterloopAutodiff
public import OuterloopNumerics

/// Weights as a learned function of hyperparameters, `w_phi(l)`: a hypernetwork (Lorraine and
/// Duvenaud 2018). Its own tensors are phi; it is a structure, so it trains like any model.
public protocol Hypernetwork<Weights>: Structure {
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

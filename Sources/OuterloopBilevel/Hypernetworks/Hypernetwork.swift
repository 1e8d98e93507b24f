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

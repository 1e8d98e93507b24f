/// The step size r_k of an iteration by its number k = 1, 2, ...
public enum StepSize: Sendable, Hashable, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  /// r at every step: on minibatches the iteration stalls at a noise floor of O(r).
  case constant(Double)
  /// `r / sqrt(k)`, with which stochastic methods converge.
  case decaying(Double)

  public init(floatLiteral value: Double) { self = .constant(value) }
  public init(integerLiteral value: Int) { self = .constant(Double(value)) }

  /// r_k
  public func at(_ k: Int) -> Double {
    switch self {
    case .constant(let first): first
    case .decaying(let first): first / Double(k).squareRoot()
    }
  }
}

extension StepSize: CustomStringConvertible {
  public var description: String {
    switch self {
    case .constant(let first): "\(first)"
    case .decaying(let first): "decaying(\(first))"
    }
  }
}

extension HypergradientMethod {
  /// Refuses a step size that does not move, or moves the wrong way.
  func require(_ rate: StepSize) throws {
    guard rate.at(1) > 0, rate.at(1) < .infinity else {
      throw refused(
        "its step size for the linear system is \(rate)",
        "use a positive number below 2 over the largest eigenvalue of the inner Hessian")
    }
  }
}

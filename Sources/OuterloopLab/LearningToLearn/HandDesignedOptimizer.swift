internal import OuterloopLearning
internal import OuterloopNumerics

/// The optimizers that a learned one is compared with, each with a tuned rate.
enum HandDesignedOptimizer: String, CaseIterable, Codable, Sendable {
  case sgd = "SGD"
  case nesterov = "NAG"
  case rmsProp = "RMSprop"
  case adam = "Adam"

  func callAsFunction(_ rate: Tensor) -> Optimizer {
    switch self {
    case .sgd: .sgd(rate: .init(rate))
    case .nesterov: .nesterov(rate: .init(rate))
    case .rmsProp: .rmsProp(rate: .init(rate))
    case .adam: .adam(rate: .init(rate))
    }
  }

  /// Rates to choose from, each about twice the one before.
  var rates: [Double] {
    let first =
      switch self {
      case .sgd: 0.1
      case .nesterov: 0.02
      case .rmsProp, .adam: 0.002
      }
    return (0..<8).map { first * Double(1 << $0) }
  }
}

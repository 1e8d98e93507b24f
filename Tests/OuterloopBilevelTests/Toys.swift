import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics

/// Problems of few numbers whose answers are known.
enum Toys {
  typealias Problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>

  /// L = |h + w|^2, E = |w|^2, from w = 2.
  static func course(steps: Int = 10, rate: Double = 0.1) -> Problem {
    Problem(
      steps: steps, weights: { _ in number(2) }, optimizer: { _, _ in .sgd(rate: .init(rate)) },
      loss: { w, h in (h + w).square() }, outer: { w, _ in w.square() })
  }

  /// The same in ten steps with (h, rate) as hyperparameters.
  static func courseWithRate() -> BilevelProblem<TrainingState<Tensor>, [Tensor], NoTensors> {
    BilevelProblem(
      steps: 10, weights: { _ in number(2) }, optimizer: { h, _ in .sgd(rate: .init(h[1])) },
      loss: { w, h in (h[0] + w).square() }, outer: { w, _ in w.square() })
  }
  static let coursePoint = [number(1), number(0.1)]

  /// E = |w|^2 + 10 |sin w|^2, L = (w - l)' G (w - l) / 2, G = diag(1, .5), eta = .1, from (2, 2).
  static func sine(steps: Int) -> Problem {
    Problem(
      steps: steps, weights: { _ in vector([2, 2]) }, optimizer: { _, _ in .sgd(rate: 0.1) },
      loss: { w, l in 0.5 * (vector([1, 0.5]) * (w - l).square()).sum() },
      outer: { w, _ in w.square().sum() + 10 * sin(w).square().sum() })
  }

  /// DARTS' toy, E = a w - 2 a + 1 and L = w^2 - 2 a w + a^2, with xi as inner rate.
  static func architecture(steps: Int, from start: Double, xi: Double) -> Problem {
    Problem(
      steps: steps, weights: { _ in number(start) }, optimizer: { _, _ in .sgd(rate: .init(xi)) },
      loss: { w, a in w.square() - 2 * a * w + a.square() },
      outer: { w, a in a * w - 2 * a + 1 })
  }

  /// L = (w - l)^2 / 2, E = (w - 3)^2 / 2 by heavy ball, from w = 2.
  static func spring(steps: Int) -> Problem {
    Problem(
      steps: steps, weights: { _ in number(2) },
      optimizer: { _, _ in .momentum(rate: 0.3, momentum: 0.8) },
      loss: { w, l in 0.5 * (w - l).square() }, outer: { w, _ in 0.5 * (w - 3).square() })
  }
}

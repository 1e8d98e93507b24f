import Foundation
import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics
import Testing

/// One-step, greedy, difference and distilled hypergradients against closed forms and published
/// numbers.
@Suite struct ShortHorizonTests {
  typealias Toy = Toys.Problem

  /// Digits worked out by hand for T = 5, and the formulas for every T.
  @Test(arguments: [1, 2, 5, 10, 40]) func greedyOnTheSineToy(steps: Int) throws {
    let at = vector([1, 1])
    func by(_ estimator: Estimator) throws -> [Double] {
      try Toys.sine(steps: steps).hypergradient(at: at, by: estimator).gradient.doubles()
    }
    func greedy(_ gamma: Double) -> [Double] {
      [1, 0.5].map { curvature in
        let (a, b) = (1 - 0.1 * curvature, 0.1 * curvature)
        var (w, x) = (2.0, 0.0)
        for _ in 0..<steps {
          w = a * w + b
          x = gamma * x + b * (2 * w + 10 * Foundation.sin(2 * w))
        }
        return x
      }
    }
    for gamma in [0, 0.5, 0.9, 1] {
      #expect(deviation(try by(.greedy(gamma: gamma)), greedy(gamma)) < 1e-13)
    }
    #expect(deviation(try by(.oneStep), greedy(0)) < 1e-13)
    guard steps == 5 else { return }
    #expect(deviation(try by(.reverse), [1.1413896988, -0.0908341957]) < 1e-9)
    #expect(deviation(try by(.oneStep), [0.2787208368, -0.0200766007]) < 1e-9)
    #expect(deviation(try by(.greedy(gamma: 0.9)), [0.2282483507, -0.3201574930]) < 1e-9)
    #expect(deviation(try by(.greedy(gamma: 0.5)), [0.3413149587, -0.0918015556]) < 1e-9)
  }

  /// With H = c I and a linear E, gamma = 1 - eta c makes greedy exact.
  @Test(arguments: [0.5, 1, 3]) func greedyIsExact(curvature: Double) throws {
    let problem = Toy(
      steps: 9, weights: { _ in vector([1, -2, 3]) }, optimizer: { _, _ in .sgd(rate: 0.2) },
      loss: { w, l in 0.5 * curvature * w.square().sum() - (w * l * l).sum() },
      outer: { w, l in (w * vector([1, 2, -1])).sum() + l.sum() })
    let at = vector([0.5, 1, -0.3])
    let exact = try problem.hypergradient(at: at, by: .reverse).gradient.doubles()
    let gamma = 1 - 0.2 * curvature
    let greedy = try problem.hypergradient(at: at, by: .greedy(gamma: gamma)).gradient.doubles()
    #expect(deviation(greedy, exact) < 1e-13)
    let other = try problem.hypergradient(at: at, by: .greedy(gamma: gamma / 2))
    #expect(deviation(try other.gradient.doubles(), exact) > 0.1)
  }

  /// E = a w - 2 a + 1, L = w^2 - 2 a w + a^2: alternating steps have the fixed point
  /// a = w = 2 / (1 + 2 xi), with xi the inner rate; the optimum is 1.
  @Test(arguments: [0.3, 0.5, 0.7], [Estimator.oneStep, .finiteDifference(), .greedy(gamma: 0)])
  func dartsFixedPoint(xi: Double, estimator: Estimator) throws {
    let state = try Toys.architecture(steps: 4000, from: 0.3, xi: xi).minimize(
      from: number(0.1), by: estimator, updates: 1500, with: OuterLoop(.sgd(rate: 0.05)),
      training: .online(every: 1))
    #expect(abs(try state.hyper.item() - 2 / (1 + 2 * xi)) < 1e-6)
  }

  /// The direct term alone is the limit of xi = 0: alternation goes to 2, and the outer problem is
  /// not solved.
  @Test func firstOrderFixedPoint() throws {
    let state = try Toys.architecture(steps: 4000, from: 0.3, xi: 0.3).minimize(
      from: number(0.1), by: .firstOrder, updates: 1500, with: OuterLoop(.sgd(rate: 0.05)),
      training: .online(every: 1))
    #expect(abs(try state.hyper.item() - 2) < 1e-6)
  }

  /// Where grad_lambda L is quadratic in w, differences are exact for any radius: log decays; and for
  /// the optimizer's own numbers nothing is approximated.
  @Test(arguments: [0.001, 0.1, 2]) func exactDifferences(radius: Double) throws {
    let x = RandomKey(seed: 4).normal([6, 4], dtype: .float64)
    let problem = BilevelProblem<TrainingState<Tensor>, [Tensor], NoTensors>(
      steps: 3, weights: { _ in vector([0.3, -0.2, 0.5, 0.1]) },
      optimizer: { h, _ in
        .adam(rate: .init(h[1]), beta1: .init(h[2]), beta2: 0.9, epsilon: 0.01)
      },
      loss: { w, h in
        tanh(matmul(x, w)).square().sum() + 0.5 * (exp(h[0]) * w.square()).sum()
      },
      outer: { w, _ in (w - 1).square().sum() })
    let at = [vector([-1, 0, -2, 0.5]), number(0.1), number(0.7)]
    let one = try problem.hypergradient(at: at, by: .oneStep).gradient.flat
    let difference = try problem.hypergradient(
      at: at, by: .finiteDifference(radius: radius)
    ).gradient.flat
    #expect(deviation(difference, one) < 1e-10)
  }

  // MARK: - Distillation

  /// The course's toy, L = |h + w|^2 and E = |w|^2: A = .8 and B are constant, so at gamma = .8 the
  /// distilled hypergradient is exact and theta is 1.
  @Test(arguments: [(0.8, 1.0), (0.5, 1.828692), (0.9, 0.752760), (0.99, 0.557880)])
  func thetaOfTheCourseToy(gamma: Double, theta: Double) throws {
    let problem = Toys.course()
    let result = try problem.hypergradient(
      at: number(1), by: .distill(gamma: gamma, period: 1))
    #expect(abs(try #require(result.diagnostics.theta) - theta) < 1e-6)
    let plain = try problem.hypergradient(at: number(1), by: .distill(gamma: 0.8, period: nil))
    #expect(abs(try plain.gradient.item() - 1.2101818311) < 1e-9)
  }

  /// gamma = 1 by its limits: the plain mean of the states, times t.
  @Test func gammaOne() throws {
    let problem = Toy(
      steps: 4, weights: { _ in number(2) }, optimizer: { _, _ in .sgd(rate: 0.1) },
      loss: { w, h in h * w.square() * w }, outer: { w, _ in w.square() })
    var (w, sum) = (2.0, 0.0)
    for _ in 0..<4 {
      sum += w
      w -= 0.1 * 3 * 0.2 * w * w
    }
    let mean = sum / 4
    let result = try problem.hypergradient(at: number(0.2), by: .distill(gamma: 1, period: nil))
    #expect(abs(try result.gradient.item() - 4 * 2 * w * (-0.1 * 3 * mean * mean)) < 1e-13)
    let almost = try problem.hypergradient(
      at: number(0.2), by: .distill(gamma: 1 - 1e-9, period: nil))
    #expect(abs(try almost.gradient.item() - result.gradient.item()) < 1e-7)
  }

  /// theta against Algorithm 4 written out in numbers, where the states matter:
  /// L = h w^3 + w^2 / 2, E = w^2 + w.
  @Test(arguments: [0.0, 0.6, 0.9, 1]) func thetaByHand(gamma: Double) throws {
    let (eta, h, steps) = (0.1, 0.4, 6)
    let problem = Toy(
      steps: steps, weights: { _ in number(1.5) }, optimizer: { _, _ in .sgd(rate: .init(eta)) },
      loss: { w, h in h * w.square() * w + 0.5 * w.square() },
      outer: { w, _ in w.square() + w })
    var w = 1.5
    for _ in 0..<steps { w -= eta * (3 * h * w * w + w) }
    let end = w
    func power(_ n: Int) -> Double { (0..<n).reduce(1) { value, _ in value * gamma } }
    var adjoint = 2 * end + 1
    var (g, xy, xx) = (0.0, 0.0, 0.0)
    var states: [Double] = []
    for s in 1...steps {
      let f = Double(steps - s) / Double(steps)
      let point = (1 - f) * 1.5 + f * end
      g += adjoint * (-eta * 3 * point * point)
      adjoint *= 1 - eta * (6 * h * point + 1)
      // The s-th state added has weight gamma^(s-1).
      states.append(point)
      let weights = states.indices.map { power($0) }
      let mean =
        zip(weights, states).reduce(0) { $0 + $1.0 * $1.1 } / weights.reduce(0, +)
      let v = (2 * end + 1) * (-eta * 3 * mean * mean)
      let x = abs(v) * weights.reduce(0, +)
      xy += x * (v / abs(v)) * g
      xx += x * x
    }
    let result = try problem.hypergradient(
      at: number(h), by: .distill(gamma: gamma, period: 3))
    #expect(abs(try #require(result.diagnostics.theta) / (xy / xx) - 1) < 1e-12)
  }

  /// Under momentum theta depends on what an effect travels through: with buffers it is that of the
  /// whole state; through the weights only, a_{t-1} = a_t (1 - eta H), as the paper has it.
  @Test func thetaThroughMomentum() throws {
    let (eta, mu, steps, gamma) = (0.1, 0.7, 7, 0.9)
    let problem = Toy(
      steps: steps, weights: { _ in number(2) },
      optimizer: { _, _ in .momentum(rate: .init(eta), momentum: .init(mu)) },
      loss: { w, h in 0.5 * w.square() - h * w }, outer: { w, _ in w.square() })
    // B = eta on w' and -1 on m'; v is a_T B = eta grad E throughout.
    func theta(_ carries: Bool) -> Double {
      var (a, am, g, xy, xx, horizon, weight) = (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
      for _ in 1...steps {
        // u = am - eta a is the adjoint of the gradient w - h.
        let u = am - eta * a
        g -= u
        (a, am) = (a + u, carries ? mu * u : 0)
        horizon += weight
        weight *= gamma
        xy += eta * horizon * g
        xx += eta * horizon * eta * horizon
      }
      return xy / xx
    }
    for (state, carries) in [(DistilledState.whole, true), (.weights, false)] {
      let result = try problem.hypergradient(
        at: number(0.5), by: .distill(gamma: gamma, period: 1, through: state))
      #expect(abs(try #require(result.diagnostics.theta) / theta(carries) - 1) < 1e-12)
    }
    #expect(theta(true) > 1.5 * theta(false))
  }

  /// theta is estimated from where a training starts, again every `period` trainings.
  @Test func thetaFollowsTheStart() throws {
    let problem = Toy(
      steps: 3, weights: { _ in number(1.5) }, optimizer: { _, _ in .sgd(rate: 0.1) },
      loss: { w, h in h * w.square() * w + 0.5 * w.square() },
      outer: { w, _ in w.square() + w })
    let seen = try problem.path(
      from: number(0.4), by: .distill(gamma: 0.9, period: 2), updates: 12,
      with: OuterLoop(.sgd(rate: 0.01)), training: .online(every: 1, start: .reptile(rate: 1))
    ) { (theta: try #require($0.diagnostics.theta), products: $0.cost.products) }
    let thetas = seen.map(\.theta)
    #expect(seen.map(\.products) == [7, 1, 1, 1, 1, 1, 7, 1, 1, 1, 1, 1])
    #expect(Set(thetas[..<6]).count == 1 && Set(thetas[6...]).count == 1)
    #expect(thetas[0] != thetas[6])
  }
}

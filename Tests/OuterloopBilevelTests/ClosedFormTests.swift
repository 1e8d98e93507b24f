import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics
import Testing

/// Problems whose answers are known without the library: closed forms, published numbers, and
/// recursions written out by hand and differentiated by complex steps.
@Suite struct ClosedFormTests {
  // MARK: - The course toy: L = |h + w|^2, E = |w|^2

  /// w_T = (1 - 2 eta)^T w_0 - (1 - (1 - 2 eta)^T) h with eta = .1, T = 10, h = 1, w_0 = 2.
  @Test(arguments: [.reverse, .forward, .reverse(memory: 1 << 20), .truncated(10)] as [Estimator])
  func courseToyExact(by estimator: Estimator) throws {
    let result = try Toys.courseWithRate().hypergradient(at: Toys.coursePoint, by: estimator)
    #expect(deviation(try result.state.flat, [-0.6778774528]) < 1e-10)
    let gradient = try result.gradient.flat
    #expect(abs(gradient[0] - 1.2101818311) < 1e-10)
    #expect(abs(gradient[1] - 10.917981) < 1e-6)
    // To rounding: dE/dh = -2 w_T (1 - .8^10), dE/deta = 2 w_T (-2) T .8^9 (w_0 + h).
    var power = 1.0
    for _ in 0..<9 { power *= 0.8 }
    let end = power * 0.8 * 3 - 1
    #expect(
      deviation(gradient, [-2 * end * (1 - power * 0.8), 2 * end * -20 * power * 3]) < 1e-14)
  }

  @Test(arguments: 1...10) func courseToyTruncated(horizon: Int) throws {
    let result = try Toys.courseWithRate().hypergradient(
      at: Toys.coursePoint, by: .truncated(horizon))
    let end = try result.state.flat[0]
    var power = 1.0
    for _ in 0..<horizon { power *= 0.8 }
    #expect(abs(try result.gradient.flat[0] - -2 * end * (1 - power)) < 1e-14)
    if horizon == 1 {
      let one = try Toys.courseWithRate().hypergradient(at: Toys.coursePoint, by: .oneStep)
      #expect(abs(try one.gradient.flat[0] - 0.2711509811) < 1e-10)
    }
  }

  // MARK: - The greedy paper's toy

  /// E = |w|^2 + 10 |sin w|^2, L = .5 (w - l)' diag(1, .5) (w - l), eta = .1, w_0 = (2, 2), l = (1, 1).
  @Test func greedyToy() throws {
    let problem = Toys.sine(steps: 5)
    let point = vector([1, 1])
    for estimator in [Estimator.reverse, .forward] {
      let exact = try problem.hypergradient(at: point, by: estimator).gradient.flat
      #expect(deviation(exact, [1.1413896988, -0.0908341957]) < 2e-10)
    }
    let oneStep = try problem.hypergradient(at: point, by: .oneStep).gradient.flat
    #expect(deviation(oneStep, [0.2787208368, -0.0200766007]) < 1e-10)
  }

  // MARK: - DARTS' toy: E = a w - 2 a + 1, L = w^2 - 2 a w + a^2

  /// With w at its minimum, alternation with the one-step hypergradient settles at a = 2 / (1 + 2 xi):
  /// at the optimum, a = 1, for xi = .5 only. Reverse mode finds the optimum whatever xi.
  @Test(arguments: [0.3, 0.5, 0.7]) func architectureFixedPoints(xi: Double) throws {
    let problem = Toys.architecture(steps: 60, from: 0, xi: xi)
    let loop = OuterLoop<Tensor>(.sgd(rate: 0.4))
    let settled = try problem.minimize(from: number(2), by: .oneStep, updates: 60, with: loop)
    #expect(abs(try settled.hyper.item() - 2 / (1 + 2 * xi)) < 1e-9)
    let optimum = try problem.minimize(from: number(2), by: .reverse, updates: 60, with: loop)
    #expect(abs(try optimum.hyper.item() - 1) < 1e-9)
    // Without the second-order term: xi = 0.
    let first = try problem.minimize(from: number(0.5), by: .firstOrder, updates: 60, with: loop)
    #expect(abs(try first.hyper.item() - 2) < 1e-9)
  }

  // MARK: - Recursions by complex steps

  /// Heavy ball on a vector: loss sum_i e^{..} written with l_i itself, a quartic coupling term, and
  /// hyperparameters (l_1, l_2, l_3, eta, mu); the outer loss uses l too.
  @Test func heavyBall() throws {
    let steps = 12
    let start = [0.7, -0.4, 0.2]
    let target = [0.5, 0.1, -0.3]
    let point = [0.3, 0.8, 0.1, 0.09, 0.85]
    // L = sum_i (l_i w_i^2 / 2 + (w_i - c_i)^2 / 2) + w_1 w_2 w_3;  E = sum_i w_i^3 + l_1 w_2^2
    func trained(_ h: [Complex]) -> Complex {
      var w = start.map { Complex($0) }
      var m = [Complex](repeating: 0.0, count: 3)
      for _ in 0..<steps {
        let g = (0..<3).map { i in
          h[i] * w[i] + w[i] - Complex(target[i]) + w[(i + 1) % 3] * w[(i + 2) % 3]
        }
        for i in 0..<3 {
          m[i] = h[4] * m[i] + g[i]
          w[i] = w[i] - h[3] * m[i]
        }
      }
      return w[0] * w[0] * w[0] + w[1] * w[1] * w[1] + w[2] * w[2] * w[2] + h[0] * w[1] * w[1]
    }
    let problem = BilevelProblem<TrainingState<Tensor>, [Tensor], NoTensors>(
      steps: steps, weights: { _ in vector(start) },
      optimizer: { h, _ in .momentum(rate: .init(h[1]), momentum: .init(h[2])) },
      loss: { w, h in
        let product = w.example(0) * w.example(1) * w.example(2)
        return 0.5 * (h[0] * w.square() + (w - vector(target)).square()).sum() + product
      },
      outer: { w, h in
        (w.square() * w).sum() + h[0].example(0) * w.example(1).square()
      })
    let hyper = [vector(Array(point[..<3])), number(point[3]), number(point[4])]
    let expected = complexStepGradient(at: point, of: trained)
    for estimator in [Estimator.reverse, .forward, .reverse(memory: 1 << 20)] {
      let result = try problem.hypergradient(at: hyper, by: estimator)
      #expect(deviation(try result.gradient.flat, expected) < 1e-13, "\(estimator)")
      #expect(abs(result.loss - trained(point.map { Complex($0) }).re) < 1e-14)
    }
  }

  /// Adam with bias corrections on two weights, with (l, rate, beta1, beta2, epsilon) and where
  /// training starts as hyperparameters.
  @Test func adam() throws {
    let steps = 9
    let point = [0.6, 0.07, 0.8, 0.95, 0.03, 0.9, -0.5]
    // L = sum_i l w_i^2 / 2 + (w_1 w_2 - 1)^2 / 2;  E = (w_1 - 1)^2 + w_1 w_2^2
    func trained(_ h: [Complex]) -> Complex {
      var w = [h[5], h[6]]
      var m: [Complex] = [0.0, 0.0]
      var v: [Complex] = [0.0, 0.0]
      var (power1, power2): (Complex, Complex) = (1.0, 1.0)
      for _ in 0..<steps {
        power1 = power1 * h[2]
        power2 = power2 * h[3]
        let residual = w[0] * w[1] - 1.0
        let g = [h[0] * w[0] + residual * w[1], h[0] * w[1] + residual * w[0]]
        for i in 0..<2 {
          m[i] = h[2] * m[i] + (1.0 - h[2]) * g[i]
          v[i] = h[3] * v[i] + (1.0 - h[3]) * g[i] * g[i]
          let root = (v[i] / (1.0 - power2) + h[4] * h[4]).squareRoot
          w[i] = w[i] - h[1] * (m[i] / (1.0 - power1)) / root
        }
      }
      return (w[0] - 1.0) * (w[0] - 1.0) + w[0] * w[1] * w[1]
    }
    let problem = BilevelProblem<TrainingState<Tensor>, [Tensor], NoTensors>(
      steps: steps, weights: { $0[5] },
      optimizer: { h, _ in
        .adam(
          rate: .init(h[1]), beta1: .init(h[2]), beta2: .init(h[3]), epsilon: .init(h[4]))
      },
      loss: { w, h in
        0.5 * (h[0] * w.square()).sum() + 0.5 * (w.example(0) * w.example(1) - 1).square()
      },
      outer: { w, _ in (w.example(0) - 1).square() + w.example(0) * w.example(1).square() })
    let hyper = point[..<5].map { number($0) } + [vector(Array(point[5...]))]
    let expected = complexStepGradient(at: point, of: trained)
    for estimator in [Estimator.reverse, .forward] {
      let result = try problem.hypergradient(at: hyper, by: estimator)
      #expect(deviation(try result.gradient.flat, expected) < 1e-12, "\(estimator)")
    }
  }

  /// Adam and RMSProp started exactly at the minimum c of .5 l (w - c)^2: no gradient ever, finite
  /// hypergradients. The root is eps to first order, so with z = dw_t/dw_0 the training is linear:
  /// dm = b1 dm + (1 - b1) l z, z -= rate dm / ((1 - b1^t) eps).
  @Test func noGradientAtAll() throws {
    let problem = BilevelProblem<TrainingState<Tensor>, [Tensor], NoTensors>(
      steps: 6, weights: { $0[0] },
      optimizer: { h, _ in .adam(rate: 0.02, beta1: 0.8, beta2: 0.9, epsilon: .init(h[2])) },
      loss: { w, h in 0.5 * h[1] * (w - 0.7).square() }, outer: { w, _ in w * 3 })
    var (z, m, power) = (1.0, 0.0, 1.0)
    for _ in 0..<6 {
      power *= 0.8
      m = 0.8 * m + 0.2 * 1.5 * z
      z -= 0.02 * m / (1 - power) / 0.1
    }
    for estimator in [Estimator.reverse, .forward] {
      let result = try problem.hypergradient(
        at: [number(0.7), number(1.5), number(0.1)], by: estimator)
      #expect(deviation(try result.gradient.flat, [3 * z, 0, 0]) < 1e-13, "\(estimator)")
      #expect(try result.state.flat == [0.7, 0, 0])
    }
    let other = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
      steps: 6, weights: { $0 }, optimizer: { _, _ in .rmsProp(rate: 0.02, epsilon: 0.1) },
      loss: { w, _ in 0.5 * (w - 0.7).square() }, outer: { w, _ in w })
    // z' = (1 - rate / eps) z
    let slope = try other.hypergradient(at: number(0.7)).gradient.item()
    #expect(abs(slope - [Double](repeating: 0.8, count: 6).reduce(1, *)) < 1e-14)
  }

  /// A system that is no training: s' = (s_1 + l s_2 / t, s_2 - l s_1), with a state of two tensors,
  /// the step's number, and lambda in the initial state.
  @Test func anyDynamics() throws {
    let steps = 7
    func trained(_ h: [Complex]) -> Complex {
      var (a, b): (Complex, Complex) = (h[0] * h[0], 1.0)
      for t in 1...steps {
        (a, b) = (a + h[0] * b / Complex(Double(t)), b - h[1] * a * a)
      }
      return a * b + h[1]
    }
    let problem = BilevelProblem<[Tensor], Tensor, NoTensors>(
      dynamics: InnerDynamics(
        steps: steps, batches: .full,
        initial: { h in [h.example(0).square(), number(1)] },
        step: { s, h, _, time in
          [
            s[0] + h.example(0) * s[1] / time.number, s[1] - h.example(1) * s[0].square(),
          ]
        }),
      outer: { s, h in s[0] * s[1] + h.example(1) })
    let point = [0.4, 0.15]
    let expected = complexStepGradient(at: point, of: trained)
    for estimator in [Estimator.reverse, .forward, .truncated(7), .reverse(memory: 1 << 20)] {
      let result = try problem.hypergradient(at: vector(point), by: estimator)
      #expect(deviation(try result.gradient.flat, expected) < 1e-13, "\(estimator)")
      #expect(deviation(try result.direct.flat, [0, 1]) == 0)
    }
  }

  /// Hyperparameters in both precisions, and one without elements: each derivative in its own
  /// precision, w_T = (1 - eta l)^4 w_0.
  @Test func mixedPrecision() throws {
    let problem = BilevelProblem<TrainingState<Tensor>, [Tensor], NoTensors>(
      steps: 4, weights: { _ in vector([1, 2]) },
      optimizer: { h, _ in .sgd(rate: .init(h[1].cast(to: .float64))) },
      loss: { w, h in 0.5 * (h[2] * w.square()).sum() }, outer: { w, _ in w.sum() })
    let point = [vector([]), Tensor(0.25), number(0.7)]
    let power = 0.825 * 0.825 * 0.825
    for estimator in [Estimator.reverse, .forward, .reverse(memory: 1 << 20)] {
      let gradient = try problem.hypergradient(at: point, by: estimator).gradient
      #expect(gradient.map(\.dtype) == [.float64, .float32, .float64])
      #expect(abs(try gradient[1].item() / (-12 * power * 0.7) - 1) < 1e-7)
      #expect(abs(try gradient[2].item() / (-12 * power * 0.25) - 1) < 1e-14, "\(estimator)")
    }
  }

  /// A derivative that is stopped stays stopped: the trained weights still follow the value.
  @Test func stoppedGradients() throws {
    func problem(
      _ stop: @escaping @Sendable (Tensor) -> Tensor
    ) -> BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors> {
      BilevelProblem(
        steps: 4, weights: { _ in number(2) }, optimizer: { _, _ in .sgd(rate: 0.1) },
        loss: { w, h in 0.5 * (h * stop(h)) * w.square() }, outer: { w, _ in w.square() })
    }
    let whole = try problem { $0 }.hypergradient(at: number(0.7))
    let half = try problem { $0.stoppingGradient() }.hypergradient(at: number(0.7))
    let forward = try problem { $0.stoppingGradient() }.hypergradient(at: number(0.7), by: .forward)
    #expect(abs(try whole.gradient.item() - 2 * half.gradient.item()) < 1e-14)
    #expect(abs(try forward.gradient.item() - half.gradient.item()) < 1e-14)
    #expect(whole.loss == half.loss)
  }
}

import Foundation
import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics
import OuterloopTesting
import Testing

/// Laplace's approximation: exact on linear-Gaussian models, near the integral on logistic ones, and
/// its gradients with and without the mode's motion against differences.
@Suite struct LaplaceEvidenceTests {
  // MARK: - Linear-Gaussian: exact

  private static func laplace(
    _ test: GaussianCase, completing: Bool = false
  ) throws -> LaplaceEvidence<Tensor, Precisions> {
    let (x, y) = (test.inputs, Tensor(test.y))
    let groups = try WeightGroups(test.groups)
    return try LaplaceEvidence(
      weights: Tensor.zeros([test.p], dtype: .float64), completesTraining: completing
    ) { w, h in
      let a = groups.expanded(h.weights)
      let twoPi = 2 * Double.pi
      let likelihood =
        h.noise * (y - matmul(x, w)).square().sum()
        - Double(y.count) * OuterloopAutodiff.log(h.noise / twoPi)
      let prior = (a * w.square() - OuterloopAutodiff.log(a / twoPi)).sum()
      return 0.5 * (likelihood + prior)
    }
  }

  @Test(arguments: GaussianCase.all) func exactOnLinearModels(_ test: GaussianCase) throws {
    let laplace = try Self.laplace(test)
    let start = RandomKey(seed: 1).normal([test.p], dtype: .float64)
    let mode = try laplace.mode(at: test.precisions, from: start)
    #expect(mode.converged && mode.iterations <= 3 && mode.gradient < 1e-11)
    let exact = try LinearGaussianInference(test.model()).evidence(at: test.precisions)
    #expect(deviation(try mode.weights.flat, try exact.mean.flat) < 1e-12)
    let result = try laplace.evaluate(at: mode.weights, test.precisions)
    #expect(abs(result.logEvidence - exact.logEvidence) < 1e-10)
    #expect(deviation(try result.gradient.flat, try exact.gradient.flat) < 1e-10)
    // H does not depend on w: the mode's motion does not matter.
    #expect(deviation(try result.direct.flat, try exact.gradient.flat) < 1e-10)
    // Away from the mode: the plain formula is short by the decrease to come, the completed is exact.
    let away = try laplace.logEvidence(start, test.precisions).item()
    #expect(away < exact.logEvidence - 0.01)
    let completing = try Self.laplace(test, completing: true)
    let completed = try completing.evaluate(at: start, test.precisions)
    #expect(abs(completed.logEvidence - exact.logEvidence) < 1e-9 * max(1, abs(away)))
    #expect(
      deviation(try completed.direct.flat, try exact.gradient.flat) < 1e-8 * max(1, abs(away)))
    #expect(completed.modeGradient > 0.01)
  }

  // MARK: - Logistic regression against quadrature

  /// Six examples of one or two inputs, each seen so many times.
  private struct Logistic: Sendable {
    var x: [[Double]]
    let signs = [1.0, 1, -1, 1, -1, -1]
    var repeats: Double
    init(weights: Int, repeats: Double) {
      let base = [[0.9, -0.3], [0.2, 1.1], [-0.7, 0.4], [1.4, 0.8], [-0.3, -1.2], [0.6, 0.1]]
      x = base.map { Array($0[..<weights]) }
      self.repeats = repeats
    }

    func laplace() throws -> LaplaceEvidence<Tensor, Tensor> {
      let p = x[0].count
      let inputs = Tensor(x.flatMap { $0 }, shape: [x.count, p])
      let signs = Tensor(signs)
      let repeats = repeats
      return try LaplaceEvidence(weights: Tensor.zeros([p], dtype: .float64)) { w, logA in
        let likelihood = repeats * softplus(-(signs * matmul(inputs, w))).sum()
        let prior = 0.5 * (OuterloopAutodiff.exp(logA) * w.square()).sum()
        return likelihood + prior - 0.5 * Double(p) * (logA - log(2 * Double.pi))
      }
    }

    func logJoint(_ w: [Double], _ logA: Double) -> Double {
      var sum = 0.0
      for (row, sign) in zip(x, signs) {
        var score = 0.0
        for (input, weight) in zip(row, w) { score += input * weight }
        sum -= repeats * Foundation.log1p(Foundation.exp(-sign * score))
      }
      let precision = Foundation.exp(logA)
      for weight in w {
        sum += 0.5 * (logA - Foundation.log(2 * Double.pi) - precision * weight * weight)
      }
      return sum
    }

    func quadrature(_ logA: Double) -> Double {
      if x[0].count == 1 {
        return logIntegral(from: -9, to: 9, points: 9001) { logJoint([$0], logA) }
      }
      return logIntegral(from: -8, to: 8, points: 121) { u in
        logIntegral(from: -8, to: 8, points: 121) { v in logJoint([u, v], logA) }
      }
    }
  }

  /// Within 0.03 nats of the integral for 6 examples of 1 or 2 weights, and not by chance exact.
  @Test(arguments: [1, 2]) func logisticAgainstQuadrature(weights: Int) throws {
    let error = try Self.logisticError(weights: weights, repeats: 1)
    #expect(abs(error) < 0.03 && abs(error) > 1e-4, "\(error)")
  }

  /// The error is of order 1 / n: four times the data, a quarter of the error.
  @Test func logisticErrorFalls() throws {
    let errors = try [400, 1600].map { try Self.logisticError(weights: 1, repeats: $0) }
    #expect(abs(errors[0] / errors[1] - 4) < 0.2, "\(errors)")
  }

  private static func logisticError(weights: Int, repeats: Double) throws -> Double {
    let data = Logistic(weights: weights, repeats: repeats)
    let laplace = try data.laplace()
    let mode = try laplace.mode(at: number(0), from: Tensor.zeros([weights], dtype: .float64))
    #expect(mode.converged)
    return try laplace.evaluate(at: mode.weights, number(0)).logEvidence - data.quadrature(0)
  }

  /// The derivative of log p(D | a) itself, by quadrature, is near that of the approximation.
  @Test func logisticGradientAgainstQuadrature() throws {
    let data = Logistic(weights: 1, repeats: 4)
    let laplace = try data.laplace()
    let mode = try laplace.mode(at: number(0.3), from: vector([0]))
    let result = try laplace.evaluate(at: mode.weights, number(0.3))
    let truth = HypergradientLaws.slope { data.quadrature(0.3 + $0) }
    #expect(abs(try result.gradient.item() - truth) < 0.005)
  }

  // MARK: - Gradients against differences

  /// A loss that is not quadratic, with weights in several tensors: tanh regression, where the mode
  /// moves with each hyperparameter and H with the mode.
  private static func network() throws -> (
    LaplaceEvidence<[Tensor], [Tensor]>, start: [Tensor], hyper: [Tensor]
  ) {
    let x = vector((0..<12).map { Double($0) / 4 - 1.5 })
    let y = vector(
      (0..<12).map { (i: Int) -> Double in
        let t = Double(i)
        return Foundation.sin(0.325 * t - 1.2) + 0.1 * Foundation.cos(7 * t)
      })
    let start = [vector([1.1, 0.7]), vector([0.2, -0.3]), number(0.1)]
    let laplace = try LaplaceEvidence(weights: start) { (w: [Tensor], h: [Tensor]) in
      let hidden = tanh(x.expanded(at: 1) * w[0] + w[1])
      let error = matmul(hidden, vector([1.3, -0.6])) + w[2] - h[1] * y
      let b = OuterloopAutodiff.exp(h[2])
      let likelihood = b * error.square().sum() - 12 * h[2]
      var sum = likelihood
      for i in 0..<3 {
        let logA = h[0].example(i)
        sum = sum + (OuterloopAutodiff.exp(logA) * (w[i] - 0.2).square()).sum()
        sum = sum - Double(w[i].count) * logA
      }
      return 0.5 * sum
    }
    return (laplace, start, [vector([0.2, -0.3, 0.1]), number(0.9), number(1.1)])
  }

  @Test func gradientsAreDifferences() throws {
    let (laplace, start, hyper) = try Self.network()
    let mode = try laplace.mode(at: hyper, from: start)
    #expect(mode.converged && mode.gradient < 1e-10, "\(mode)")
    let result = try laplace.evaluate(at: mode.weights, hyper)
    #expect(result.modeGradient < 1e-10)
    func moved(_ tensor: Int, _ element: Int, _ h: Double) throws -> [Tensor] {
      var copy = hyper
      var values = try hyper[tensor].doubles()
      values[element] += h
      copy[tensor] = Tensor(values, shape: hyper[tensor].shape)
      return copy
    }
    var (whole, direct): ([Double], [Double]) = ([], [])
    for (tensor, element) in [(0, 0), (0, 1), (0, 2), (1, 0), (2, 0)] {
      whole.append(
        try HypergradientLaws.slope { h in
          let point = try moved(tensor, element, h)
          let end = try laplace.mode(at: point, from: mode.weights)
          return try laplace.evaluate(at: end.weights, point).logEvidence
        })
      direct.append(
        try HypergradientLaws.slope { h in
          try laplace.evaluate(at: mode.weights, try moved(tensor, element, h)).logEvidence
        })
    }
    #expect(deviation(try result.gradient.flat, whole) < 1e-8)
    #expect(deviation(try result.direct.flat, direct) < 1e-8)
    // The motion matters here.
    #expect(deviation(whole, direct) > 0.01)
  }

  /// As the outer loss of training by gradient steps on the same loss: reverse mode contains the
  /// motion of the mode, the direct term does not.
  @Test func asOuterLoss() throws {
    let (laplace, start, hyper) = try Self.network()
    let problem = BilevelProblem<TrainingState<[Tensor]>, [Tensor], NoTensors>(
      steps: 300, weights: { _ in start },
      optimizer: { _, _ in .momentum(rate: 0.02, momentum: 0.8) },
      loss: { w, h in try laplace.negativeLogJoint(w, h) },
      outer: { w, h in -(try laplace.logEvidence(w, h)) })
    let mode = try laplace.mode(at: hyper, from: start)
    let expected = try laplace.evaluate(at: mode.weights, hyper)
    let reverse = try problem.hypergradient(at: hyper)
    #expect(abs(reverse.loss + expected.logEvidence) < 1e-9)
    #expect(deviation(try reverse.gradient.flat, try expected.gradient.flat.map { -$0 }) < 1e-6)
    #expect(deviation(try reverse.direct.flat, try expected.direct.flat.map { -$0 }) < 1e-6)
    let first = try problem.hypergradient(at: hyper, by: .firstOrder)
    #expect(try first.gradient.flat == reverse.direct.flat)
  }

  // MARK: - Modes

  /// From where the Hessian is indefinite, damping leads to a minimum.
  @Test func indefiniteStart() throws {
    let laplace = try LaplaceEvidence(weights: vector([0, 0])) { (w: Tensor, h: Tensor) in
      (0.25 * w.square().square() - 0.5 * h * w.square()).sum() + 0.1 * w.example(0)
    }
    let mode = try laplace.mode(at: number(1), from: vector([0.1, 0.1]))
    #expect(mode.converged && mode.gradient < 1e-12)
    let w = try mode.weights.flat
    #expect(abs(w[0] * w[0] * w[0] - w[0] + 0.1) < 1e-12 && abs(abs(w[1]) - 1) < 1e-12)
    #expect(throws: BilevelError.self) { try laplace.evaluate(at: vector([0.1, 0]), number(1)) }
    let few = try laplace.mode(at: number(1), from: vector([0.1, 0.1]), iterationLimit: 2)
    #expect(!few.converged && few.iterations == 2)
    #expect(throws: BilevelError.self) { try laplace.mode(at: number(1), from: vector([.nan, 0])) }
  }

  @Test func weightsOfOneKind() throws {
    let mixed = [number(1), Tensor(1, dtype: .float32)]
    #expect(throws: BilevelError.self) {
      try LaplaceEvidence(weights: mixed) { (w: [Tensor], h: Tensor) in w[0] * h }
    }
    let layout = try WeightLayout([
      vector([1, 2]), number(3), Tensor([4.0, 5], shape: [1, 2], dtype: .float64),
    ])
    let row = vector([6, 7, 8, 9, 10])
    let back = layout.weights(row)
    #expect(back.map(\.shape) == [[2], [], [1, 2]])
    #expect(try layout.vector(back).flat == row.flat)
    #expect(layout.weights(vector([1])).allSatisfy { $0.error != nil })
  }
}

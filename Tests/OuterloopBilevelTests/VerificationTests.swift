import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics
import OuterloopTesting
import Testing

/// `verify` on problems where the truth is known: it must praise the exact and blame the biased.
@Suite struct VerificationTests {
  static let exact: [Estimator] = [.reverse, .reverse(memory: 1 << 20), .forward, .truncated(8)]

  private static func problem(
    _ hyper: TrialHyper
  ) throws -> (BilevelProblem<TrainingState<[Tensor]>, [Tensor], Tensor>, [Tensor]) {
    let model = TrialModel.perceptron(.float64)
    let optimizer = TrialOptimizer.all[1]
    return (
      try hyper.problem(model, optimizer, steps: 8), hyper.start(model, optimizer, steps: 8)
    )
  }

  @Test(arguments: exact) func exactAgainstForward(_ estimator: Estimator) throws {
    let (problem, point) = try Self.problem(.exampleWeights)
    let report = try problem.verify(estimator, at: point)
    #expect(report.reference == .forward)
    #expect(abs(report.cosine - 1) < 1e-14)
    #expect(abs(report.normRatio - 1) < 1e-13)
    #expect(report.residual < 1e-13)
    #expect(report.estimator == estimator)
    #expect(report.cost.products > 0)
    #expect(report.referenceCost.products == 10 * 8)
    #expect("\(report)".contains("against forward"))
  }

  @Test(arguments: exact) func exactAgainstDifferences(_ estimator: Estimator) throws {
    let (problem, point) = try Self.problem(.logDecay)
    let report = try problem.verify(estimator, at: point, directions: 6)
    #expect(report.reference == .differences)
    #expect(abs(report.cosine - 1) < 1e-9)
    #expect(abs(report.normRatio - 1) < 1e-8)
    #expect(report.residual < 1e-8)
    #expect(report.referenceCost.steps == 2 * 7 * 8)
    // The same directions every time, others for another seed.
    #expect(try problem.verify(estimator, at: point, directions: 6).residual == report.residual)
    #expect(
      try problem.verify(estimator, at: point, directions: 6, seed: 5).residual != report.residual)
  }

  /// On a quadratic, one step of T sees the share eta / (1 - (1 - eta)^T) of the hypergradient.
  @Test func biasIsSeen() throws {
    let problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
      steps: 20, weights: { _ in vector([0, 0, 0]) }, optimizer: { _, _ in .sgd(rate: 0.1) },
      loss: { w, h in 0.5 * (w - h).square().sum() },
      outer: { w, _ in 0.5 * (w - vector([1, 2, -1])).square().sum() })
    var power = 1.0
    for _ in 0..<20 { power *= 0.9 }
    let share = 0.1 / (1 - power)
    for limit in [32, 0] {
      let report = try problem.verify(.oneStep, at: vector([0.3, 0.1, 0.2]), forwardLimit: limit)
      #expect(report.reference == (limit == 0 ? .differences : .forward))
      #expect(abs(report.cosine - 1) < 1e-9)
      #expect(abs(report.normRatio - share) < 1e-8)
      #expect(abs(report.residual - (1 - share)) < 1e-8)
    }
    let (mlp, point) = try Self.problem(.exampleWeights)
    let report = try mlp.verify(.oneStep, at: point)
    #expect(report.normRatio < 0.9 && report.residual > 0.1 && report.cosine < 0.9999)
    #expect(throws: BilevelError.self) { try mlp.verify(.firstOrder, at: point) }
  }

  /// In single precision the differences are coarse but still tell right from wrong.
  @Test func singlePrecision() throws {
    let model = TrialModel.perceptron(.float32)
    let optimizer = TrialOptimizer.all[1]
    let problem = try TrialHyper.exampleWeights.problem(model, optimizer, steps: 8)
    let point = TrialHyper.exampleWeights.start(model, optimizer, steps: 8)
    let report = try problem.verify(.reverse, at: point, forwardLimit: 0)
    #expect(report.cosine > 0.999)
    #expect(abs(report.normRatio - 1) < 0.02)
    #expect(try problem.verify(.oneStep, at: point, forwardLimit: 0).residual > 0.1)
  }

  /// Every estimator against one truth: the exact are praised, the biased seen, the others say why
  /// they cannot answer.
  @Test func manyAtOnce() throws {
    let problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
      steps: 300, weights: { _ in vector([0, 0, 0]) },
      optimizer: { _, _ in .momentum(rate: 0.1, momentum: 0.5) },
      loss: { w, h in 0.5 * (w - 1).square().sum() + 0.5 * (exp(h) * w.square()).sum() },
      outer: { w, _ in 0.5 * (w - vector([1, 2, -1])).square().sum() })
    let exact: [Estimator] = [
      .forward, .reverse(memory: 1 << 20), .truncated(300), .drmad(.steps(300)), .implicit(.dense),
      .implicit(.cg()), .fixedPoint(), .truncated(100),
    ]
    let biased: [Estimator] = [.oneStep, .greedy(gamma: 0.5), .implicit(.identity)]
    for comparison in try problem.compare(exact + biased + [.firstOrder], at: vector([0, -1, 1])) {
      switch comparison {
      case .verified(let report):
        #expect(report.reference == .estimator(.reverse))
        #expect((report.residual < 1e-6) == exact.contains(report.estimator), "\(report)")
        if report.estimator.properties.family == .implicit {
          #expect("\(report)".contains("inner gradient norm"))
        }
      case .refused(let estimator, let reason):
        #expect(estimator == .firstOrder)
        #expect(reason.contains("does not touch any hyperparameter"))
      case .failed: Issue.record("\(comparison)")
      }
    }
    let implicit = try problem.verify(
      .implicit(.neumann(terms: 3, step: 0.1)), at: vector([0, -1, 1]), against: .implicit(.dense))
    #expect(implicit.reference == .estimator(.implicit(.dense)))
    #expect(implicit.residual > 0.1)
  }
}

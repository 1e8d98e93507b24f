import Foundation
import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics
import Testing

/// Learning to learn on random quadratics |W x - y|^2, W and y standard normal (Andrychowicz et al.
/// 2016, sec. 3.1), small: a few seconds of meta-training.
@Suite struct LearningToLearnTests {
  /// Some quadratics at once: W (n, d, d), y (n, d).
  struct Quadratics: Structure {
    var matrices, targets: Tensor

    init(_ count: Int, dimension: Int = 10, key: RandomKey) {
      let keys = key.split(2)
      matrices = keys[0].normal([count, dimension, dimension])
      targets = keys[1].normal([count, dimension])
    }

    /// The loss of each at x (n, d): (n).
    func losses(_ x: Tensor) -> Tensor {
      let error = matmul(matrices, x.expanded(at: 2)).reshaped(targets.shape) - targets
      return error.square().sum(axes: [1])
    }

    mutating func visit(
      _ path: String, _ body: (String, inout Tensor) throws -> Void
    ) rethrows {
      try matrices.visit(path + ".matrices", body)
      try targets.visit(path + ".targets", body)
    }
  }

  static let steps = 60

  typealias Problem = BilevelProblem<
    LearnedTrainingState<Tensor, [LSTMCell.State]>, CoordinatewiseLSTM, Quadratics
  >

  private static func problem(
    _ count: Int, _ batches: @escaping @Sendable (Int) -> Quadratics
  ) throws -> Problem {
    try BilevelProblem(
      steps: steps, batches: Batches(batches), weights: Tensor.zeros([count, 10])
    ) { x, quadratics in quadratics.losses(x).sum() }
  }

  /// New quadratics for each training, updates every 20 steps.
  private static func metaTrained(seed: UInt64, updates: Int) throws -> CoordinatewiseLSTM {
    let training = try problem(8) { step in
      Quadratics(
        8, key: RandomKey(seed: seed, purpose: "training quadratics", index: UInt64(step / steps)))
    }
    let start = try CoordinatewiseLSTM(key: RandomKey(seed: seed, purpose: "LSTM"))
    return try training.minimize(
      from: start, updates: updates, with: OuterLoop(.adam(rate: 0.003)),
      training: .online(every: 20)
    ).hyper
  }

  /// log10 of the loss of each quadratic at x.
  private static func logLosses(_ quadratics: Quadratics, _ x: Tensor) throws -> [Double] {
    try quadratics.losses(x).doubles().map { log10($0) }
  }

  /// Gradient descent at the best rate of a grid, chosen on the test quadratics themselves.
  private static func tunedDescent(_ test: Quadratics) throws -> (rate: Double, logs: [Double]) {
    let count = test.targets.shape[0]
    let problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
      steps: steps, weights: { _ in Tensor.zeros([count, 10]) },
      optimizer: { rate, _ in .sgd(rate: .init(rate)) },
      loss: { x, _ in test.losses(x).sum() }, outer: { x, _ in test.losses(x).sum() })
    var best: (rate: Double, logs: [Double])?
    for power in 0...16 {
      let rate = 0.002 * pow(1.25, Double(power))
      // Rates that diverge throw.
      guard let end = try? problem.solve(at: Tensor(rate)) else { continue }
      let logs = try logLosses(test, end.state.weights)
      if logs.reduce(0, +) < (best?.logs.reduce(0, +) ?? .infinity) { best = (rate, logs) }
    }
    return try #require(best)
  }

  /// After the same number of steps on 100 quadratics that were never seen, the learned optimizer is
  /// below tuned gradient descent: a one-sided paired t-test on log10 of the final losses for each of
  /// three meta-trainings, alpha = 1e-3 (t < -3.17 at 99 degrees of freedom).
  @Test func beatsTunedDescent() throws {
    let test = Quadratics(100, key: RandomKey(seed: 77, purpose: "held out"))
    let descent = try Self.tunedDescent(test)
    // Inside the grid, not at its end.
    #expect(descent.rate > 0.0021 && descent.rate < 0.07)
    let held = try Self.problem(100) { _ in test }
    for seed: UInt64 in 1...3 {
      let lstm = try Self.metaTrained(seed: seed, updates: 200)
      let logs = try Self.logLosses(test, try held.solve(at: lstm).state.weights)
      let differences = zip(logs, descent.logs).map { $0 - $1 }
      let mean = differences.reduce(0, +) / 100
      let variance = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 99
      let t = mean / (variance / 100).squareRoot()
      #expect(t < -3.17, "seed \(seed): \(mean) on average, t = \(t)")
    }
    // It is the training that does it: as it starts, it is worse.
    let untrained = try held.solve(
      at: CoordinatewiseLSTM(key: RandomKey(seed: 1, purpose: "LSTM")))
    let logs = try Self.logLosses(test, untrained.state.weights)
    #expect(logs.reduce(0, +) > descent.logs.reduce(0, +))
  }
}

import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics
import OuterloopTesting
import Testing

/// The same question gives the same bits: again, on other numbers of threads, from two tasks at once,
/// after other questions.
@Suite(.serialized) struct DeterminismTests {
  /// Models large enough to be shared out among threads, in single precision.
  private static func perceptron() throws -> HypergradientCase {
    let network = MultilayerPerceptron([256, 300, 10], key: RandomKey(seed: 1))
    let x = RandomKey(seed: 2, purpose: "x").uniform([512, 256])
    let y = Tensor((0..<512).map { Int32($0 * 31 % 10) })
    let problem = BilevelProblem(
      steps: 4, batches: try .shuffled(count: 512, size: 256, seed: 3), weights: { _ in network },
      optimizer: { (h: [Tensor], _) in .momentum(rate: .init(h[0]), momentum: .init(h[1])) },
      loss: { w, h, rows in
        let logits = w(x.gathered(at: rows))
        return Loss.weightedCrossEntropy(
          logits, labels: y.gathered(at: rows), weights: h[2].gathered(at: rows))
          + (exp(h[3]) * w.layers[0].weights.square()).sum()
      },
      outer: { w, _ in Loss.crossEntropy(w(x), labels: y) })
    return HypergradientCase(
      "MLP", problem,
      at: [
        Tensor(0.1), Tensor(0.8), Tensor.ones([512]), Tensor(repeating: -9, shape: [256, 300]),
      ])
  }

  private static func convolutional() throws -> HypergradientCase {
    let keys = RandomKey(seed: 4).split(2)
    let first = Convolution2D(channels: 1, filters: 8, key: keys[0])
    let last = Dense(14 * 14 * 8, 10, key: keys[1])
    let x = RandomKey(seed: 5, purpose: "x").uniform([64, 28, 28, 1])
    let y = Tensor((0..<64).map { Int32($0 * 3 % 10) })
    @Sendable func logits(_ w: Pair<Convolution2D, Dense>, _ x: Tensor) -> Tensor {
      let z = maxPool(relu(w.first(x)), window: [2, 2])
      return w.second(z.reshaped([x.shape[0], -1]))
    }
    let problem = BilevelProblem(
      steps: 3, batches: try .shuffled(count: 64, size: 32, seed: 3),
      weights: { (_: [Tensor]) in Pair(first, last) },
      optimizer: { h, _ in .adam(rate: .init(h[0])) },
      loss: { w, h, rows in
        Loss.crossEntropy(logits(w, x.gathered(at: rows)), labels: y.gathered(at: rows))
          + exp(h[1]) * w.second.weights.square().sum()
      },
      outer: { w, _ in Loss.crossEntropy(logits(w, x), labels: y) })
    return HypergradientCase("CNN", problem, at: [Tensor(0.01), Tensor(-7)])
  }

  @Test func threadCountsDoNotMatter() throws {
    let usual = ThreadBudget.threads
    defer { ThreadBudget.threads = usual }
    for make in [Self.perceptron, Self.convolutional] {
      var answers: [HypergradientCase.Answer] = []
      for threads in [1, 2, 3, 7] {
        ThreadBudget.threads = threads
        answers.append(try make().hypergradient(by: .reverse))
      }
      for other in answers.dropFirst() {
        try HypergradientLaws.requireSame(other.gradient, answers[0].gradient, "the gradient")
        try HypergradientLaws.requireSame(other.state, answers[0].state, "the final state")
        #expect(other.loss == answers[0].loss)
      }
    }
  }

  /// Large models: forward mode where it is affordable, and budgets; 1e-5 in single precision.
  @Test func largeModelsAgree() throws {
    var test = try Self.convolutional()
    test.agreement = 1e-5
    try HypergradientLaws.checkForward(test)
    try HypergradientLaws.checkBudgets(test)
    try HypergradientLaws.checkBudgets(try Self.perceptron())
  }

  @Test func againAndAfterOtherQuestions() throws {
    let test = try TrialHyper.several.test(.convolutional(.float64), TrialOptimizer.all[3])
    let first = try test.hypergradient()
    let doubled = test.hyper.map { $0 * 1.01 }
    for disturbance in [Estimator.forward, .reverse(memory: 1 << 20), .firstOrder, .reverse] {
      _ = try test.hypergradient(by: disturbance)
      _ = try test.solve(at: doubled)
      _ = try? test.hypergradient(by: .oneStep)
      _ = try? test.solve(at: test.hyper.map { $0 * 1e200 })
      try HypergradientLaws.requireSame(
        try test.hypergradient().gradient, first.gradient, "after \(disturbance)")
    }
    let fresh = try TrialHyper.several.test(.convolutional(.float64), TrialOptimizer.all[3])
    try HypergradientLaws.requireSame(
      try fresh.hypergradient().gradient, first.gradient, "another problem")
  }

  /// Results do not share memory with the problem: they stay what they were.
  @Test func resultsAreValues() throws {
    let test = try TrialHyper.several.test(.perceptron(.float64), TrialOptimizer.all[1])
    for estimator in [Estimator.reverse, .forward, .reverse(memory: 1 << 20)] {
      let kept = try test.hypergradient(by: estimator)
      let copies = (try kept.gradient.flat, try kept.state.flat, try kept.direct.flat)
      for _ in 0..<3 { _ = try? test.solve(at: test.hyper.map { $0 * 0.9 }) }
      _ = try test.hypergradient(by: .forward)
      _ = try test.hypergradient(by: .reverse)
      #expect(try kept.gradient.flat == copies.0)
      #expect(try kept.state.flat == copies.1)
      #expect(try kept.direct.flat == copies.2)
    }
  }

  /// Many tasks on one problem, with several estimators and points at once, the programs not yet
  /// compiled when they start.
  @Test func concurrentTasks() async throws {
    let test = try TrialHyper.several.test(.perceptron(.float64), TrialOptimizer.all[1])
    let reference = try TrialHyper.several.test(.perceptron(.float64), TrialOptimizer.all[1])
    let estimators: [Estimator] = [.reverse, .forward, .reverse(memory: 1 << 20), .firstOrder]
    let expected = try estimators.map { try reference.hypergradient(by: $0) }
    let moved = test.hyper.map { $0 * 1.02 }
    let expectedLoss = try reference.solve(at: moved).loss
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          for round in 0..<6 {
            let index = (task + round) % estimators.count
            let answer = try test.hypergradient(by: estimators[index])
            try HypergradientLaws.requireSame(
              answer.gradient, expected[index].gradient, "\(estimators[index])")
            try HypergradientLaws.requireSame(
              answer.state, expected[index].state, "\(estimators[index])")
            let loss = try test.solve(at: moved).loss
            guard loss == expectedLoss else {
              throw HypergradientLaws.Violation("loss \(loss), alone \(expectedLoss)")
            }
          }
        }
      }
      try await group.waitForAll()
    }
  }
}

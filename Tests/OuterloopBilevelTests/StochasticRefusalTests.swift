import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics
import OuterloopTesting
import Testing

/// What stochastic and penalty methods cannot answer, and what goes wrong on the way.
@Suite struct StochasticRefusalTests {
  typealias Problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>

  static let all: [Estimator] = [
    .soba(rate: 0.1), .saba(rate: 0.1, batches: 2), .amigo(rate: 0.1, every: 2),
    .stocBiO(rate: 0.1, every: 2), .penalty(multiplier: 10, every: 2),
  ]

  private static func plain(
    rate: Double = 0.1,
    weights: @escaping @Sendable (Tensor) throws -> Tensor = { _ in vector([1, 2]) },
    optimizer: (@Sendable (Tensor, Time) throws -> Optimizer)? = nil,
    loss: @escaping @Sendable (Tensor, Tensor) throws -> Tensor = { w, h in
      0.5 * (h * w.square() + (w - 1).square()).sum()
    }
  ) -> Problem {
    Problem(
      steps: 5, weights: weights, optimizer: optimizer ?? { _, _ in .sgd(rate: .init(rate)) },
      loss: loss, outer: { w, _ in w.square().sum() })
  }

  private func requireRefused(
    _ problem: Problem, _ estimator: Estimator, _ words: String...,
    location: SourceLocation = #_sourceLocation
  ) {
    let hyper = number(0.3)
    let text = message { _ = try problem.hypergradient(at: hyper, by: estimator) }
    for word in words + ["cannot differentiate"] {
      #expect(text.contains(word), "\(text)", sourceLocation: location)
    }
    #expect(message { try problem.check(estimator, at: hyper) } == text, sourceLocation: location)
    let online = message {
      _ = try problem.minimize(
        from: hyper, by: estimator, updates: 1, with: OuterLoop(.sgd(rate: 0.1)))
    }
    #expect(online == text, sourceLocation: location)
  }

  @Test(arguments: all) func problemsWithoutASolution(_ estimator: Estimator) throws {
    // Zero by construction: optimizer hyperparameters, initial weights, an additive constant.
    let rate = Self.plain(
      optimizer: { h, _ in .sgd(rate: .init(h)) }, loss: { w, _ in w.square().sum() })
    requireRefused(rate, estimator, "reads lambda", "always 0", "use reverse or forward")
    let start = Self.plain(weights: { $0 * vector([1, 2]) }, loss: { w, _ in w.square().sum() })
    requireRefused(start, estimator, "reads lambda", "initial weights")
    requireRefused(
      Self.plain(loss: { w, h in w.square().sum() + h.square() }), estimator, "reads lambda")
    // A step function has no loss.
    let step = BilevelProblem<[Tensor], Tensor, NoTensors>(
      dynamics: InnerDynamics(
        steps: 3, batches: .full, initial: { _ in [vector([1, 2])] },
        step: { s, h, _, _ in [s[0] * h] }),
      outer: { s, _ in s[0].sum() })
    expectError("InnerObjective") { try step.hypergradient(at: number(0.3), by: estimator) }
    // An outer loss of the buffers.
    let plain = Self.plain(optimizer: { _, _ in .momentum(rate: 0.1) })
    let buffers = Problem(dynamics: plain.dynamics, outer: { s, _ in s.slots[0].square().sum() })
    requireRefused(buffers, estimator, "buffers", "weights only")
    // An ordinary problem is answered.
    _ = try Self.plain().hypergradient(at: number(0.3), by: estimator)
  }

  /// One hyperparameter among several is named.
  @Test(arguments: all) func namesTheBlindOne(_ estimator: Estimator) throws {
    let problem = BilevelProblem<TrainingState<Tensor>, NamedTensors, NoTensors>(
      steps: 4, weights: { _ in vector([1, 2]) },
      optimizer: { h, _ in .sgd(rate: .init(h["rate"])) },
      loss: { w, h in 0.5 * (h["decay"] * w.square()).sum() }, outer: { w, _ in w.sum() })
    let hyper = NamedTensors(["rate": number(0.1), "decay": number(0.3)])
    let text = message { try problem.check(estimator, at: hyper) }
    #expect(text.contains("rate") && !text.contains("decay"), "\(text)")
    // A direct term answers for itself, but not for what the optimizer does with the number.
    let direct = BilevelProblem<TrainingState<Tensor>, NamedTensors, NoTensors>(
      dynamics: problem.dynamics, outer: { s, h in s.weights.sum() * h["rate"] })
    expectError("rate is read by the optimizer too") { try direct.check(estimator, at: hyper) }
  }

  @Test(
    arguments: [
      .soba(rate: 0), .soba(rate: -0.1), .soba(rate: .constant(.nan)),
      .soba(rate: .decaying(.infinity)), .saba(rate: 0, batches: 1),
      .saba(rate: 0.1, batches: 0), .saba(rate: 0.1, batches: 1, validation: 0),
      .amigo(rate: 0), .amigo(rate: 0.1, linearSteps: 0), .stocBiO(rate: 0.1, linearSteps: -1),
      .amigo(rate: 0.1, every: 0), .stocBiO(rate: .decaying(0)), .penalty(multiplier: 0),
      .penalty(multiplier: -3), .penalty(multiplier: .nan), .penalty(multiplier: 3, growth: -1),
      .penalty(multiplier: .infinity), .penalty(multiplier: 1, growth: .nan),
      .penalty(multiplier: 1, every: 0),
    ] as [Estimator])
  func numbersOutOfRange(_ estimator: Estimator) {
    let text = message { try Self.plain().check(estimator, at: number(0.3)) }
    #expect(text.contains("use ") || text.contains("give "), "\(text)")
    #expect(text.hasPrefix("\(estimator) cannot differentiate"), "\(text)")
  }

  @Test func tablesBeyondTheMemoryLimit() throws {
    for batches in [1 << 27, Int.max / 2] {
      expectError("\(batches) training", "use soba") {
        try Self.plain().check(.saba(rate: 0.1, batches: batches), at: number(0.3))
      }
    }
    try Self.plain().check(.saba(rate: 0.1, batches: 1 << 26), at: number(0.3))
  }

  /// Batches that are cut anew each epoch are no finite sum: refused at the first that is new.
  @Test func newBatchesEveryEpoch() throws {
    let quadratic = QuadraticBilevel()
    func text(
      _ batches: Batches<Tensor>, _ validation: Batches<Tensor>, _ estimator: Estimator
    ) throws -> String {
      let problem = try quadratic.problem(steps: 30, batches: batches, validation: validation)
      return message { _ = try problem.hypergradient(at: vector([0.1, 0.2]), by: estimator) }
    }
    let fixed = try Batches.partitioned(count: 6, size: 2, seed: 1)
    let fresh = try Batches.shuffled(count: 6, size: 2, seed: 1)
    let outer = try Batches.partitioned(count: 3, size: 1, seed: 1)
    let saba = Estimator.saba(rate: 0.1, batches: 3, validation: 3)
    #expect(try text(fixed, outer, saba) == "nothing was thrown")
    let refusal = try text(fresh, outer, saba)
    #expect(
      refusal.contains("more than 3 different training") && refusal.contains("partitioned"),
      "\(refusal)")
    #expect(
      try text(fixed, outer, .saba(rate: 0.1, batches: 3)).contains(
        "more than 1 different validation"))
  }

  // MARK: - Losses with first derivatives only

  /// Every method but those of first derivatives refuses a loss that is declared to have no others.
  @Test func firstDerivativesOnly() throws {
    let second: [Estimator] = [
      .reverse, .reverse(memory: 1 << 20), .truncated(2), .forward, .realTime(every: 1), .oneStep,
      .greedy(gamma: 0.9), .distill(gamma: 0.9), .reversible, .drmad(.steps(1)),
      .implicit(), .implicit(.identity), .fixedPoint(), .hoag(),
      .soba(rate: 0.1), .saba(rate: 0.1, batches: 1), .amigo(rate: 0.1, every: 2),
      .stocBiO(rate: 0.1, every: 2),
    ]
    let first: [Estimator] = [
      .penalty(multiplier: 10, every: 2), .firstOrder, .finiteDifference(), .hypernetwork(),
    ]
    func problem(_ smoothness: Smoothness) -> Problem {
      var dynamics = Self.plain(
        optimizer: { _, _ in .momentum(rate: 0.1, momentum: 0.5) }
      ).dynamics
      dynamics.objective?.smoothness = smoothness
      return Problem(dynamics: dynamics, outer: { s, h in s.weights.square().sum() * h })
    }
    for estimator in second {
      requireRefused(problem(.once), estimator, "first derivatives only", "use penalty")
    }
    for estimator in second + first {
      for smoothness in first.contains(estimator) ? [Smoothness.once, .twice] : [.twice] {
        try problem(smoothness).check(estimator, at: number(0.3))
      }
    }
  }

  // MARK: - Divergence

  /// Each part that runs away is named.
  @Test func divergence() {
    for estimator in [Estimator.soba(rate: 1e9), .saba(rate: 1e9, batches: 1)] {
      let long = Problem(
        dynamics: InnerDynamics(
          steps: 60, batches: .full, weights: { _ in vector([1, 2]) },
          optimizer: { _, _ in .sgd(rate: 0.1) },
          loss: { w, h, _ in 0.5 * (h * w.square() + (w - 1).square()).sum() }),
        outer: { s, _ in s.weights.square().sum() })
      expectError("linear system", "rate below 2") {
        try long.hypergradient(at: number(0.3), by: estimator)
      }
    }
    expectError("linear system") {
      _ = try Self.plain().hypergradient(
        at: number(0.3), by: .amigo(rate: 1e9, linearSteps: 60))
    }
    expectError("raise the multiplier") {
      try Self.plain().hypergradient(at: number(0.3), by: .penalty(multiplier: 1e-300))
    }
    for estimator in Self.all {
      let training = message {
        _ = try Self.plain(rate: 1e200).hypergradient(at: number(0.3), by: estimator)
      }
      #expect(training.contains("training diverged"), "\(estimator): \(training)")
    }
  }
}

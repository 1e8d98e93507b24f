import OuterloopAutodiff
import OuterloopLearning
import OuterloopNumerics
import OuterloopText
import Synchronization
import Testing

@testable import OuterloopBilevel

/// Bad values are errors that name the argument and what to do, never traps and never wrong answers.
@Suite struct BadValuesTests {
  typealias Problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>

  private static func problem(
    steps: Int = 4,
    weights: @escaping @Sendable (Tensor) throws -> Tensor = { _ in vector([1, 2]) },
    optimizer: @escaping @Sendable (Tensor, Time) throws -> Optimizer = { _, _ in
      .momentum(rate: 0.1)
    },
    outer: @escaping @Sendable (Tensor, Tensor) throws -> Tensor = { w, _ in w.square().sum() }
  ) -> Problem {
    Problem(
      steps: steps, weights: weights, optimizer: optimizer,
      loss: { w, h in (h * w.square()).sum() + w.sum() }, outer: outer)
  }

  // MARK: - The problem

  @Test(arguments: [Int.min, -1, 0, 1 << 33, .max]) func steps(_ steps: Int) {
    let problem = Self.problem(steps: steps)
    let calls: [() throws -> Void] = [
      { _ = try problem.solve(at: number(1)) }, { _ = try problem.hypergradient(at: number(1)) },
      { try problem.check(.forward, at: number(1)) },
      { _ = try problem.outer(TrainingState(weights: vector([1, 2])), number(1)) },
      {
        _ = try problem.minimize(from: number(1), updates: 1, with: OuterLoop(.sgd(rate: 0.1)))
      },
    ]
    for call in calls {
      expectError("`steps` is \(steps); a hypergradient needs 1...", from: call)
    }
  }

  /// A trajectory that no machine holds is refused; methods without one go on.
  @Test func trajectories() throws {
    let problem = Problem(
      steps: 1 << 20, weights: { _ in Tensor.zeros([1 << 20]) },
      optimizer: { _, _ in .sgd(rate: 0.1) },
      loss: { w, h in (h * w).sum() }, outer: { w, _ in w.sum() })
    expectError("more than the memory of this machine", "use reverse(memory:)") {
      try problem.check(.reverse, at: Tensor(1))
    }
    try problem.check(.reverse(memory: 1 << 30), at: Tensor(1))
    try problem.check(.forward, at: Tensor(1))
    expectError("1048577 states") { try problem.check(.truncated(.max), at: Tensor(1)) }
  }

  @Test func lambdas() {
    let problem = Self.problem()
    expectError("lambda is traced") {
      try gradient(at: number(1)) { h in try problem.hypergradient(at: h).gradient }
    }
    expectError("lambda is traced") {
      try vmap(vector([1, 2])) { h in try problem.hypergradient(at: h).gradient }
    }
    let empty = Tensor.zeros([0], dtype: .float64)
    for call in [
      { _ = try problem.verify(.reverse, at: empty) }, { _ = try problem.hypergradient(at: empty) },
      { _ = try problem.compare([.forward], at: empty) },
    ] as [() throws -> Void] {
      expectError("no hyperparameters: lambda is [f64[0]], of no elements", from: call)
    }
    let none = BilevelProblem<TrainingState<Tensor>, [Tensor], NoTensors>(
      steps: 2, weights: { _ in number(1) }, optimizer: { _, _ in .sgd(rate: 0.1) },
      loss: { w, _ in w }, outer: { w, _ in w })
    expectError("lambda has no tensors") { try none.verify(.reverse, at: []) }
    #expect(throws: (any Error).self) { try problem.hypergradient(at: vector([1]).reshaped([3])) }
    let noWeights = Self.problem(weights: { _ in empty })
    expectError("nothing to train") { try noWeights.solve(at: number(1)) }
  }

  /// A problem whose closure asks for the same problem, at once or through another, would wait for
  /// itself; asking for another one is fine.
  @Test func nestedHypergradients() throws {
    final class Box: Sendable {
      let problem = Mutex<Problem?>(nil)
    }
    let box = Box()
    let inner = Self.problem()
    let other = Self.problem(outer: { w, _ in
      let problem = box.problem.withLock { $0 }
      let value = try problem?.hypergradient(at: number(0.3)).loss ?? 0
      return w.square().sum() + value
    })
    box.problem.withLock { $0 = inner }
    let fine = try other.hypergradient(at: number(0.5))
    #expect(fine.loss.isFinite)
    for estimator in [Estimator.reverse, .forward, .oneStep] {
      let own = Self.problem(outer: { w, _ in
        let problem = box.problem.withLock { $0 }
        return w.square().sum()
          + (try problem?.hypergradient(at: number(0.3), by: estimator).loss ?? 0)
      })
      box.problem.withLock { $0 = own }
      for call in [
        { _ = try own.hypergradient(at: number(0.5), by: estimator) },
        { _ = try own.solve(at: number(0.5)) },
        { _ = try own.minimize(from: number(0.5), updates: 1, with: OuterLoop(.sgd(rate: 0.1))) },
      ] as [() throws -> Void] {
        expectError("a closure of a bilevel problem asks", from: call)
      }
      // The problem is as good as new.
      box.problem.withLock { $0 = nil }
      #expect(try own.hypergradient(at: number(0.5), by: estimator).loss.isFinite)
    }
  }

  /// Closures that give something else when they are called again.
  @Test func closuresThatChange() throws {
    final class Counter: Sendable {
      let calls = Atomic(0)
      func next() -> Int { calls.add(1, ordering: .relaxed).newValue }
    }
    for first in 1...6 {
      let counter = Counter()
      let weights = Self.problem(weights: { _ in
        counter.next() <= first ? vector([1, 2]) : vector([1, 2, 3])
      })
      let text = message {
        for _ in 0..<6 { _ = try weights.hypergradient(at: number(1)) }
      }
      #expect(
        text.contains("the initial state gives") && text.contains("must stay"), "\(first): \(text)")
    }
  }

  @Test func partsOfTheObjective() {
    let start = [vector([1, 2]), vector([0, 0]), number(1)]
    let parts: [@Sendable ([Tensor]) -> [Tensor]] = [
      { _ in [] }, { $0 + $0 }, { Array($0.dropFirst()) }, { _ in [number(1)] },
    ]
    for weights in parts {
      let problem = BilevelProblem<[Tensor], Tensor, NoTensors>(
        dynamics: InnerDynamics(
          steps: 2, batches: .full, initial: { _ in start },
          objective: InnerObjective(
            weights: weights, loss: { s, h, _ in h * s[0].square().sum() },
            update: { s, _, _, _ in s })),
        outer: { s, _ in s[0].sum() })
      expectError("`InnerObjective.weights` gives") {
        try problem.hypergradient(at: number(1), by: .implicit())
      }
    }
  }

  // MARK: - Estimators

  @Test(
    arguments: [
      .truncated(0), .drmad(.steps(0)), .drmad(.arcLength(-1)), .realTime(every: 0),
      .greedy(gamma: .nan), .distill(gamma: -1), .distill(gamma: 0.5, period: 0),
      .finiteDifference(radius: .nan), .finiteDifference(radius: 0), .implicit(batches: .max),
      .implicit(.neumann(terms: .max, step: 0.1)), .implicit(.neumann(terms: 3, step: .nan)),
      .implicit(.nystrom(rank: 3)), .implicit(damping: .nan), .implicit(damping: -1),
      .implicit(inner: .trainingUntil(tolerance: .nan)),
      .implicit(inner: .trainingUntil(tolerance: 1, every: 0)), .fixedPoint(batches: 0),
      .fixedPoint(batches: .max), .fixedPoint(tolerance: .nan), .fixedPoint(.neumann(terms: .max)),
      .hoag(.constant(0)), .hoag(.exponential(factor: 2)), .hoag(.quadratic(initial: .nan)),
      .hypernetwork(.init(hidden: [.max])), .hypernetwork(.init(hidden: [1 << 20, 1 << 20])),
      .hypernetwork(.init(samples: .max)), .hypernetwork(.init(samples: 0)),
      .hypernetwork(.init(warmUp: .max)), .hypernetwork(.init(scale: .nan)),
      .soba(rate: .constant(.nan)), .soba(rate: 0), .saba(rate: 0.1, batches: .max),
      .saba(rate: 0.1, batches: 1, validation: .min), .amigo(rate: 0.1, every: 0),
      .amigo(rate: 0.1, linearSteps: .max), .stocBiO(rate: 0.1, linearSteps: 0),
      .penalty(multiplier: 0), .penalty(multiplier: .infinity),
      .penalty(multiplier: 1, growth: .nan),
      .penalty(multiplier: 1, every: -1), .reverse(memory: 0), .reverse(memory: .min),
    ] as [Estimator])
  func settings(_ estimator: Estimator) {
    let error = #expect(throws: BilevelError.self) {
      try Self.problem().check(estimator, at: number(1))
    }
    guard case .refused(_, let reason, let remedy) = error else {
      Issue.record("\(estimator): \(error as Any)")
      return
    }
    #expect(
      !reason.isEmpty
        && (remedy.contains("use") || remedy.contains("give") || remedy.contains("start")))
  }

  /// Counts beyond all others that mean no more than "all".
  @Test(
    arguments: [
      .truncated(.max), .drmad(.steps(.max)), .drmad(.arcLength(.max)), .realTime(every: .max),
      .distill(gamma: 0.5, period: .max), .implicit(.nystrom(rank: .max), damping: 1),
      .implicit(.gmres(restart: .max)), .reverse(memory: .max),
    ] as [Estimator])
  func largeCounts(_ estimator: Estimator) throws {
    let result = try Self.problem().hypergradient(at: number(1), by: estimator)
    #expect(try result.gradient.isAllFinite())
  }

  @Test func verification() throws {
    let problem = Self.problem()
    for directions in [-1, Int.min, Int.max] {
      expectError("`directions` is \(directions)") {
        try problem.verify(.reverse, at: number(1), directions: directions, forwardLimit: 0)
      }
    }
    for step in [0, -1, Double.nan, .infinity] {
      expectError("`step` is \(step)") {
        try problem.verify(.reverse, at: number(1), forwardLimit: 0, step: step)
      }
    }
    let one = try problem.verify(.reverse, at: number(1), directions: 0, forwardLimit: .min)
    #expect(one.residual < 1e-6)
  }

  /// One estimator that has no answer does not end the comparison of the others.
  @Test func comparison() throws {
    let rows = try Self.problem().compare(
      [.reverse, .implicit(.neumann(terms: 400, step: 50)), .firstOrder, .forward], at: number(1))
    #expect(rows.count == 4)
    guard case .verified = rows[0], case .failed(_, let reason) = rows[1], case .refused = rows[2],
      case .verified(let forward) = rows[3]
    else {
      Issue.record("\(rows)")
      return
    }
    #expect(reason.contains("diverged"), "\(reason)")
    #expect("\(rows[1])".contains("has no answer"))
    #expect(forward.residual < 1e-12)
  }

  // MARK: - The outer loop

  @Test func outerLoops() throws {
    let loop = OuterLoop<[Tensor]>(.adam(rate: 0.1))
    let start = [vector([1, 2]), number(3)]
    let state = try loop.start(at: start)
    _ = try loop.step(state, along: start)
    let cases: KeyValuePairs<String, () throws -> Void> = [
      "a step along": { _ = try loop.step(state, along: [vector([1, 2])]) },
      "a step along": { _ = try loop.step(state, along: [vector([1, 2, 3]), number(3)]) },
      "a step along": { _ = try loop.step(state, along: []) },
      "an optimizer that has 2": {
        _ = try loop.step(
          .init(training: TrainingState(weights: start), updates: 0), along: start)
      },
      "an optimizer that has 2": {
        let slots = [start, [vector([1, 2])]]
        _ = try loop.step(
          .init(training: TrainingState(weights: start, slots: slots), updates: 0), along: start)
      },
      "after -1 updates": {
        _ = try loop.step(.init(training: state.training, updates: -1), along: start)
      },
      "after \(Int.max) updates": {
        _ = try loop.step(.init(training: state.training, updates: .max), along: start)
      },
      "`updates` is -3": { _ = try loop.minimize(from: start, updates: -3) { $0[1] } },
      "an adaptive step with": {
        _ = try OuterLoop(AdaptiveStep(growth: 0)).step(state, along: start, loss: 1)
      },
      "an outer loss of nan": {
        _ = try OuterLoop(AdaptiveStep()).step(state, along: start, loss: .nan)
      },
      "needs the outer loss": { _ = try OuterLoop(AdaptiveStep()).step(state, along: start) },
    ]
    for (expected, call) in cases {
      expectError(expected, from: call)
    }
  }

  @Test(
    arguments: [
      .sigmoid(lower: 1, upper: 1), .sigmoid(lower: 2, upper: 1), .sigmoid(lower: .nan, upper: 1),
      .sigmoid(lower: 0, upper: .infinity),
    ] as [HyperTransform])
  func transforms(_ transform: HyperTransform) {
    for tensor in [transform.constrained(number(0)), transform.free(number(0.5))] {
      #expect(tensor.error?.description.contains("the lower bound must be below") == true)
    }
  }

  // MARK: - Evidence, hypernetworks, learned optimizers

  @Test func sizes() throws {
    for count in [0, -1, Int.min, Int.max] {
      expectError("groups of \(count) weights") { try WeightGroups.each(count) }
      expectError("groups of \(count) weights") { try WeightGroups.shared(count) }
    }
    for units in [[], [0], [-1], [.max], [3, .max]] as [[Int]] {
      expectError("a learned optimizer with layers of \(units)") {
        try CoordinatewiseLSTM(units: units, key: RandomKey(seed: 1))
      }
    }
    let lstm = try CoordinatewiseLSTM(units: [3, 3], key: RandomKey(seed: 1))
    let step = lstm.update(Tensor.zeros([4]), Array(lstm.memory(coordinates: 4).dropLast()))
    #expect(step.update.error?.description.contains("the memory of 1 layers for 2") == true)

    var network = LinearHypernetwork(base: [vector([1, 2]), number(1)], hyperparameters: 3)
    network.slopes.removeLast()
    #expect(network(vector([1, 2, 3]))[0].error?.description.contains("slopes") == true)

    var layer = SelfTuningDense(2, 3, hyperparameters: 2, key: RandomKey(seed: 1))
    layer.biasScales = Tensor.zeros([2])
    #expect(
      layer(Tensor.zeros([4, 2]), Tensor.zeros([2])).error?.description.contains("scales") == true)
    layer.biasScales = Tensor(1)
    #expect(layer(Tensor.zeros([4, 2]), Tensor.zeros([2])).error != nil)

    let evidence = try LaplaceEvidence<Tensor, Tensor>(weights: vector([0, 0])) { w, h in
      (h * w.square()).sum()
    }
    for (tolerance, iterations) in [(Double.nan, 10), (-1, 10), (1e-9, -1), (1e-9, .max)] {
      expectError("a mode to a tolerance of") {
        try evidence.mode(
          at: number(1), from: vector([1, 1]), tolerance: tolerance, iterationLimit: iterations)
      }
    }
    expectError("there are 2") { try evidence.mode(at: number(1), from: vector([1])) }
  }
}

import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics

extension AbuseRoom {
  static let bilevel = AbuseRoom("OuterloopBilevel") { room in
    room.addProblems()
    room.addEstimators()
    room.addRuns()
    room.addClosures()
    room.addOuterLoops()
    room.addConstraints()
    room.addRevolve()
    room.addEvidence()
    room.addHypernetworks()
    room.addLearnedOptimizers()
    room.addLabelErrors()
    room.exclude(
      "total on its values", "BestResponse.==", "BestResponse.hash", "Estimator.==",
      "Estimator.hash")
    room.exclude(
      "makes a value that `BilevelProblem.hypergradient` is tried with",
      "Estimator.init", "Estimator.truncated", "Estimator.drmad", "Estimator.realTime",
      "Estimator.finiteDifference", "Estimator.greedy", "Estimator.distill", "Estimator.implicit",
      "Estimator.fixedPoint", "Estimator.hoag", "Estimator.hypernetwork", "Estimator.soba",
      "Estimator.saba", "Estimator.amigo", "Estimator.stocBiO", "Estimator.penalty",
      "Estimator.reverseWithin", "EstimatorProperties.init", "IndependentMethod.session")
    room.exclude("takes no values", "Cost.init", "Diagnostics.init")
    room.exclude(
      "hands its tensors on", "CoordinatewiseLSTM.visit", "FullGaussian.visit",
      "LearnedTrainingState.visit", "LinearHypernetwork.visit", "MeanFieldGaussian.visit",
      "PerceptronHypernetwork.visit", "Precisions.visit", "SelfTuningConvolution2D.visit",
      "SelfTuningDense.visit")
  }
}

/// Problems to be spoilt one part at a time.
enum Bilevel {
  typealias Problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>

  static let start = Tensor([1, 2] as [Float])
  static let lambda = Tensor([0.5, 0.25] as [Float])

  static func problem(
    steps: Int = 3, weights: @escaping @Sendable (Tensor) throws -> Tensor = { _ in start },
    optimizer: @escaping @Sendable (Tensor, Time) throws -> Optimizer = { _, _ in
      .momentum(rate: 0.1, momentum: 0.5)
    },
    loss: @escaping @Sendable (Tensor, Tensor) throws -> Tensor = { w, h in
      (h * w.square() + w).sum()
    },
    outer: @escaping @Sendable (Tensor, Tensor) throws -> Tensor = { w, h in
      w.square().sum() + h.square().sum()
    }
  ) -> Problem {
    Problem(steps: steps, weights: weights, optimizer: optimizer, loss: loss, outer: outer)
  }

  /// Every estimator with settings that are right.
  static let estimators: [Estimator] = [
    .reverse, .reverse(memory: 1 << 20), .truncated(2), .reversible, .forward, .realTime(every: 1),
    .drmad(.steps(2)), .drmad(.arcLength(2), velocity: .slope), .oneStep, .finiteDifference(),
    .greedy(gamma: 0.5), .distill(gamma: 0.5), .implicit(), .implicit(.dense, inner: .lbfgs()),
    .implicit(.larsen, damping: 1), .implicit(.nystrom(rank: 1), damping: 1), .fixedPoint(),
    .hoag(), .firstOrder, .hypernetwork(), .soba(rate: 0.1), .saba(rate: 0.1, batches: 1),
    .amigo(rate: 0.1, every: 1), .stocBiO(rate: 0.1, every: 1), .penalty(multiplier: 10, every: 1),
  ]

  /// Everything that a problem offers, at a point.
  static func everything<State, Hyper, Batch>(
    _ problem: BilevelProblem<State, Hyper, Batch>, at hyper: Hyper
  ) throws -> Any {
    var first: (any Error)?
    func attempt(_ body: () throws -> Void) {
      do { try body() } catch { first = first ?? error }
    }
    attempt { _ = try problem.solve(at: hyper) }
    for estimator in estimators {
      attempt { _ = try problem.check(estimator, at: hyper) }
      attempt { _ = try problem.hypergradient(at: hyper, by: estimator) }
      attempt {
        _ = try problem.minimize(
          from: hyper, by: estimator, updates: 2, with: OuterLoop(.sgd(rate: 0.1)))
      }
    }
    attempt { _ = try problem.verify(.reverse, at: hyper) }
    attempt { _ = try problem.leastMemory(at: hyper) }
    attempt { _ = try problem.plans(at: hyper) }
    if let first { throw first }
    return 0
  }
}

extension AbuseRoom {
  fileprivate mutating func addProblems() {
    let problem = Bilevel.problem()
    add("BilevelProblem.init", Edges.integers.filter { $0 < 1 << 20 || $0 > 1 << 27 }) {
      try Bilevel.everything(Bilevel.problem(steps: $0), at: Bilevel.lambda)
    }
    refuse("BilevelProblem.init", [.min, -1, 0, 1 << 33, .max]) {
      try Bilevel.problem(steps: $0).solve(at: Bilevel.lambda).loss
    }
    add("BilevelProblem.solve", Edges.tensors) { try problem.solve(at: $0).loss }
    add("BilevelProblem.hypergradient", Edges.tensors, Bilevel.estimators) {
      try problem.hypergradient(at: $0, by: $1).gradient
    }
    add("BilevelProblem.check", Edges.tensors, Bilevel.estimators) { try problem.check($1, at: $0) }
    add("BilevelProblem.plans", Edges.tensors) { try problem.plans(at: $0) }
    add("BilevelProblem.leastMemory", Edges.tensors) { try problem.leastMemory(at: $0) }
    add("BilevelProblem.verify", Edges.tensors) { try problem.verify(.oneStep, at: $0) }
    add("BilevelProblem.verify", Edges.integers, Edges.integers) {
      try problem.verify(.oneStep, at: Bilevel.lambda, directions: $0, forwardLimit: $1)
    }
    add("BilevelProblem.verify", Edges.numbers) {
      try problem.verify(.reverse, at: Bilevel.lambda, forwardLimit: 0, step: $0)
    }
    refuse("BilevelProblem.verify", [-1, .max]) {
      try problem.verify(.oneStep, at: Bilevel.lambda, directions: $0, forwardLimit: 0)
    }
    add("BilevelProblem.compare", [[], Bilevel.estimators]) {
      try problem.compare($0, at: Bilevel.lambda).map(\.description)
    }
    add("BilevelProblem.outer", Edges.tensors, Edges.tensors) {
      try problem.outer(TrainingState(weights: $0), $1)
    }
    add("BilevelProblem.outer", Edges.integers) {
      try Bilevel.problem(steps: $0).outer(TrainingState(weights: Bilevel.start), Bilevel.lambda)
    }
    add("BilevelProblem.minimize", [nil, .min, -1, 0, 1, 3], Bilevel.estimators) {
      try problem.minimize(
        from: Bilevel.lambda, by: $1, updates: $0, with: OuterLoop(.sgd(rate: 0.1)),
        training: $0 == nil ? .online(every: 1, trainings: 1) : nil
      ).hyper
    }
    add("BilevelProblem.minimize", Edges.tensors) {
      try problem.minimize(from: $0, updates: 2, with: OuterLoop(.adam(rate: 0.1))).hyper
    }
    add("TrainingSchedule.online", Edges.integers, [nil, .min, 0, 1, .max], [nil, 1, .max]) {
      every, trainings, tasks in
      try problem.minimize(
        from: Bilevel.lambda, by: .oneStep, updates: 1, with: OuterLoop(.sgd(rate: 0.1)),
        training: .online(
          every: every, start: tasks.map { .reptile(rate: 1, tasks: $0) } ?? .fresh,
          trainings: trainings)
      ).hyper
    }
    add("TrainingSchedule.online", Edges.numbers) {
      try problem.minimize(
        from: Bilevel.lambda, by: .oneStep, updates: 4, with: OuterLoop(.sgd(rate: 0.1)),
        training: .online(every: 1, start: .reptile(rate: $0))
      ).hyper
    }
    refuse("TrainingSchedule.online", [.min, -1, 0, 4, .max]) {
      try problem.minimize(
        from: Bilevel.lambda, by: .oneStep, updates: 1, with: OuterLoop(.sgd(rate: 0.1)),
        training: .online(every: $0)
      ).hyper
    }
  }

  fileprivate mutating func addEstimators() {
    @Sendable func run(_ estimator: Estimator) throws -> Tensor {
      try Bilevel.problem().hypergradient(at: Bilevel.lambda, by: estimator).gradient
    }
    add("Estimator.reverse", Edges.integers) { try run(.reverse(memory: $0)) }
    refuse("Estimator.reverse", [.min, -1, 0, 1]) { try run(.reverse(memory: $0)) }
    let counted: [@Sendable (Int) -> Estimator] = [
      { .truncated($0) }, { .drmad(.steps($0)) }, { .drmad(.arcLength($0)) },
      { .realTime(every: $0) }, { .distill(gamma: 0.5, period: $0) }, { .implicit(batches: $0) },
      { .implicit(.neumann(terms: $0, step: 0.1)) }, { .implicit(.nystrom(rank: $0), damping: 1) },
      { .implicit(.gmres(restart: $0)) }, { .implicit(.cg(StoppingRule(iterations: $0))) },
      { .implicit(inner: .trainingUntil(tolerance: 0, every: $0)) },
      { .implicit(inner: .lbfgs(LBFGS(memory: $0))) },
      { .implicit(inner: .lbfgs(LBFGS(iterations: $0))) },
      { .fixedPoint(batches: $0) }, { .fixedPoint(.gmres(restart: $0)) },
      { .saba(rate: 0.1, batches: $0) }, { .saba(rate: 0.1, batches: 1, validation: $0) },
      { .amigo(rate: 0.1, every: $0) }, { .amigo(rate: 0.1, linearSteps: $0) },
      { .stocBiO(rate: 0.1, linearSteps: $0) }, { .penalty(multiplier: 1, every: $0) },
      { .hypernetwork(.init(hidden: [$0])) }, { .hypernetwork(.init(hidden: [2, $0, 2])) },
      { .hypernetwork(.init(samples: $0)) }, { .hypernetwork(.init(warmUp: $0)) },
    ]
    for estimator in counted {
      add("BilevelProblem.hypergradient", Edges.integers) { try run(estimator($0)) }
    }
    let scaled: [@Sendable (Double) -> Estimator] = [
      { .greedy(gamma: $0) }, { .distill(gamma: $0) }, { .finiteDifference(radius: $0) },
      { .implicit(damping: $0) }, { .implicit(.dense, damping: $0) },
      { .implicit(.larsen, damping: $0) }, { .implicit(.neumann(terms: 3, step: $0)) },
      { .implicit(.minres(StoppingRule(relative: $0))) },
      { .implicit(.gmres(StoppingRule(absolute: $0))) },
      { .implicit(inner: .trainingUntil(tolerance: $0)) },
      { .implicit(inner: .lbfgs(LBFGS(tolerance: $0))) },
      { .implicit(inner: .lbfgs(LBFGS(rounding: $0))) }, { .fixedPoint(tolerance: $0) },
      { .hoag(.constant($0)) }, { .soba(rate: .constant($0)) }, { .soba(rate: .decaying($0)) },
      { .penalty(multiplier: $0) }, { .penalty(multiplier: 1, growth: $0) },
      { .hypernetwork(.init(scale: $0)) }, { .hypernetwork(.init(scaleRate: $0)) },
      { .hypernetwork(.init(entropyWeight: $0)) }, { .hypernetwork(.init(trunkRate: $0)) },
    ]
    for estimator in scaled {
      add("BilevelProblem.hypergradient", Edges.numbers) { try run(estimator($0)) }
    }
    add("HypernetworkSettings.init", Edges.seeds, [[], [3], [-1], [.max, .max]]) {
      try run(.hypernetwork(.init(hidden: $1, seed: $0)))
    }
    refuse("HypernetworkSettings.init", [[0], [-1], [.max], [1 << 30, 1 << 30]]) {
      try run(.hypernetwork(.init(hidden: $0)))
    }
    add("StepSize.init", Edges.numbers) { StepSize(floatLiteral: $0).at(3) }
    add("StepSize.init", Edges.integers) { StepSize(integerLiteral: $0).at(3) }
    add("StepSize.at", Edges.integers) { StepSize.decaying(1).at($0) }
    let schedules: [(String, @Sendable (Double) -> ToleranceSchedule)] = [
      ("constant", { .constant($0) }), ("quadratic", { .quadratic(initial: $0) }),
      ("cubic", { .cubic(initial: 1, floor: $0) }),
      ("exponential", { .exponential(factor: $0) }),
    ]
    for (name, schedule) in schedules {
      add("ToleranceSchedule.\(name)", Edges.numbers) { try run(.hoag(schedule($0))) }
      add("ToleranceSchedule.tolerance", Edges.numbers, Edges.integers) {
        schedule($0).tolerance($1)
      }
    }
    refuse("ToleranceSchedule.constant", [0, -1, .nan, .infinity]) {
      try run(.hoag(.constant($0)))
    }
    // Momenta that reversible training cannot have, and rates that are no numbers.
    add("BilevelProblem.hypergradient", Edges.numbers, Bilevel.estimators) { number, estimator in
      try Bilevel.problem(optimizer: { _, _ in
        .momentum(rate: 0.1, momentum: .init(number))
      }).hypergradient(at: Bilevel.lambda, by: estimator).gradient
    }
    add("BilevelProblem.hypergradient", Edges.numbers, Bilevel.estimators) { number, estimator in
      try Bilevel.problem(optimizer: { _, _ in .sgd(rate: .init(number)) })
        .hypergradient(at: Bilevel.lambda, by: estimator).gradient
    }
  }

  /// The moves of a run, by methods that make them wrongly.
  fileprivate mutating func addRuns() {
    @Sendable func run(
      _ moves: @escaping @Sendable (Run, TensorMemory) throws -> Void
    ) throws -> Tensor {
      let estimator = Estimator(Moves(moves: moves))
      _ = try Bilevel.problem().minimize(
        from: Bilevel.lambda, by: estimator, updates: 2, with: OuterLoop(.sgd(rate: 0.1)))
      return try Bilevel.problem().hypergradient(at: Bilevel.lambda, by: estimator).gradient
    }
    add("Run.states", Edges.integers) { count in try run { run, _ in _ = try run.states(count) } }
    refuse("Run.states", [.min, -1, 0, .max]) { count in
      try run { run, _ in _ = try run.states(count) }
    }
    add("Run.step", Edges.integers) { t in
      try run { run, states in try run.step(t, from: states[0], to: states[1]) }
    }
    add("Run.adjointStep", Edges.integers) { t in
      try run { run, states in try run.adjointStep(t, at: states[t]) }
    }
    refuse("Run.step", [.min, -1, 0, 4, .max]) { t in
      try run { run, states in try run.step(t, from: states[0], to: states[1]) }
    }
    refuse("Run.adjointStep", [.min, -1, 0, 4, .max]) { t in
      try run { run, states in try run.adjointStep(t, at: states[0]) }
    }
    let wrong: [(String, @Sendable (Run, TensorMemory) throws -> Void)] = [
      ("Run.begin", { run, _ in try run.begin(at: run.sum) }),
      ("Run.step", { run, states in try run.step(1, from: run.sum, to: states[0]) }),
      ("Run.step", { run, states in try run.step(1, from: states[0], to: run.sum) }),
      ("Run.adjointStep", { run, _ in try run.adjointStep(1, at: run.sum) }),
      ("Run.outer", { run, _ in try run.outer() }),
      ("Run.keepEnd", { run, _ in try run.keepEnd() }),
      ("Run.result", { run, _ in _ = try run.result(loss: 0) }),
      (
        "Run.result",
        { run, _ in
          try run.train()
          _ = try run.result(loss: 0)
          try run.train()
        }
      ),
      ("TensorBuffers.set", { run, states in try states[0].set(to: run.sum) }),
      ("TensorBuffers.add", { run, states in try states[0].add(run.sum) }),
    ]
    for (name, moves) in wrong { refuse(name, [0]) { _ in try run(moves) } }
    add("Run.begin") { try run { run, states in try run.begin(at: states[0]) } }
    add("Run.train") { try run { run, _ in try run.train() } }
    add("Run.countAdjoint") { try run { run, _ in run.countAdjoint() } }
    add("Run.finishReverse") { try run { run, _ in try run.finishReverse() } }
    add("Run.result", Edges.numbers) { loss in
      try run { run, _ in
        try run.train()
        try run.outer()
        _ = try run.result(loss: loss)
      }
    }
    add("TensorMemory.subscript", Edges.integers) { place in
      try run { run, states in try run.begin(at: states[place]) }
    }
    add("TensorBuffers.scale", Edges.numbers) { factor in
      try run { _, states in states[0].scale(by: factor) }
    }
    add("TensorBuffers.add", Edges.numbers) { factor in
      try run { _, states in try states[0].add(states[1], times: factor) }
    }
    add("TensorBuffers.setZero") { try run { _, states in states[0].setZero() } }
    add("TensorBuffers.copied") { try run { _, states in _ = states[0].copied().tensors } }
    add("CompiledProblem.requireInitialState", Edges.integers, Edges.integers) { last, steps in
      try run { run, _ in
        try run.problem.requireInitialState(
          seenBy: Moves(moves: { _, _ in }), lastSteps: last, of: steps)
      }
    }
    refuse("HypergradientMethod.refused", [""]) { text in
      throw Moves(moves: { _, _ in }).refused(text, text)
    }
  }

  /// Parts of a problem that are of the wrong shape or type, empty, broken, or not the same when
  /// asked again.
  fileprivate mutating func addClosures() {
    let lambda = Bilevel.lambda
    add("BilevelProblem.init", Edges.tensors) { tensor in
      try Bilevel.everything(Bilevel.problem(weights: { _ in tensor }), at: lambda)
    }
    add("BilevelProblem.init", Edges.tensors) { tensor in
      try Bilevel.everything(
        Bilevel.problem(loss: { w, h in tensor * h.sum() * w.sum() }), at: lambda)
    }
    add("BilevelProblem.init", Edges.tensors) { tensor in
      try Bilevel.everything(Bilevel.problem(outer: { _, _ in tensor }), at: lambda)
    }
    add("BilevelProblem.init", Edges.tensors) { tensor in
      try Bilevel.everything(
        Bilevel.problem(optimizer: { _, _ in .momentum(rate: .init(tensor), momentum: .init(tensor))
        }),
        at: lambda)
    }
    add("BilevelProblem.init", Array(0...4)) { count in
      let rates = (0..<count).map { Tensor(0.1 * Double($0)) }
      return try Bilevel.everything(
        Bilevel.problem(optimizer: { _, _ in .sgd(rate: .each(rates)) }), at: lambda)
    }
    // Another structure, or another rule, from the n-th call on.
    add("BilevelProblem.init", Array(0...12)) { limit in
      let calls = Calls()
      return try Bilevel.everything(
        Bilevel.problem(weights: { _ in
          calls.next() <= limit ? Bilevel.start : Tensor([1, 2, 3] as [Float])
        }), at: lambda)
    }
    add("BilevelProblem.init", Array(0...12), [Optimizer.adam(rate: 0.1), .sgd(rate: 0.1)]) {
      limit, other in
      let calls = Calls()
      return try Bilevel.everything(
        Bilevel.problem(optimizer: { _, _ in
          calls.next() <= limit ? .momentum(rate: 0.1, momentum: 0.5) : other
        }), at: lambda)
    }
    add("BilevelProblem.init", Array(0...12)) { limit in
      let calls = Calls()
      return try Bilevel.everything(
        Bilevel.problem(outer: { w, _ in calls.next() <= limit ? w.sum() : w }), at: lambda)
    }
    add("InnerDynamics.init", Edges.tensors) { tensor in
      try Bilevel.everything(
        BilevelProblem<Tensor, Tensor, NoTensors>(
          dynamics: InnerDynamics(
            steps: 3, batches: .full, initial: { _ in Bilevel.start },
            step: { _, _, _, _ in tensor }),
          outer: { s, _ in s.sum() }), at: lambda)
    }
    add("InnerDynamics.init", Edges.tensors) { tensor in
      try Bilevel.everything(
        BilevelProblem<[Tensor], [Tensor], [Tensor]>(
          dynamics: InnerDynamics(
            steps: 3, batches: Batches { $0 == 0 ? [tensor] : [Bilevel.start] },
            initial: { _ in [Bilevel.start] },
            step: { s, h, b, _ in [s[0] * h[0].sum() + b[0].sum()] }),
          outer: { s, _ in s[0].sum() }), at: [lambda])
    }
    add("InnerObjective.init", Edges.tensors, [0, 1, 2, 3]) { tensor, count in
      let start = [Bilevel.start, Bilevel.start]
      return try Bilevel.everything(
        BilevelProblem<[Tensor], Tensor, NoTensors>(
          dynamics: InnerDynamics(
            steps: 2, batches: .full, initial: { _ in start },
            objective: InnerObjective(
              weights: { s in count < 3 ? Array(s.prefix(count)) : [tensor] },
              loss: { s, h, _ in (h * s[0]).sum() },
              update: { s, g, _, _ in g.isEmpty ? s : [tensor, s[1]] })),
          outer: { s, _ in s[0].sum() }), at: lambda)
    }
    // A hypergradient inside of the problem's own closures.
    add("BilevelProblem.hypergradient", Bilevel.estimators) { estimator in
      let own = Own()
      let problem = Bilevel.problem(outer: { w, _ in
        w.sum() + (try own.problem?.hypergradient(at: Bilevel.lambda, by: estimator).loss ?? 0)
      })
      own.problem = problem
      return try problem.hypergradient(at: Bilevel.lambda, by: estimator).gradient
    }
    refuse("BilevelProblem.hypergradient", [Estimator.reverse, .forward]) { estimator in
      try gradient(at: Bilevel.lambda) { lambda in
        try Bilevel.problem().hypergradient(at: lambda, by: estimator).gradient.sum()
      }
    }
  }
}

/// How often something was called.
private final class Calls: @unchecked Sendable {
  private var count = 0
  func next() -> Int {
    count += 1
    return count
  }
}

/// A problem that its own closures know.
private final class Own: @unchecked Sendable {
  var problem: Bilevel.Problem?
}

/// A method of any moves, before those that give a result.
private struct Moves: IndependentMethod {
  let moves: @Sendable (Run, TensorMemory) throws -> Void

  var description: String { "moves" }
  var needsSecondDerivatives: Bool { true }
  var properties: EstimatorProperties {
    .init(.exact, products: .none, memory: .constant, exact: .always)
  }
  static func == (a: Moves, b: Moves) -> Bool { true }
  func hash(into hasher: inout Hasher) {}
  func refuse(_ problem: CompiledProblem, steps: Int) throws {}

  func run(_ run: Run) throws -> EstimatorResult {
    try moves(run, try run.states(2))
    try run.train()
    return try run.result(loss: try run.outer())
  }
}

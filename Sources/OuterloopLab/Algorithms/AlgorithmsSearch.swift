internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopLearning
internal import OuterloopNumerics

extension AlgorithmsExperiment {
  func optimize(
    _ problem: AlgorithmProblem, _ method: Method, _ context: ExperimentContext
  ) throws -> Run {
    var trace = Trace()
    switch method {
    case .random, .process:
      try search(problem, modelled: method == .process, &trace, context)
    case .greedy:
      // Within a single training as long as all trainings of the other algorithms together.
      try descend(
        problem, .greedy(gamma: 0.9), updates: trainings * steps / 10, .online(every: 10),
        rate: 0.1 * 10 / Double(steps), &trace, context)
    case .hypernetwork:
      // A step of the linear map is 1 + |perturbation|^2 times as long as one of the weights alone: beyond 16
      // hyperparameters the perturbations keep the length for 16, or the map would diverge.
      let scale = 0.3 * Swift.min(1, 16 / Double(problem.groups)).squareRoot()
      try descend(
        problem, .hypernetwork(.init(scale: scale, scaleRate: nil, warmUp: steps, seed: seed)),
        updates: trainings * steps / 10, .online(every: 10), rate: 0.2 * 10 / Double(steps), &trace,
        context)
    case .hoag:
      try descend(
        problem, .hoag(.exponential()), updates: trainings / 3, nil, rate: 0.3, &trace, context)
    case .drmad:
      try descend(
        problem, .drmad(.steps(1)), updates: trainings / 3, nil, rate: 0.3, &trace, context)
    case .reverse:
      try descend(problem, .reverse, updates: trainings / 3, nil, rate: 0.3, &trace, context)
    }
    let found = trace.points
    let losses = try found.map { point in
      try context.continueOrStop()
      return try problem.judged(point.decays)
    }
    return Run(seconds: found.map(\.seconds), losses: losses)
  }

  /// The decays of an algorithm over time. They are evaluated after it has ended, which does not count towards
  /// its time.
  private struct Trace {
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private(set) var points: [(seconds: Double, decays: Tensor)] = []

    init() { start = clock.now }

    mutating func add(_ decays: Tensor) {
      points.append((start.duration(to: clock.now) / .seconds(1), decays))
    }
  }

  /// By gradient: a hypergradient counts as three trainings. Recorded about 30 times.
  private func descend(
    _ problem: AlgorithmProblem, _ estimator: Estimator, updates: Int,
    _ schedule: TrainingSchedule?, rate: Double, _ trace: inout Trace, _ context: ExperimentContext
  ) throws {
    let updates = Swift.max(updates, 1)
    let every = Swift.max(updates / 30, 1)
    var (made, found) = (0, trace)
    _ = try problem.problem.minimize(
      from: problem.start, by: estimator, updates: updates,
      with: OuterLoop(
        .adam(rate: .init(rate), epsilon: 1e-8), constraints: [try .box(lower: -10, upper: 3)]),
      training: schedule
    ) { progress in
      try context.continueOrStop()
      made += 1
      if made.isMultiple(of: every) || made == updates { found.add(progress.hyper) }
      return true
    }
    trace = found
  }

  /// Random points in the box, each trained to the solution; or, after a third of them, the best of many candidates by a
  /// Gaussian process's expected improvement.
  private func search(
    _ problem: AlgorithmProblem, modelled: Bool, _ trace: inout Trace, _ context: ExperimentContext
  ) throws {
    func point(_ purpose: String, _ number: Int) throws -> [Double] {
      let key = RandomKey(
        seed: seed, purpose: "algorithms, \(purpose) of \(problem.groups)", index: UInt64(number))
      return try key.uniform([problem.groups], dtype: .float64).doubles().map { -10 + 13 * $0 }
    }
    var best = (loss: try problem.judged(problem.start), decays: problem.start)
    trace.add(best.decays)
    var (points, losses): ([[Double]], [Double]) = ([], [])
    for number in 0..<trainings {
      try context.continueOrStop()
      var next = try point("points", number)
      if modelled, number >= Swift.max(trainings / 3, 4) {
        let candidates = try (0..<200).map { try point("candidates", number * 200 + $0) }
        // The range of logarithms is 13.
        func scaled(_ rows: [[Double]]) -> [[Double]] { rows.map { $0.map { $0 / 13 } } }
        if let model = try LossModel(scaled(points), losses: losses) {
          next = candidates[model.best(of: scaled(candidates))]
        } else {
          next = candidates[0]
        }
      }
      let loss = try problem.judged(Tensor(next))
      points.append(next)
      losses.append(loss)
      if loss < best.loss {
        best = (loss, Tensor(next))
        trace.add(best.decays)
      }
    }
    trace.add(best.decays)
  }
}

internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopCharts
internal import OuterloopLearning
internal import OuterloopNumerics

/// Few-shot sinusoid regression (HyperDistill, Lee et al. ICLR 2022, appendix G, Table 4).
///
/// 20,400 weights of three shared layers are learned online, by the hypergradient of every inner step,
/// so that the last layer adapts to a new task from 10 points in 30 steps.
public struct SinusoidExperiment: Experiment {
  public static let about = ExperimentDescription(
    name: "sinusoid",
    summary: "Few-shot sinusoid regression: online hypergradients of 20,400 weights.",
    question:
      "Do distilled hypergradients learn features for few-shot regression better than one-step, "
      + "first-order and truncated ones at the same number of trainings?",
    method:
      "Three shared layers are hyperparameters, updated at every inner step so that the last layer adapts "
      + "to a new sinusoid from 10 points in 30 steps (HyperDistill, Lee et al. 2022, Table 4: test error "
      + "0.327 +- 0.052 against 0.670, 0.567, 0.502 and DrMAD's 1.086).",
    mathematics: #"""
      A task is $y = a \sin(x - p)$ with $a \in [0.1, 5]$, $p \in [0, \pi]$. Features $\phi(x; \lambda)$ are shared, a linear
      head $w$ is trained on ten points for $T = 30$ steps, and $\lambda$ follows

      $$ g_t = \frac{\partial E}{\partial \lambda} + \theta \frac{1 - \gamma^t}{1 - \gamma} v_t, \quad v_t = \frac{\partial E}{\partial w_t} \frac{\partial \Phi(w^*_t, \lambda; D^*_t)}{\partial \lambda}, $$

      where $w^*_t$ averages all weights so far, $w^*_t = p_t w^*_{t-1} + (1 - p_t) w_{t-1}$ with
      $p_t = (\gamma - \gamma^t) / (1 - \gamma^t)$, and $\theta$ is estimated now and then by a backward pass.
      """#,
    sources: [
      .init(
        "Lee et al., Online hyperparameter meta-learning with hypergradient distillation, ICLR 2022",
        "https://arxiv.org/abs/2110.02508")
    ])

  public static let settings: [Setting<Self>] = [
    .int("seeds", \.seeds, "Runs from different starts.", .within(1...1_000)),
    .int("trainings", \.trainings, "Trainings, each of 10 new tasks.", .atLeast(1), value: "M"),
    .int(
      "queries", \.queries, "Points that judge the features of a task.", .atLeast(1), value: "n"),
    .number(
      "gamma", \.gamma, "Of distillation: how far back its average reaches.", .within(0...1)),
    .int("period", \.period, "Trainings between estimates of theta.", .atLeast(1), value: "n"),
    .choice("method", \.methods, "Methods", among: Method.allCases.map(\.rawValue)),
    .number("outer-rate", \.outerRate, "Adam's rate on the shared layers.", .above(0)),
    .int("test-tasks", \.testTasks, "New tasks to test on.", .atLeast(1)),
    .seed("first-seed", \.firstSeed, "The seed of the first run."),
  ]

  public static var quick: Self {
    var quick = Self()
    (quick.seeds, quick.trainings, quick.testTasks) = (2, 12, 100)
    quick.methods = [Method.firstOrder, .oneStep, .distill].map(\.rawValue)
    return quick
  }

  /// Runs from different starts.
  public var seeds = 20
  /// M: trainings, each of `tasks` new tasks.
  public var trainings = 30
  public var tasks = 10
  public var shots = 10
  /// Query points of each task, on which the features are evaluated.
  public var queries = 10
  /// T
  public var steps = 30
  public var rate = 0.01
  public var momentum = 0.9
  /// Adam's rate on the features.
  public var outerRate = 0.001
  /// Of distillation.
  public var gamma = 0.9
  /// Trainings between estimates of theta.
  public var period = 50
  public var testTasks = 1_000
  public var firstSeed: UInt64 = 0

  public init() {}

  /// Words of `Method`.
  public var methods = Method.allCases.map(\.rawValue)

  public enum Method: String, CaseIterable, Sendable {
    case firstOrder = "first-order"
    case oneStep = "one-step"
    case drmad, neumann
    /// Distillation as published, through the weights, and through momentum too.
    case distill
    case distillWhole = "distill-momentum"
    /// Exact over windows of 5 steps and of all steps.
    case window, reverse
  }

  /// How a method is run: its estimator, the inner steps between updates of the features, and the
  /// published test error with half the width of its interval.
  struct Plan {
    var estimator: Estimator
    var every: Int
    var published: (mean: Double, interval: Double)?
  }

  func plan(_ method: Method) -> Plan {
    switch method {
    case .firstOrder: Plan(estimator: .firstOrder, every: 1, published: (0.567, 0.193))
    case .oneStep: Plan(estimator: .oneStep, every: 1, published: (0.670, 0.283))
    case .drmad: Plan(estimator: .drmad(.steps(1)), every: steps, published: (1.086, 0.176))
    case .neumann:
      // The last 5 steps, 3 terms of the inverse.
      Plan(
        estimator: .implicit(.neumann(terms: 3, step: rate)), every: window,
        published: (0.502, 0.146))
    case .distill:
      Plan(
        estimator: .distill(gamma: gamma, period: period, through: .weights), every: 1,
        published: (0.327, 0.052))
    case .distillWhole:
      Plan(estimator: .distill(gamma: gamma, period: period), every: 1, published: nil)
    case .window: Plan(estimator: .reverse, every: window, published: nil)
    case .reverse: Plan(estimator: .reverse, every: steps, published: nil)
    }
  }

  /// What a run depends on besides its method and seed; the first seed names the test tasks.
  private var runKey: String {
    get throws {
      var alone = self
      (alone.seeds, alone.methods) = (1, [])
      return try Fingerprint(of: alone).text
    }
  }

  private var window: Int { Swift.min(5, steps) }

  public func run(_ context: ExperimentContext) throws -> ExperimentReport {
    let chosen = methods.compactMap(Method.init(rawValue:))
    let total = chosen.count * seeds
    let key = try runKey
    var rows: [ExperimentReport.Table.Row] = []
    var single: [ExperimentReport.Table.Row] = []
    var curves: [LineChart.Series] = []
    var claims: [Claim] = []
    for (number, method) in chosen.enumerated() {
      let plan = plan(method)
      var runs: [[Double]] = []
      for seed in 0..<seeds {
        let word = "\(method.rawValue), seed \(firstSeed &+ UInt64(seed))"
        try context.report(number * seeds + seed, of: total, word)
        runs.append(
          try context.run(word, key: key) {
            try errors(plan, seed: firstSeed &+ UInt64(seed), context)
          })
      }
      // An error beyond that of predicting 0, about 4.3 by the range of amplitudes, counts as not
      // learning.
      let ends = runs.map { $0.last ?? .infinity }
      single.append(.init(method.rawValue, ends))
      let final = Repetitions(values: ends.filter { $0 < 10 })
      rows.append(
        .init(
          method.rawValue,
          [
            final.mean, final.interval, plan.published?.mean, plan.published?.interval,
            Double(trainings * (steps / plan.every)), Double(ends.count { $0 >= 10 }),
          ]))
      claims += self.claims(method, plan, ends: ends, starts: runs.compactMap(\.first))
      let points = runs.map(\.count).min() ?? 0
      // Medians: one run that is temporarily unstable would hide all others.
      let medians = (0..<points).map { index in Repetitions(values: runs.map { $0[index] }).median }
      curves.append(
        .init(
          method.rawValue, x: medians.indices.map { Double(($0 + 1) * evaluationPeriod) },
          y: medians,
          style: MethodStyle.style(method, among: Method.allCases) {
            MethodStyle(self.plan($0).estimator.properties.family)
          }))
    }
    let chart = LineChart(
      title: "Few-shot sinusoids: error on new tasks", x: .init("trainings of \(tasks) tasks"),
      y: .init("mean squared error, median of seeds", scale: .log), series: curves)
    return ExperimentReport(
      tables: [
        .init(
          "Test error after \(trainings) trainings, mean of \(seeds) seeds",
          columns: ["error", "+-", "published", "published +-", "updates", "diverged"], rows: rows),
        .bySeed("Test error by seed", from: firstSeed, count: seeds, rows: single),
      ],
      claims: claims,
      notes: [
        "+- is half of the 95 % interval of the mean over seeds; \(testTasks) new tasks a seed. Runs that "
          + "diverged (an error of 10 or more) are counted and left out of the mean.",
        "distill is the published method, which takes no account of momentum; distill-momentum "
          + "differentiates it: its hypergradients are up to 1/(1 - momentum) times as long, and at the published "
          + "outer rate they can diverge. window and reverse are exact over 5 and over all steps.",
        "The paper leaves open how many query points a task has (\(queries) here), the initialisation "
          + "(uniform by fan-in here) and its gamma for this experiment.",
      ],
      figures: [
        .init(
          "errors.svg",
          "The error on new tasks after training on ten of their points: the lower, the better the features.",
          svg: chart.svg())
      ])
  }

  /// That learning helps, and for the full run the published errors.
  private func claims(_ method: Method, _ plan: Plan, ends: [Double], starts: [Double]) -> [Claim] {
    let ratio = Repetitions(values: ends).median / Repetitions(values: starts).median
    var claims: [Claim] = []
    if trainings >= 12, method != .drmad {
      claims.append(
        Claim(
          "\(method.rawValue) lowers the error of new tasks", .theory, in: 0...0.95,
          measured: ratio,
          check: "median error at the end over that after \(evaluationPeriod) trainings"))
    }
    // DrMAD's published error is that of training that does not learn; ours learns.
    if trainings == 30, seeds >= 10, method != .drmad, let published = plan.published {
      let final = Repetitions(values: ends.filter { $0 < 10 })
      claims.append(
        Claim(
          "The published error of \(method.rawValue)", .published, is: published.mean,
          within: published.interval + final.interval, measured: final.mean,
          check: "Table 4; the two 95 % intervals overlap"))
    }
    return claims
  }

  private var evaluationPeriod: Int { Swift.max(1, trainings / 6) }

  /// The test error at regular intervals of trainings.
  private func errors(
    _ plan: Plan, seed: UInt64, _ context: ExperimentContext
  ) throws -> [Double] {
    let support = SinusoidTasks(tasks: tasks, points: shots, seed: seed, part: "support")
    let query = SinusoidTasks(tasks: tasks, points: queries, seed: seed, part: "query")
    let start = SinusoidModel.head(tasks: tasks, seed: seed)
    let (rate, momentum) = (rate, momentum)
    let problem = try BilevelProblem<
      TrainingState<SinusoidModel.Head>, SinusoidModel.Features, TaskBatch
    >(
      steps: steps, batches: support.batches(steps: steps), validation: query.batches(steps: steps),
      weights: { _ in start },
      optimizer: { _, _ in .momentum(rate: .init(rate), momentum: .init(momentum)) },
      loss: SinusoidModel.loss,
      outer: { head, features, batch in
        SinusoidModel.loss(head, features, batch) * (1 / Double(batch.x.shape[0]))
      })
    let perTraining = steps / plan.every
    var errors: [Double] = []
    do {
      _ = try problem.minimize(
        from: SinusoidModel.features(seed: seed), by: plan.estimator,
        updates: trainings * perTraining,
        with: OuterLoop(.adam(rate: .init(outerRate), epsilon: 1e-8)),
        training: .online(every: plan.every, start: .reptile(rate: 1, tasks: tasks))
      ) { progress in
        guard progress.update % (perTraining * evaluationPeriod) == 0 else { return true }
        try context.continueOrStop()
        errors.append(
          try testError(progress.hyper, progress.state.weights.mean(repeated: testTasks)))
        return true
      }
    } catch BilevelError.nonFinite {
      errors.append(.infinity)
    }
    return errors
  }

  /// The mean squared error of new tasks after training on their shots.
  private func testError(
    _ features: SinusoidModel.Features, _ head: SinusoidModel.Head
  ) throws -> Double {
    let seed = firstSeed &+ 1_000_000
    let support = SinusoidTasks(tasks: testTasks, points: shots, seed: seed, part: "support")
      .batch(0)
    let query = SinusoidTasks(tasks: testTasks, points: 100, seed: seed, part: "query").batch(0)
    let (rate, momentum, count) = (rate, momentum, Double(testTasks))
    let problem = BilevelProblem<
      TrainingState<SinusoidModel.Head>, SinusoidModel.Features, NoTensors
    >(
      steps: steps, weights: { _ in head },
      optimizer: { _, _ in .momentum(rate: .init(rate), momentum: .init(momentum)) },
      loss: { SinusoidModel.loss($0, $1, support) },
      outer: { SinusoidModel.loss($0, $1, query) * (1 / count) })
    return try problem.solve(at: features).loss
  }
}

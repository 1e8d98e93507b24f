internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopCharts
internal import OuterloopLearning
internal import OuterloopNumerics

/// HOAG: how exact inner solutions have to be while a hyperparameter is still far from its best value.
public struct HOAGExperiment: Experiment {
  public static let about = ExperimentDescription(
    name: "hoag",
    summary: "Inexact hypergradients: suboptimality against inner gradients for four tolerances.",
    question:
      "Does it pay to solve the inner problem loosely at first and more exactly as the hyperparameter settles?",
    method:
      "Softmax regression of the bundled digits with one log decay, chosen by the loss on held-out digits. "
      + "The inner problem and the linear system are solved to a tolerance that is tight throughout, or falls "
      + "quadratically, cubically or exponentially with the updates. Every gradient and every product with the "
      + "Hessian counts.",
    mathematics: #"""
      At update $k$ with tolerance $\epsilon_k$, HOAG finds weights $w_k$ and a vector $q_k$ with

      $$ \|\nabla_w L(w_k, \lambda_k)\| \leq \epsilon_k, \quad \|\nabla_w E - H q_k\| \leq \epsilon_k, $$

      both from those of the update before, and takes a step along $g_k = \partial E / \partial \lambda - N q_k$, whose error is
      $O(\epsilon_k)$. If $\sum_k \epsilon_k < \infty$ the updates converge to where exact ones do. The schedules are

      $$ \epsilon_k = \frac{\epsilon_0}{k^2}, \quad \epsilon_k = \frac{\epsilon_0}{k^3}, \quad \epsilon_k = 0.9^{k-1} \epsilon_0. $$

      """#,
    sources: [
      .init(
        "Pedregosa, Hyperparameter optimization with approximate gradient, 2016",
        "https://arxiv.org/abs/1602.02355")
    ])

  public static let settings: [Setting<Self>] = [
    .int("updates", \.updates, "Updates of the log decay.", .within(2...10_000)),
    .number(
      "tolerance", \.tolerance, "eps_0, where schedules start.", .within(1e-9...1), value: "eps"),
    .number(
      "exact", \.exact, "The tolerance that counts as exact.", .within(1e-12...1), value: "eps"),
    .number("start", \.start, "The log decay at the start.", .within(-12...4), value: "lambda"),
    .int("train", \.train, "Digits to train on.", .within(20...1_700), value: "n"),
    .int("validation", \.validation, "Digits to validate on.", .within(20...1_700), value: "n"),
    .seed("seed", \.seed, "Of the order of the digits."),
  ]

  public static var quick: Self {
    var quick = Self()
    (quick.train, quick.validation) = (200, 400)
    return quick
  }

  public var updates = 60
  public var tolerance = 1e-2
  public var exact = 1e-9
  public var start = 0.0
  public var train = 400
  public var validation = 500
  public var seed: UInt64 = 1

  public init() {}

  public func validate(_: ExperimentContext) throws {
    try DigitSplit.check(train: train, validation: validation)
  }

  static let schedules = ["exact", "quadratic", "cubic", "exponential"]

  /// The log decay before each update, and what had been spent by then.
  private struct Run: Codable {
    var decays: [Double] = []
    var spent: [Double] = []
    /// The outer loss at the exact solution for each of these decays.
    var losses: [Double] = []
  }

  public func run(_ context: ExperimentContext) throws -> ExperimentReport {
    let key = try Fingerprint(of: self).text
    let problem = try problem()
    try context.report(0, of: 5, "the best decay")
    let best = try context.run("best", key: key) { try search(problem, context) }
    let runs = try Self.schedules.enumerated().map { place, name in
      try context.report(1 + place, of: 5, name)
      return try context.run(name, key: key) { try follow(name, problem, context) }
    }
    return report(best, runs)
  }

  typealias Problem = BilevelProblem<TrainingState<Dense>, Tensor, NoTensors>

  private func problem() throws -> Problem {
    let split = try DigitSplit(train: train, validation: validation, seed: seed)
    let start = split.zeroModel()
    return Problem(
      steps: 1, weights: { _ in start }, optimizer: { _, _ in .sgd(rate: 0.1) },
      loss: { model, decay in
        Loss.crossEntropy(model(split.x), labels: split.y)
          + 0.5 * (exp(decay).reshaped([]) * model.weights.square().sum())
          + 5e-4 * model.bias.square().sum()
      },
      outer: { model, _ in Loss.crossEntropy(model(split.heldX), labels: split.heldY) })
  }

  /// E at the exact solution for a log decay.
  private func loss(_ problem: Problem, at decay: Double) throws -> Double {
    try problem.hypergradient(
      at: Tensor([decay]), by: .implicit(.cg(), inner: .lbfgs(LBFGS(tolerance: 1e-8)))
    ).loss
  }

  /// The best log decay and its loss: a grid, then golden sections.
  private func search(_ problem: Problem, _ context: ExperimentContext) throws -> [Double] {
    let grid = (0...10).map { -9 + Double($0) }
    let losses = try grid.map { decay in
      try context.continueOrStop()
      return try loss(problem, at: decay)
    }
    let place = losses.indices.min { losses[$0] < losses[$1] } ?? 0
    var (low, high) = (grid[Swift.max(place - 1, 0)], grid[Swift.min(place + 1, grid.count - 1)])
    let ratio = 0.6180339887498949
    var (a, b) = (high - ratio * (high - low), low + ratio * (high - low))
    var (atA, atB) = (try loss(problem, at: a), try loss(problem, at: b))
    while high - low > 1e-5 {
      try context.continueOrStop()
      if atA < atB {
        (high, b, atB) = (b, a, atA)
        a = high - ratio * (high - low)
        atA = try loss(problem, at: a)
      } else {
        (low, a, atA) = (a, b, atB)
        b = low + ratio * (high - low)
        atB = try loss(problem, at: b)
      }
    }
    return [atA < atB ? a : b, Swift.min(atA, atB)]
  }

  private func follow(
    _ name: String, _ problem: Problem, _ context: ExperimentContext
  ) throws -> Run {
    let schedule: ToleranceSchedule =
      switch name {
      case "quadratic": .quadratic(initial: tolerance, floor: exact)
      case "cubic": .cubic(initial: tolerance, floor: exact)
      case "exponential": .exponential(factor: 0.9, initial: tolerance, floor: exact)
      default: .constant(exact)
      }
    var run = Run()
    var (decay, spent) = (start, 0.0)
    _ = try problem.minimize(
      from: Tensor([start]), by: .hoag(schedule), updates: updates,
      with: OuterLoop(AdaptiveStep(), constraints: [try .box(lower: -12, upper: 4)])
    ) { progress in
      try context.continueOrStop()
      spent += Double(
        (progress.diagnostics.implicit?.innerGradients ?? 0) + progress.cost.products)
      run.decays.append(decay)
      run.spent.append(spent)
      decay = try progress.hyper.item()
      return true
    }
    run.losses = try run.decays.map { decay in
      try context.continueOrStop()
      return try loss(problem, at: decay)
    }
    return run
  }

  private func report(_ best: [Double], _ runs: [Run]) -> ExperimentReport {
    let (decay, loss) = (best[0], best[1])
    // What is left to gain; below this differences of losses are rounding of the inner solutions.
    let floor = 1e-8
    let gaps = runs.map { $0.losses.map { Swift.max($0 - loss, floor) } }
    // What it costs to come to a hundredth of the first gap and stay there.
    let targets = zip(runs, gaps).map { run, gaps -> Double? in
      let bound = 0.01 * gaps[0]
      let last = gaps.lastIndex { $0 > bound } ?? -1
      return last + 1 < run.spent.count ? run.spent[last + 1] : nil
    }
    var claims = [
      Claim(
        "Exact updates come to the best decay", .secondMethod, is: decay, within: 0.1,
        measured: runs[0].decays.last ?? .nan, check: "against a grid with golden sections")
    ]
    let ends = runs.map { ($0.losses.last ?? .nan) - loss }
    for place in 1..<runs.count {
      let name = Self.schedules[place]
      claims.append(
        name == "exponential"
          ? Claim(
            "The exponential schedule, which tightens last, is the furthest from the best loss",
            .published,
            in: Swift.max(ends[1], ends[2], 0)...0.05, measured: ends[place],
            check:
              "outer loss less the least one, against the other schedules; too slow a decrease costs updates"
          )
          : Claim(
            "The \(name) schedule comes to the same loss", .theory, in: -1e-6...1e-3,
            measured: ends[place], check: "outer loss less the least one"))
      claims.append(
        Claim(
          "The \(name) schedule takes fewer inner gradients than exact updates", .published,
          in: 0...0.9,
          measured: (targets[place] ?? .nan) / (targets[0] ?? .nan),
          check:
            "gradients and products until a hundredth of the first gap, as a share of those of exact updates"
        ))
    }
    return ExperimentReport(
      tables: [
        .init(
          "After \(updates) updates",
          columns: ["log decay", "suboptimality", "gradients in all", "gradients to 1 %"],
          rows: zip(Self.schedules, runs).enumerated().map { place, pair in
            .init(
              pair.0,
              [
                pair.1.decays.last, (pair.1.losses.last ?? .nan) - loss, pair.1.spent.last,
                targets[place],
              ])
          })
      ],
      claims: claims,
      notes: [
        "the best log decay is \(decay), with an outer loss of \(loss).",
        "suboptimality is that of the decay, with the inner problem solved exactly for it; below 1e-8 it is drawn at 1e-8.",
        "the published curves are those of binary logistic regression on 20news and real-sim; here it is ten classes "
          + "of bundled digits.",
      ],
      figures: [
        .init(
          "suboptimality.svg",
          "How far from the best outer loss, against inner gradients and products spent: schedules that start loosely are further "
            + "left, for the same decays.",
          svg: LineChart(
            title: "Suboptimality by work", x: .log("inner gradients and Hessian products"),
            y: .log("suboptimality"),
            series: zip(Self.schedules, zip(runs, gaps)).enumerated().map { place, pair in
              .init(pair.0, x: pair.1.0.spent, y: pair.1.1, style: place)
            }
          ).svg()),
        .init(
          "decay.svg", "The log decay by updates: inexact updates go the same way.",
          svg: LineChart(
            title: "Log decay by updates", x: "updates", y: "log decay",
            series: zip(Self.schedules, runs).enumerated().map { place, pair in
              .init(
                pair.0, x: pair.1.decays.indices.map(Double.init), y: pair.1.decays, style: place)
            }, references: [ReferenceLine(decay, "best")]
          ).svg()),
      ])
  }
}

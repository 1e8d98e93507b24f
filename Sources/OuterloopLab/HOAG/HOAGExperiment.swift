internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopCharts
internal import OuterloopLearning
internal import OuterloopNumerics

/// HOAG: how accurate inner solutions have to be while a hyperparameter is still far from its optimum.
public struct HOAGExperiment: Experiment {
  public static let about = ExperimentDescription(
    name: "hoag",
    summary: "Inexact hypergradients: suboptimality against inner gradients for four tolerances.",
    question:
      "Does it pay to solve the inner problem loosely at first and more exactly as the hyperparameter settles?",
    method:
      "Softmax regression of the bundled digits, or logistic regression of sparse examples such as 20 newsgroups, "
      + "with one log decay, chosen by the loss on held-out examples. The inner problem and the linear system are solved to a tolerance that is tight throughout, or falls "
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
    .number("start", \.start, "The log decay at the start.", .within(-20...4), value: "lambda"),
    .number(
      "lowest", \.lowest, "The least log decay that is searched.", .within(-20...0), value: "lambda"
    ),
    .text(
      "data", \.data,
      "A file in LIBSVM format, such as 20news.svm.gz; the bundled digits if left out.",
      value: "FILE"),
    .ints(
      "positives", \.positives, "Classes of the file, by their numbers from 0, against all others.",
      .within(0...100_000), value: "class"),
    .int("train", \.train, "Examples to train on.", .within(20...1_000_000), value: "n"),
    .int(
      "validation", \.validation, "Examples to validate on.", .within(20...1_000_000), value: "n"),
    .seed("seed", \.seed, "Of the order of the examples."),
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
  public var lowest = -9.0
  public var data: String?
  /// Classes that count as +1.
  public var positives = [1]
  public var train = 400
  public var validation = 500
  public var seed: UInt64 = 1

  public init() {}

  public func validate(_: ExperimentContext) throws {
    guard let data else { return try DigitSplit.check(train: train, validation: validation) }
    try SparseSplit.check(try LIBSVM.read(data), self)
  }

  static let schedules = ["exact", "quadratic", "cubic", "exponential"]

  /// The log decay before each update, and the cost so far.
  struct Run: Codable {
    var decays: [Double] = []
    var spent: [Double] = []
    /// The outer loss at the exact solution for each of these decays.
    var losses: [Double] = []
  }

  public func run(_ context: ExperimentContext) throws -> ExperimentReport {
    let (problem, key) = try problem()
    try context.report(0, of: 5, "the best decay")
    let best = try context.run("best", key: key) {
      let best = try problem.bestDecay(in: lowest...1) { try context.continueOrStop() }
      return [best.decay, best.loss]
    }
    let runs = try Self.schedules.enumerated().map { place, name in
      try context.report(1 + place, of: 5, name)
      return try context.run(name, key: key) { try follow(name, problem, context) }
    }
    return report(best, runs)
  }

  /// The problem on the examples of this experiment, and the key of its runs.
  private func problem() throws -> (HOAGProblem, key: String) {
    var alone = self
    alone.data = nil
    var key = try Fingerprint(of: alone)
    guard let data else {
      let split = try DigitSplit(train: train, validation: validation, seed: seed)
      return (.softmax(split), key.text)
    }
    let examples = try LIBSVM.read(data)
    key.add(examples)
    return (.logistic(try SparseSplit(examples, self)), key.text)
  }

  private func follow(
    _ name: String, _ problem: HOAGProblem, _ context: ExperimentContext
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
    _ = try problem.problem.minimize(
      from: Tensor([start]), by: .hoag(schedule), updates: updates,
      with: OuterLoop(AdaptiveStep(), constraints: [try .box(lower: lowest - 3, upper: 4)])
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
      return try problem.loss(at: decay)
    }
    return run
  }
}

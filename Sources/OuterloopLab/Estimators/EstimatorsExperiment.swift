internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopCharts
internal import OuterloopLearning
internal import OuterloopNumerics

/// All estimators on one problem: how near to the truth, and what it costs.
///
/// The problem: softmax regression of the bundled digits, trained on all data with momentum; a log
/// decay for each of the 64 pixels, judged by the loss on held-out digits. A short and a long training.
public struct EstimatorsExperiment: Experiment {
  public static let name = "estimators"
  public static let claim =
    "Which estimator: error against the exact hypergradient and cost beside it, for all of them on one "
    + "problem, trained for a short and for a long time."

  /// Steps of each training.
  public var steps = [30, 1_000]
  public var train = 400
  public var validation = 400
  public var rate = 0.3
  public var momentum = 0.9
  /// Timed runs of each estimator; the median counts.
  public var repeats = 5

  public init() {}

  public func validate() throws {
    try LabError.require(
      !steps.isEmpty && steps.allSatisfy { $0 >= 2 }, "steps", steps, "2 or more each")
    try LabError.require(repeats >= 1, "repeats", repeats, "at least 1")
    try LabError.require(rate > 0, "rate", rate, "positive")
    try LabError.require(momentum > 0 && momentum < 1, "momentum", momentum, "in (0, 1)")
  }

  typealias Problem = BilevelProblem<TrainingState<Dense>, Tensor, NoTensors>

  func estimators(steps: Int) -> [Estimator] {
    // A training of a tenth of the trajectory's states.
    let state = 8 * 2 * 650
    return [
      .reverse, .reverse(memory: (1 << 20) + state * (steps / 10 + 5)), .reversible, .forward,
      .truncated(Swift.max(2, steps / 10)), .oneStep, .finiteDifference(), .greedy(gamma: 0.9),
      .distill(gamma: 0.9, period: 1), .drmad(.steps(1)), .drmad(.steps(8)), .drmad(.arcLength(8)),
      .implicit(.dense), .implicit(.cg()), .implicit(.neumann(terms: 20, step: rate)),
      .implicit(.nystrom(rank: 40), damping: 1e-3), .implicit(.identity), .fixedPoint(),
      .implicit(.cg(), inner: .lbfgs()), .soba(rate: .constant(rate)),
      .penalty(multiplier: 100), .hypernetwork(.init(scale: 0.1, scaleRate: nil)), .firstOrder,
    ]
  }

  public func run(_ observer: ExperimentObserver) throws -> ExperimentReport {
    var tables: [ExperimentReport.Table] = []
    var notes = [
      "cosine, norm ratio and error (norm of the difference over norm of the truth) against the "
        + "exact hypergradient of the training; \"error, implicit\" against that of the solution of "
        + "the inner problem.",
      "time: of one hypergradient, in plain trainings of the same length, in turn with them; median "
        + "of \(repeats). "
        + "KiB: planned for states, kept products and programs; linear solvers hold vectors beside.",
      "double precision; 400 training and 400 validation digits, 650 weights, 64 log decays.",
    ]
    var figures: [String: String] = [:]
    let total = steps.reduce(0) { $0 + estimators(steps: $1).count }
    var done = 0
    for count in steps {
      var comparison = Comparison(try problem(steps: count), steps: count, repeats: repeats)
      for estimator in estimators(steps: count) {
        try observer.report(done, of: total, "\(estimator), \(count) steps")
        done += 1
        comparison.add(estimator)
      }
      tables.append(
        .init(
          "\(count) steps",
          columns: [
            "cosine", "norm ratio", "error", "error, implicit", "time", "KiB",
          ], rows: comparison.rows))
      // Once for both trainings where the reason is the same.
      for note in comparison.notes where !notes.contains(note) { notes.append(note) }
      let points = comparison.points.map { point in
        (
          point.estimator.properties.family.rawValue, point.time,
          Swift.max(point.error, Self.leastError)
        )
      }
      figures["error-cost-\(count).svg"] = chart(points, steps: count)
    }
    return ExperimentReport(tables: tables, notes: notes, figures: figures)
  }

  /// Errors below this are drawn here: rounding, whose size says nothing.
  private static let leastError = 1e-6

  private func chart(
    _ points: [(family: String, x: Double, y: Double)], steps: Int
  ) -> String {
    var families: [String] = []
    for point in points where !families.contains(point.family) { families.append(point.family) }
    return Scatter(
      title: "Error against cost, training of \(steps) steps",
      x: .init("time, in plain trainings", scale: .log),
      y: .init("error (1e-6: or less)", scale: .log),
      groups: families.map { family in
        let own = points.filter { $0.family == family }
        return .init(family, x: own.map(\.x), y: own.map(\.y))
      }
    ).svg()
  }

  private func problem(steps: Int) throws -> Problem {
    let digits = try Digits.load()
    guard train >= 10, validation >= 10, train + validation <= digits.count else {
      throw LabError(
        .setting, "\(train) training and \(validation) validation digits",
        remedy: "there are \(digits.count); use 10 or more of each")
    }
    let order = RandomKey(seed: 1, purpose: "estimators").permutation(digits.count)
    func part(_ range: Range<Int>) throws -> (x: Tensor, y: Tensor) {
      let data = try digits.selecting(Array(order[range]))
      return ((data.featureTensor(flat: true) * (1 / 16)).cast(to: .float64), data.labelTensor)
    }
    let seen = try part(0..<train)
    let held = try part(train..<(train + validation))
    let start = Dense(
      weights: Tensor.zeros([64, 10], dtype: .float64), bias: Tensor.zeros([10], dtype: .float64))
    let (rate, momentum) = (rate, momentum)
    return Problem(
      steps: steps, weights: { _ in start },
      optimizer: { _, _ in .momentum(rate: .init(rate), momentum: .init(momentum)) },
      loss: { model, decay in
        let strength = exp(decay).reshaped([64, 1])
        // The bias needs a little too: adding a number to all classes changes nothing else.
        return Loss.crossEntropy(model(seen.x), labels: seen.y)
          + 0.5 * (strength * model.weights.square()).sum() + 5e-4 * model.bias.square().sum()
      },
      outer: { model, _ in Loss.crossEntropy(model(held.x), labels: held.y) })
  }
}

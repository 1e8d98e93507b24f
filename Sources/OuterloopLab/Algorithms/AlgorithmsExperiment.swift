internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopCharts
internal import OuterloopLearning
internal import OuterloopNumerics
internal import OuterloopText

/// The comparison table of the course as measurements on one problem.
public struct AlgorithmsExperiment: Experiment {
  public static let about = ExperimentDescription(
    name: "algorithms",
    summary: "The course's table of pluses and minuses, each as a number on one problem.",
    question:
      "Which algorithm for how many hyperparameters, and what is each of them sensitive to?",
    method:
      "A regression whose features come in Q groups with a decay each, Q from 2 to 512: the same regression with more "
      + "and more hyperparameters. Random search, a search with a Gaussian process, greedy updates, HOAG, DrMAD, "
      + "reverse mode and a hypernetwork get the same number of trainings, and their decays are judged at "
      + "the exact solution. Then HOAG solves its linear system to looser tolerances, and DrMAD replaces the "
      + "trajectory by one line and by more.",
    mathematics: #"""
      Inner and outer loss are

      $$ L = \frac{1}{2 n} \|X w - y\|^2 + \frac{1}{2} \sum_{g=1}^{Q} e^{\lambda_g} \|w_g\|^2, \quad E = \frac{1}{2 m} \|X' w - y'\|^2. $$

      A search of $N$ points sees $N$ numbers; a hypergradient is $Q$ numbers for about the price of three trainings, whatever
      $Q$ is. HOAG's hypergradient has an error of the order of the residual of $H q = \nabla_w E$. DrMAD's has one of the order of
      the distance between the trajectory and a line, which grows with its curvature.
      """#,
    sources: [
      .init(
        "Bakhteev, Strijov, Comprehensive analysis of gradient-based hyperparameter optimization algorithms, 2020",
        "https://doi.org/10.1007/s10479-019-03286-z"),
      .init(
        "Bergstra, Bengio, Random search for hyper-parameter optimization, 2012",
        "https://jmlr.org/papers/v13/bergstra12a.html"),
    ], measuresTime: true)

  public static let settings: [Setting<Self>] = [
    .ints("groups", \.groups, "Q, hyperparameters.", .within(2...512), value: "Q"),
    .int(
      "trainings", \.trainings, "Trainings that each algorithm gets.", .within(5...10_000),
      value: "n"),
    .int("steps", \.steps, "T, steps of training.", .within(10...10_000), value: "T"),
    .choice("method", \.methods, "Methods", among: Method.allCases.map(\.rawValue)),
    .seed("seed", \.seed, "Of the data and of random choices."),
  ]

  public static var quick: Self {
    var quick = Self()
    (quick.groups, quick.trainings) = ([2, 16, 128], 30)
    return quick
  }

  public enum Method: String, CaseIterable, Sendable {
    case random
    case process = "gaussian-process"
    case greedy, hoag, drmad, reverse, hypernetwork

    var style: MethodStyle {
      switch self {
      case .random: .random
      case .process: .model
      case .greedy: .short
      case .hoag: .implicit
      case .drmad: .drmad
      case .reverse: .exact
      case .hypernetwork: .hypernetwork
      }
    }
  }

  public var groups = [2, 16, 128, 512]
  public var trainings = 60
  public var steps = 150
  public var methods = Method.allCases.map(\.rawValue)
  public var seed: UInt64 = 1

  public init() {}

  /// The judged loss at the end, and seconds.
  private struct Run: Codable { var loss, seconds: Double }

  /// Relative errors of hypergradients: HOAG's by tolerance, DrMAD's by the distance of the trajectory from the
  /// lines that replace it.
  private struct Sensitivity: Codable {
    var tolerances, solveErrors: [Double]
    var departures, lineErrors: [Double]
  }

  public func run(_ context: ExperimentContext) throws -> ExperimentReport {
    var alone = self
    (alone.groups, alone.methods) = ([], [])
    let key = try Fingerprint(of: alone).text
    let chosen = methods.compactMap(Method.init(rawValue:))
    let total = chosen.count * groups.count + 1
    var starts: [Double] = []
    // groups x methods
    var runs: [[Run]] = []
    for (place, count) in groups.enumerated() {
      let problem = try AlgorithmProblem(groups: count, steps: steps, seed: seed)
      starts.append(
        try context.run("start, \(count) groups", key: key) { () throws -> Double in
          try problem.judged(problem.start)
        })
      runs.append(
        try chosen.enumerated().map { number, method in
          let word = "\(method.rawValue), \(count) groups"
          try context.report(place * chosen.count + number, of: total, word)
          return try context.run(word, key: key) { try optimize(problem, method, context) }
        })
    }
    try context.report(total - 1, of: total, "sensitivity")
    let found = try context.run("sensitivity", key: key) { try sensitivity(context) }
    return report(chosen, starts, runs, found)
  }

  private func optimize(
    _ problem: AlgorithmProblem, _ method: Method, _ context: ExperimentContext
  ) throws -> Run {
    let clock = ContinuousClock()
    let start = clock.now
    let decays: Tensor
    switch method {
    case .random, .process:
      decays = try search(problem, modelled: method == .process, context)
    case .greedy:
      // Within one training that lasts as long as all the others' together.
      decays = try descend(
        problem, .greedy(gamma: 0.9), updates: trainings * steps / 10, .online(every: 10),
        rate: 0.1 * 10 / Double(steps), context)
    case .hypernetwork:
      decays = try descend(
        problem, .hypernetwork(.init(scale: 0.3, scaleRate: nil, warmUp: steps, seed: seed)),
        updates: trainings * steps / 10, .online(every: 10), rate: 0.2 * 10 / Double(steps), context
      )
    case .hoag:
      decays = try descend(
        problem, .hoag(.exponential()), updates: trainings / 3, nil, rate: 0.3, context)
    case .drmad:
      decays = try descend(
        problem, .drmad(.steps(1)), updates: trainings / 3, nil, rate: 0.3, context)
    case .reverse:
      decays = try descend(problem, .reverse, updates: trainings / 3, nil, rate: 0.3, context)
    }
    let seconds = start.duration(to: clock.now) / .seconds(1)
    return Run(loss: try problem.judged(decays), seconds: seconds)
  }

  /// By gradient: a hypergradient counts as three trainings.
  private func descend(
    _ problem: AlgorithmProblem, _ estimator: Estimator, updates: Int,
    _ schedule: TrainingSchedule?,
    rate: Double, _ context: ExperimentContext
  ) throws -> Tensor {
    try problem.problem.minimize(
      from: problem.start, by: estimator, updates: Swift.max(updates, 1),
      with: OuterLoop(
        .adam(rate: .init(rate), epsilon: 1e-8), constraints: [try .box(lower: -10, upper: 3)]),
      training: schedule
    ) { _ in
      try context.continueOrStop()
      return true
    }.hyper
  }

  /// Points at random around the start; or after a third of them, the best of many by a Gaussian process's
  /// expected improvement.
  private func search(
    _ problem: AlgorithmProblem, modelled: Bool, _ context: ExperimentContext
  ) throws -> Tensor {
    let key = RandomKey(seed: seed, purpose: "algorithms, search", index: UInt64(problem.groups))
    func point(_ index: Int, _ number: Int) throws -> [Double] {
      let keys = key.split(2)[index].split(number + 1)
      return try keys[number].uniform([problem.groups], dtype: .float64).doubles().map {
        -10 + 13 * $0
      }
    }
    var best = (loss: try problem.problem.solve(at: problem.start).loss, point: problem.start)
    var (points, losses): ([[Double]], [Double]) = ([], [])
    for number in 0..<trainings {
      try context.continueOrStop()
      var next = try point(0, number)
      if modelled, number >= Swift.max(trainings / 3, 4) {
        let candidates = try (0..<200).map { try point(1, number * 200 + $0) }
        // The range of logarithms is 13.
        func scaled(_ rows: [[Double]]) -> [[Double]] { rows.map { $0.map { $0 / 13 } } }
        if let model = try LossModel(scaled(points), losses: losses) {
          next = candidates[model.best(of: scaled(candidates))]
        } else {
          next = candidates[0]
        }
      }
      let loss = try problem.problem.solve(at: Tensor(next)).loss
      points.append(next)
      losses.append(loss)
      if loss < best.loss { best = (loss, Tensor(next)) }
    }
    return best.point
  }

  private func sensitivity(_ context: ExperimentContext) throws -> Sensitivity {
    func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    func error(_ given: Tensor, _ known: [Double]) throws -> Double {
      norm(zip(try given.doubles(), known).map { $0 - $1 }) / norm(known)
    }
    let problem = try AlgorithmProblem(groups: 16, steps: steps, seed: seed)
    let exact = try problem.problem.hypergradient(
      at: problem.start, by: .implicit(.dense, inner: .lbfgs(LBFGS(tolerance: 1e-10)))
    ).gradient.doubles()
    let tolerances = [1e-1, 1e-2, 1e-3, 1e-4, 1e-6]
    let solves = try tolerances.map { tolerance in
      try context.continueOrStop()
      let result = try problem.problem.hypergradient(
        at: problem.start, by: .hoag(.constant(tolerance)))
      return try error(result.gradient, exact)
    }
    let known = try problem.problem.hypergradient(at: problem.start, by: .reverse).gradient
      .doubles()
    let states = try path(problem, context)
    var (departures, lines): ([Double], [Double]) = ([], [])
    for count in Self.lines {
      try context.continueOrStop()
      departures.append(Self.departure(states, lines: count))
      let line = try problem.problem.hypergradient(at: problem.start, by: .drmad(.steps(count)))
      lines.append(try error(line.gradient, known))
    }
    return Sensitivity(
      tolerances: tolerances, solveErrors: solves, departures: departures, lineErrors: lines)
  }

  private static let lines = [1, 2, 4, 8, 16]
  /// Places of the path that are looked at; a multiple of all numbers of lines.
  private static let places = 32

  /// The weights at places of the way, evenly spaced in steps.
  private func path(_ problem: AlgorithmProblem, _ context: ExperimentContext) throws -> [[Double]]
  {
    try (0...Self.places).map { place in
      try context.continueOrStop()
      let count = steps * place / Self.places
      guard count > 0 else { return [Double](repeating: 0, count: AlgorithmProblem.features) }
      let shorter = try AlgorithmProblem(
        groups: problem.groups, steps: count, momentum: problem.momentum, seed: seed)
      return try shorter.problem.solve(at: problem.start).state.weights.doubles()
    }
  }

  /// The mean distance of a path from lines between its knots, relative to how far it comes.
  private static func departure(_ path: [[Double]], lines: Int) -> Double {
    func distance(_ a: [Double], _ b: [Double]) -> Double {
      zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    }
    let length = places / lines
    let sum = (0...places).reduce(0.0) { sum, place in
      let first = Swift.min(place / length, lines - 1) * length
      let share = Double(place - first) / Double(length)
      let point = zip(path[first], path[first + length]).map { $0 + share * ($1 - $0) }
      return sum + distance(point, path[place])
    }
    return sum / Double(places + 1) / distance(path[0], path[places])
  }

  private func report(
    _ chosen: [Method], _ starts: [Double], _ runs: [[Run]], _ sensitivity: Sensitivity
  ) -> ExperimentReport {
    func loss(_ method: Method, _ place: Int) -> Double {
      chosen.firstIndex(of: method).map { runs[place][$0].loss } ?? .nan
    }
    let last = groups.count - 1
    var claims: [Claim] = []
    if groups.count > 1, chosen.contains(.random), chosen.contains(.reverse) {
      claims.append(
        Claim(
          "Random search suffers from dimension: reverse mode's advantage grows with Q", .theory,
          in: 1.02...(.infinity),
          measured: (loss(.random, last) / loss(.reverse, last))
            / (loss(.random, 0) / loss(.reverse, 0)),
          check: "ratio of losses with \(groups[last]) decays over that with \(groups[0])"))
    }
    for method in [Method.hoag, .drmad, .reverse, .greedy]
    where chosen.contains(method) {
      claims.append(
        Claim(
          "\(method.rawValue) improves on the start with \(groups[last]) decays", .theory,
          in: 0...0.98,
          measured: loss(method, last) / starts[last], check: "loss as a share of that at the start"
        ))
    }
    if groups.count > 1, chosen.contains(.hypernetwork) {
      claims.append(
        Claim(
          "A hypernetwork has a number to learn for each weight and decay: it falls back as Q grows",
          .expectation, in: 1...(.infinity),
          measured: loss(.hypernetwork, last) / loss(.hypernetwork, 0),
          check: "loss with \(groups[last]) decays over that with \(groups[0])"))
    }
    let solve = PowerLaw(x: sensitivity.tolerances, y: sensitivity.solveErrors).exponent
    claims.append(
      Claim(
        "HOAG depends on the precision of its linear solve", .theory, in: 0.5...1.5,
        measured: solve,
        check: "exponent of the error over the tolerance"))
    let bend = PowerLaw(x: sensitivity.departures, y: sensitivity.lineErrors).exponent
    claims.append(
      Claim(
        "DrMAD's error grows with the distance of the trajectory from its lines", .theory,
        in: 0.3...3, measured: bend, check: "exponent of the error over the mean distance"))
    return ExperimentReport(
      tables: [
        .init(
          "Outer loss at the solution, \(trainings) trainings each",
          columns: groups.map { "Q = \($0)" },
          rows: [.init("start", starts)]
            + chosen.enumerated().map { place, method in
              .init(method.rawValue, runs.map { $0[place].loss })
            }),
        .init(
          "Seconds", columns: groups.map { "Q = \($0)" },
          rows: chosen.enumerated().map { place, method in
            .init(method.rawValue, runs.map { $0[place].seconds })
          }),
        .init(
          "HOAG by the tolerance of its solves", columns: ["relative error"],
          rows: zip(sensitivity.tolerances, sensitivity.solveErrors).map { .init("\($0)", [$1]) }),
        .init(
          "DrMAD by the number of lines", columns: ["distance from the lines", "relative error"],
          rows: Self.lines.indices.map { place in
            .init(
              NumberText.count(Self.lines[place], "line"),
              [sensitivity.departures[place], sensitivity.lineErrors[place]])
          }),
      ],
      claims: claims,
      notes: [
        "A hypergradient counts as three trainings; greedy updates and the hypernetwork run within one training as long as all "
          + "the others' together.",
        "Distance from the lines: the mean over the training, relative to how far the weights come.",
      ],
      figures: [
        .init(
          "dimension.svg",
          "The loss that each algorithm comes to, by the number of decays: searches fall back as it grows, gradients do not.",
          svg: LineChart(
            title: "Loss after \(trainings) trainings", x: .log("hyperparameters Q"),
            y: .log("outer loss"),
            series: chosen.enumerated().map { place, method in
              .init(
                method.rawValue, x: groups.map(Double.init), y: runs.map { $0[place].loss },
                style: method.style.rawValue)
            } + [.init("start", x: groups.map(Double.init), y: starts, hasLine: false, style: 11)]
          ).svg()),
        .init(
          "solve.svg", "HOAG: the error of its hypergradient by the tolerance of its two solves.",
          svg: LineChart(
            title: "HOAG and precision", x: .log("tolerance"), y: .log("relative error"),
            series: [
              .init(
                "hoag", x: sensitivity.tolerances, y: sensitivity.solveErrors,
                style: MethodStyle.implicit.rawValue)
            ]
          ).svg()),
        .init(
          "curvature.svg",
          "DrMAD: the error of its hypergradient by how far the trajectory is from the lines that replace it; one line is on the right.",
          svg: LineChart(
            title: "DrMAD and curvature", x: .log("distance of the trajectory from the lines"),
            y: .log("relative error"),
            series: [
              .init(
                "drmad", x: sensitivity.departures, y: sensitivity.lineErrors,
                style: MethodStyle.drmad.rawValue)
            ]
          ).svg()),
      ])
  }
}

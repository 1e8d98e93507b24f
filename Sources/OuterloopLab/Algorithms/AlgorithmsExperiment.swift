internal import OuterloopAutodiff
internal import OuterloopNumerics

/// The course's comparison table of algorithms, measured on one problem.
public struct AlgorithmsExperiment: Experiment {
  public static let about = ExperimentDescription(
    name: "algorithms",
    summary: "The strengths and weaknesses of each algorithm, as numbers on one problem.",
    question:
      "Which algorithm for how many hyperparameters, and what is each of them sensitive to?",
    method:
      "A regression whose features come in Q groups with a decay each, Q from 2 to 1,024: the same regression with more "
      + "and more hyperparameters. Random search, a search with a Gaussian process, greedy updates, HOAG, DrMAD, "
      + "reverse mode and a hypernetwork get the same number of trainings, and the decays that they have after each second "
      + "are judged at the exact solution. Then HOAG solves its linear system to looser tolerances, and DrMAD replaces the "
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
    .ints(
      "groups", \.groups, "Q, hyperparameters.", .within(2...AlgorithmProblem.features), value: "Q"),
    .int(
      "trainings", \.trainings, "Trainings that each algorithm gets.", .within(5...10_000),
      value: "n"),
    .int("steps", \.steps, "T, steps of training.", .within(10...10_000), value: "T"),
    .choice("method", \.methods, "Methods", among: Method.allCases.map(\.rawValue)),
    .seed("seed", \.seed, "Of the data and of random choices."),
  ]

  public static var quick: Self {
    var quick = Self()
    (quick.groups, quick.trainings) = ([2, 16, 64], 30)
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

  public var groups = [2, 16, 128, 1_024]
  public var trainings = 60
  public var steps = 150
  public var methods = Method.allCases.map(\.rawValue)
  public var seed: UInt64 = 1

  public init() {}

  /// The progress of an algorithm: evaluated losses over seconds, the last at its end.
  struct Run: Codable {
    var seconds: [Double]
    var losses: [Double]

    var loss: Double { losses.last ?? .nan }

    /// The seconds until it reached a loss, or nil.
    func seconds(to target: Double) -> Double? {
      zip(seconds, losses).first { $0.1 <= target }?.0
    }
  }

  /// Relative errors of hypergradients: HOAG's by tolerance, DrMAD's by the distance of the trajectory from the
  /// lines that replace it.
  struct Sensitivity: Codable {
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
}

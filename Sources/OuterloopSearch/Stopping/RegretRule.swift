private import OuterloopNumerics
private import OuterloopPlatform
public import OuterloopStudy
internal import OuterloopText

/// Ends a study when a Gaussian process of its trials leaves little to be gained: when a bound on the regret
/// of the best trial has become small compared to the search's gain.
///
///     r_n = min over trials of (mu + b sigma) - min over the space of (mu - b sigma)
///     b^2 = (2/5) log(d n^2 pi^2 / (6 delta)),   delta = 0.1
///
/// bounds the regret with probability 1 - delta (Srinivas et al. 2010; the factor 1/5 and the rule as in Makarova et
/// al. 2022). Their rule stops below the standard error of a cross-validation, which few objectives have. Here it
/// stops when r_n is below `ratio` of the difference between the median of the first 20 losses and the best one.
/// (Comparing r_n with r_11 to r_30, as done elsewhere, fails if a model is accurate early: these are small then.)
///
/// The space is represented by about 1,000 points of a Sobol sequence and 128 neighbours of the best trials; losses
/// are winsorised but not power-transformed. The rule is evaluated after each trial from the 20th to the 50th, then
/// whenever a tenth more have ended. In many dimensions, where a model of a few hundred trials leaves most of the
/// space uncertain, it does not stop.
///
/// - Complexity: O(n^3) for each of about a hundred evidence evaluations when evaluated, n at most
///   300.
public struct RegretRule: StopRule {
  private let options: RegretOptions
  private let coordinates: SpaceCoordinates
  private let specification: StudySpecification
  private let prior: KernelPrior
  private var pool: CandidatePool
  private var trials: ObservedTrials
  private var bounds: [Int: Double] = [:]
  /// The trial count from which it may stop.
  private var begin = Self.fewestTrials

  private static let fewestTrials = 20
  private static let delta = 0.1
  private static let mostTrials = 300
  private static let size = 1024

  /// - Throws: `StudyError` for options out of range, several objectives, and a missing linear algebra
  ///   library.
  public init(
    _ specification: StudySpecification, _ options: RegretOptions = RegretOptions()
  ) throws {
    try options.check()
    guard specification.objectives.count == 1 else {
      throw StudyError(
        "the rule regret is about one objective, and there are \(specification.objectives.count)",
        "use the rule plateau")
    }
    do { _ = try BLAS.load() } catch {
      throw StudyError("the rule regret needs OpenBLAS: \(error)", "install it, or stop by plateau")
    }
    self.options = options
    self.specification = specification
    coordinates = SpaceCoordinates(specification.space)
    prior = KernelPrior(coordinates.layout)
    pool = try CandidatePool(coordinates, size: Self.size, seed: specification.seed)
    trials = ObservedTrials(specification)
  }

  public mutating func observe(_ event: Event, in history: History) {
    if case .reopened = event.kind { begin = trials.count + Self.fewestTrials }
    trials.observe(event, in: history, coordinates)
  }

  public mutating func reason(in history: History) throws -> String? {
    let count = Self.asked(upTo: trials.count)
    guard count >= begin, !coordinates.coordinates.isEmpty else { return nil }
    guard let now = try bound(count) else { return nil }
    let losses = trials.losses(0, count)
    let first = losses.prefix(Self.fewestTrials).sorted()
    let gain = first[first.count / 2] - (trials.order(count).first.map { losses[$0] } ?? .nan)
    guard now < options.ratio * gain else { return nil }
    return "a model leaves `\(specification.objectives[0].metric)` at most "
      + "\(NumberText.short(now)) to gain, after \(NumberText.short(gain))"
  }

  /// The last number of trials up to `count` at which it is evaluated.
  private static func asked(upTo count: Int) -> Int {
    var place = min(count, 50)
    while place >= 50, place + place / 10 <= count { place += place / 10 }
    return place
  }

  /// r_n of the first n trials; nil if they are not informative.
  private mutating func bound(_ n: Int) throws -> Double? {
    if let known = bounds[n] { return known.isNaN ? nil : known }
    let bound = try computed(n)
    bounds[n] = bound ?? .nan
    return bound
  }

  private mutating func computed(_ n: Int) throws -> Double? {
    guard trials.count >= n else { return nil }
    let places = trials.places(n, limit: Self.mostTrials)
    let losses = trials.losses(0, n)
    let transform = OutputTransform(places.map { losses[$0] })
    let kept = places.indices.filter { trials.rows[places[$0]].violation == 0 }
    guard transform.isInformative, !kept.isEmpty else { return nil }
    let points = coordinates.points(places.map { trials.rows[$0].candidate })
    let fit = try KernelFit(
      Evidence(points, outputs: transform.standardized), prior,
      from: [1, 2, 0.5].map { prior.mode.stretched(by: $0) })
    guard
      let process = try GaussianProcess(
        points, outputs: transform.standardized, fit.parameters)
    else { return nil }
    let count = Double(n)
    let dimensions = Double(coordinates.coordinates.count)
    let width = (0.4 * log(dimensions * count * count * .pi * .pi / (6 * Self.delta)))
      .squareRoot()
    let best = trials.order(n).prefix(max(n / 20, 1)).map { trials.rows[$0].candidate }
    let space = pool.candidates(
      near: best,
      key: RandomKey(
        seed: specification.seed, purpose: "regret", index: UInt64(truncatingIfNeeded: n)))
    let known = Self.ends(process, points.selecting(kept), width).map(\.upper).min() ?? 0
    let open =
      (Self.ends(process, points, width)
      + Self.ends(process, coordinates.points(space), width)).map(\.lower).min() ?? 0
    return (known - open) * transform.unitLoss
  }

  private static func ends(
    _ process: GaussianProcess, _ points: KernelPoints, _ width: Double
  ) -> [(lower: Double, upper: Double)] {
    let (means, variances) = process.predict(points)
    return zip(means, variances).map { mean, variance in
      let half = width * variance.squareRoot()
      return (mean - half, mean + half)
    }
  }
}

/// The options of the regret rule.
public struct RegretOptions: Sendable, Hashable {
  /// The bound as a fraction of the search's gain.
  public var ratio = 0.01

  public init() {}
}

extension RegretOptions: MethodOptions {
  static let owner = "regret"

  static let declarations: [MethodOption<Self>] = [
    .number(
      "ratio", \.ratio, 1e-9...1,
      "the least gain to expect, as a share of that since the first trials")
  ]
}

extension StopRuleKind {
  static let regret = StopRuleKind(
    RegretOptions.self, "when a model of the trials leaves little to gain"
  ) { .regret($0) }
}

extension StopRuleMethod {
  /// Ends a study when a model of the trials leaves little to gain.
  public static func regret(_ options: RegretOptions = RegretOptions()) -> StopRuleMethod {
    StopRuleMethod(options.description) { try RegretRule($0, options) }
  }
}

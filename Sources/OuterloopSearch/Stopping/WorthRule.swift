private import OuterloopNumerics
private import OuterloopPlatform
public import OuterloopStudy
internal import OuterloopText

/// Ends a study when more epochs are not worth their price: when its utility, the negative best loss minus the cost
/// of the epochs,
///
///     U(b) = -(best loss after b epochs) - price b,
///
/// has decreased too far relative to the probability of rising again (Lee et al. 2025, arXiv
/// 2510.21379, CFBO):
///
///     (max U - U(b)) / (max U - U_low)  >=  I_p(a, a)^gamma,   a = 1/e,   gamma = -log2 0.2
///
/// with U_low the utility of spending the entire budget without improving on the median first loss, I the distribution
/// function of the beta distribution, and p the probability that the most promising training reaches a higher utility
/// than now. At p = 1/2 a fifth of the range may be lost; if nothing is promising, almost nothing.
///
/// The most promising training is the one with the largest expected improvement in utility, among unfinished ones and a
/// few hundred new configurations, after 1, 2, 4, ... more epochs. Curves are modelled by the Gaussian process of
/// freeze-thaw search (`CurveModel`), whatever the study's own sampler and scheduler are, from the tenth trial on. A
/// reopened study starts with a new utility.
///
/// Differences from CFBO: a Gaussian process of this study instead of a network trained on others; probabilities at each
/// horizon instead of sampled curves, whose points are drawn independently there; the price is linear.
///
/// - Complexity: O(n^2) time for each of about a thousand predictions, n at most 300, when utility has decreased; fits as
///   in freeze-thaw.
public struct WorthRule: StopRule {
  private let options: WorthOptions
  private let specification: StudySpecification
  private let objective: Objective
  private let coordinates: SpaceCoordinates
  private let budget: Int
  private var pool: CandidatePool
  private var observed: ObservedCurves
  private var model: CurveModel
  /// The smallest feasible loss; the epochs before the study was reopened, and the highest utility since.
  private var best = Double.infinity
  private var base = 0
  private var highest = -Double.infinity
  /// The last decision and its number of observations.
  private var decided: (count: Int, reason: String?) = (-1, nil)

  private static let fewestTrials = 10
  private static let references = 20
  private static let candidates = 128
  private static let observations = 300
  private static let trust = BetaDistribution(exp(-1), exp(-1))
  private static let gamma = -log2(0.2)

  /// - Throws: `StudyError` for options out of range, several objectives, trainings of one epoch, a study without a budget
  ///   of epochs or trials, and a missing linear algebra library.
  public init(
    _ specification: StudySpecification, _ options: WorthOptions = WorthOptions()
  ) throws {
    try options.check()
    guard specification.objectives.count == 1 else {
      throw StudyError(
        "the rule worth is about one objective, and there are \(specification.objectives.count)",
        "use the rule plateau")
    }
    guard specification.epochs > 1 else {
      throw StudyError(
        "the rule worth is about epochs, and a training has one",
        "say --epochs, or stop by the rule regret")
    }
    guard
      let budget = specification.budget.epochs
        ?? specification.budget.trials.map({
          $0.multipliedReportingOverflow(by: specification.epochs)
        }).map({ $0.overflow ? Int.max : $0.partialValue })
    else {
      throw StudyError(
        "the rule worth compares with what all of the budget costs, and there is none",
        "say --total-epochs or --trials")
    }
    do { _ = try BLAS.load() } catch {
      throw StudyError("the rule worth needs OpenBLAS: \(error)", "install it, or stop by plateau")
    }
    self.options = options
    self.specification = specification
    objective = specification.objectives[0]
    self.budget = budget
    coordinates = SpaceCoordinates(specification.space)
    pool = try CandidatePool(coordinates, size: Self.candidates, seed: specification.seed)
    observed = ObservedCurves(
      specification, coordinates, FreezeThawModel.fits, rows: Self.observations)
    model = CurveModel(coordinates, epochs: specification.epochs)
  }

  public mutating func observe(_ event: Event, in history: History) {
    observed.observe(event, in: history)
    switch event.kind {
    case .reopened:
      (base, highest, decided) = (history.epochs, -.infinity, (-1, nil))
    case .reported, .extended:
      let values = history.trials[event.trial].lastReport?.values ?? [:]
      if let value = values[objective.metric], specification.violation(of: values) == 0 {
        let loss = objective.loss(value)
        if loss < best { best = loss }
      }
      highest = max(highest, utility(in: history))
    default: break
    }
  }

  private func utility(in history: History) -> Double {
    -best - options.epoch * Double(history.epochs - base)
  }

  public mutating func reason(in history: History) throws -> String? {
    if decided.count != observed.count { decided = (observed.count, try decision(history)) }
    return decided.reason
  }

  private mutating func decision(_ history: History) throws -> String? {
    let first = observed.curves.prefix(Self.references).compactMap(\.first)
      .filter(\.isFinite).sorted()
    guard observed.curves.count >= Self.fewestTrials, best.isFinite, highest.isFinite,
      !coordinates.coordinates.isEmpty, !first.isEmpty
    else { return nil }
    let lowest = -first[first.count / 2] - options.epoch * Double(budget)
    let fall = (highest - utility(in: history)) / (highest - lowest)
    guard fall > 0, let chance = try chance(history) else { return nil }
    guard fall >= pow(Self.trust.cumulative(chance), Self.gamma) else { return nil }
    let percent = chance < 0.01 ? "below 1 %" : "\(Int((100 * chance).rounded())) %"
    return "an epoch is not expected to bring \(ParameterValue.float(options.epoch).canonical) of "
      + "`\(objective.metric)`: the chance of the most promising training is \(percent)"
  }

  /// The probability that the most promising training pays; nil if there is no model.
  private mutating func chance(_ history: History) throws -> Double? {
    guard let scale = try model.update(observed), let process = model.process else { return nil }
    let left = max(min(budget - history.epochs, specification.epochs), 1)
    let key = RandomKey(
      seed: specification.seed, purpose: "worth", index: UInt64(truncatingIfNeeded: observed.count))
    let new = coordinates.points(pool.candidates(near: observed.best(), key: key))
    let going = history.trials.filter { trial in
      !trial.state.isFinished && trial.epoch < specification.epochs
        && model.curveOf[trial.number] != nil
    }
    var queries = CurveQueries(coordinates.layout)
    var paying: [Double] = []
    for horizon in sequence(first: 1, next: { $0 < left ? min(2 * $0, left) : nil }) {
      let pays = scale.value(best - options.epoch * Double(horizon))
      for trial in going {
        guard let curve = model.curveOf[trial.number] else { continue }
        let epoch = min(max(trial.epoch, 0) + horizon, specification.epochs)
        queries.append(
          process.rows.curves.selecting(curve..<curve + 1), curve: curve, time: model.time(epoch))
      }
      queries.append(contentsOf: new, time: model.time(horizon))
      paying += [Double](repeating: pays, count: queries.count - paying.count)
    }
    let (means, variances) = process.predict(queries)
    var most: (improvement: Double, z: Double) = (-.infinity, -.infinity)
    for place in means.indices {
      let deviation = variances[place].squareRoot()
      let z = (means[place] - paying[place]) / deviation
      let improvement = log(deviation) + NormalImprovement(z).log
      if improvement > most.improvement { most = (improvement, z) }
    }
    return exp(StandardNormal.logCDF(most.z))
  }
}

/// The options of the worth rule.
public struct WorthOptions: Sendable, Hashable {
  /// The price of an epoch, in units of the objective: the improvement that makes it worthwhile.
  public var epoch = 0.001

  public init() {}
}

extension WorthOptions: MethodOptions {
  static let owner = "worth"

  static let declarations: [MethodOption<Self>] = [
    .number(
      "epoch", \.epoch, 1e-300...1e300,
      "the improvement of the objective that an epoch has to bring")
  ]
}

extension StopRuleKind {
  static let worth = StopRuleKind(
    WorthOptions.self, "when epochs are not expected to be worth their cost"
  ) { .worth($0) }
}

extension StopRuleMethod {
  /// Ends a study when more epochs are not worth their price.
  public static func worth(_ options: WorthOptions = WorthOptions()) -> StopRuleMethod {
    StopRuleMethod(options.description) { try WorthRule($0, options) }
  }
}

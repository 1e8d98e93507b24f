private import OuterloopNumerics
public import OuterloopStudy

/// The tree-structured Parzen estimator (Bergstra et al. 2011), with the semantics of Optuna 5.
///
/// Finished trials are split into the few good and the many others; l and g are kernel density
/// estimates of each. Of the candidates drawn from l the one with the largest l(x) / g(x) is proposed,
/// which is the one with the largest expected improvement under that model. One joint density for
/// parameters that are always active together (Falkner et al. 2018).
///
/// *Branches.* A choice that conditions depend on opens branches. The next one is chosen by a bandit
/// according to their potential (`BranchAllocation`), trials are split into good and bad within a branch,
/// and parameters with the same condition have a joint density. With `branches` off this is as in Optuna: the
/// choice is a parameter like others, and each conditional parameter is modelled alone, or with `group`
/// jointly with those of the same condition.
///
/// *Constraints on results.* Infeasible trials rank after all feasible ones, by violation
/// (`TrialRank`); with several objectives after all fronts.
///
/// *Costs and priors* weight the acquisition function,
///
///     log l(x) - log g(x) - alpha log c(x) + sum (beta / t) log pi(x),
///
/// c being a kernel regression of trial costs (`CostRegression`), alpha the remaining fraction of the
/// budget (cost cooling, Lee et al. 2020), and pi the user prior (`HintedPriors`). To reach values far
/// from l, a fraction of the candidates is drawn from pi, as are half of the random trials, the first one
/// at its mode.
///
/// Differences from Optuna 5: branches, costs and priors; failures caused by the configuration count as
/// bad trials instead of being ignored; a configuration is not proposed twice; hard constraints are
/// satisfied by rejecting candidates, and by repairing them where most are forbidden; densities are
/// updated incrementally instead of rebuilt; joint densities of bad trials are thinned beyond `kernels`
/// trials. Conditional parameters are known from the space, not inferred from trials.
///
/// - Complexity: a proposal for d parameters modelled alone is O(d), independent of the number n of
///   trials; jointly it is O(d min(n, kernels)), with at most one exponential per candidate and
///   kernel. Several objectives add O(n log n) at worst, usually less; costs add O(d) for each of the
///   newest 500. O(n d) memory.
public struct TPESampler: Sampler {
  private let space: SearchSpace
  private let seed: UInt64
  private let options: TPEOptions
  private var tried: TriedConfigurations
  private var densities: TPEDensities

  /// TPE for a study.
  ///
  /// - Throws: `StudyError` for options out of range, and incompatible options.
  public init(_ specification: StudySpecification, _ options: TPEOptions = TPEOptions()) throws {
    try options.check()
    space = specification.space
    seed = specification.seed
    self.options = options
    tried = TriedConfigurations(specification.space)
    densities = try TPEDensities(specification, options)
  }

  public mutating func observe(_ event: Event, in history: History) {
    tried.observe(event)
    densities.observe(event, in: history)
  }

  public mutating func suggest(_ number: Int, in history: History) throws -> Assignment? {
    if try tried.isDone() { return nil }
    if densities.count >= max(options.startup, 1) {
      densities.settle(history)
      let key = RandomKey(
        seed: seed, purpose: "candidates", index: UInt64(truncatingIfNeeded: number))
      let expected = options.candidates * (space.parameters.count + densities.groups.count)
      var uniforms = UniformStream(key: key, expecting: expected)
      var repairs = Draws(seed: seed, .repairs, trial: number)
      var arms = Draws(seed: seed, .branches, trial: number)
      let branches = densities.branches { arms.next() }
      // New candidates, of the next branches, if the combinations of the first ones have all been tried.
      for attempt in 0..<max(4, branches.values.map(\.count).max() ?? 0) {
        let fixed = branches.mapValues { Double($0[attempt % $0.count]) }
        guard let choice = choose(fixed, &uniforms, &repairs) else {
          if branches.isEmpty { break }
          continue
        }
        if let found = choice.best({ !tried.contains($0) }) { return found }
      }
    }
    var draws = Draws(seed: seed, .startup, trial: number)
    return try tried.draw(&draws, quantile(number))
  }

  /// The values of the branching choices for the next trial, by the choices' indices in the space; nil
  /// while there is nothing to compare branches by.
  mutating func branch(of number: Int, in history: History) -> [Int: Int]? {
    guard densities.count >= max(options.startup, 1) else { return nil }
    densities.settle(history)
    var arms = Draws(seed: seed, .branches, trial: number)
    return densities.branches { arms.next() }.compactMapValues(\.first)
  }

  /// How random trials are drawn: the first one after a new prior at its mode, then every other one from
  /// the prior, the others uniformly.
  private func quantile(_ number: Int) -> (Int, Double) -> Double {
    let priors = densities.priors
    guard priors.areLive, priors.areNew || number % 2 == 0 else { return { $1 } }
    return { place, uniform in
      guard let belief = priors.latest(of: place) else { return uniform }
      return belief.proposals == 0
        ? belief.density.modeUnit : belief.density.unit(atQuantile: uniform)
    }
  }

  /// A candidate for every active group; nil if constraints leave none.
  ///
  /// - Parameter fixed: the values of branching parameters, by index; dropped where constraints forbid
  ///   them.
  private mutating func choose(
    _ fixed: [Int: Double], _ uniforms: inout UniformStream, _ repairs: inout Draws
  ) -> CandidateChoice? {
    var choice = CandidateChoice(space)
    for index in densities.groups.indices {
      let group = densities.groups[index].parameters
      guard choice.isActive(group) else { continue }
      var isChosen = false
      // The default number of candidates, then up to 1,000 more if all are forbidden.
      for count in [options.candidates, 100, 900] where !isChosen {
        var (points, scores) = densities.candidates(
          count, ofGroup: index, fixed: count == 900 ? [:] : fixed, from: &uniforms)
        if count == options.candidates {
          repair(&points, &scores, ofGroup: index, choice, &repairs)
        }
        isChosen = choice.choose(group, points: points, scores: scores)
      }
      if !isChosen { return nil }
    }
    return choice
  }

  /// Repairs candidates where most are forbidden.
  private mutating func repair(
    _ points: inout [[Double]], _ scores: inout [Double], ofGroup index: Int,
    _ choice: CandidateChoice, _ repairs: inout Draws
  ) {
    let group = densities.groups[index].parameters
    let isAllowed = choice.allowed(group, points)
    guard isAllowed.count(where: { $0 }) * 3 < points.count else { return }
    var stream = repairs
    defer { repairs = stream }
    for place in points.indices where !isAllowed[place] {
      let values = tried.repaired(
        group.values(of: points[place]), of: group.indices, given: choice.values
      ) { stream.next() }
      if let point = values.flatMap({ group.point(of: $0) }) { points[place] = point }
    }
    scores = densities.scores(ofGroup: index, at: points)
  }
}

extension SamplerKind {
  static let tpe = SamplerKind(
    TPEOptions.self, "proposes where the best trials so far are dense and the others are not",
    [.learns, .isScaleFree, .takesObjectives, .heedsPriors, .weighsCosts]
  ) { .tpe($0) }
}

extension ExpressibleBySampler {
  /// The tree-structured Parzen estimator.
  public static func tpe(_ options: TPEOptions = TPEOptions()) -> Self {
    Self(options.description) { try TPESampler($0, options) }
  }
}

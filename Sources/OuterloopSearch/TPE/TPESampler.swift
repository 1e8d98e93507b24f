private import OuterloopNumerics
public import OuterloopStudy

/// The tree-structured Parzen estimator (Bergstra et al. 2011), with the semantics of Optuna 5.
///
/// Finished trials are split into the few good and the many others; l and g are kernel density
/// estimates of each. Of the candidates drawn from l the one with the largest l(x) / g(x) is proposed,
/// which is the one with the largest expected improvement under that model. One joint density for
/// parameters that are always active together (Falkner et al. 2018).
///
/// *Branches.* A choice that conditions look at opens branches. Which one is next is a bandit's choice by
/// what each can reach (`BranchAllocation`), good and bad are told apart within a branch, and parameters of
/// the same condition have one density. With `branches` off all that is as in Optuna: the choice is a
/// parameter like others, and each parameter with a condition stands alone, or with `group` with those
/// of the same condition.
///
/// *Constraints on results.* What breaks them comes after all trials that keep them, the more the further
/// behind (`TrialRank`); of several objectives behind all fronts.
///
/// *Costs and beliefs* weigh the acquisition function,
///
///     log l(x) - log g(x) - alpha log c(x) + sum (beta / t) log pi(x),
///
/// c being a kernel regression of what trials cost (`CostRegression`) and alpha the share of the cost's
/// horizon that is left (cost cooling, Lee et al. 2020), pi what is believed of good values
/// (`HintedPriors`). For values that are far from what l knows a part of the candidates is drawn
/// from pi, as are half of the trials at random, the first one at its mode.
///
/// Differences from Optuna 5: branches, costs and beliefs; failures that the configuration caused count as
/// bad trials instead of being forgotten; a configuration is not proposed twice; hard constraints are
/// kept by rejecting candidates, and by moving them to what is allowed where most are forbidden; densities
/// are kept up to date instead of made anew; joint ones of bad trials are thinned beyond `kernels` trials.
/// Parameters of a condition are known from the space, not guessed from trials.
///
/// - Complexity: a proposal for d parameters modelled alone is O(d) whatever the number n of trials;
///   jointly it is O(d min(n, kernels)), an exponential at most for each candidate and kernel. Several
///   objectives add O(n log n) at worst, and less than that most of the time; costs add O(d) of the
///   newest 500. O(n d) memory.
public struct TPESampler: Sampler {
  private let space: SearchSpace
  private let seed: UInt64
  private let options: TPEOptions
  private var tried: TriedConfigurations
  private var densities: TPEDensities

  /// TPE for a study.
  ///
  /// - Throws: `StudyError` for options out of range, and such as exclude one another.
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

  /// The value of each choice that opens branches which the next trial is to have, by the places of the
  /// choices in the space; nil before there is anything to judge branches by.
  mutating func branch(of number: Int, in history: History) -> [Int: Int]? {
    guard densities.count >= max(options.startup, 1) else { return nil }
    densities.settle(history)
    var arms = Draws(seed: seed, .branches, trial: number)
    return densities.branches { arms.next() }.compactMapValues(\.first)
  }

  /// How trials at random are drawn: the first one after something was said of good values at the mode of
  /// that, then every other one from it, the others uniformly.
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
  /// - Parameter fixed: the values of parameters that branch, by their places; given up where constraints
  ///   forbid them.
  private mutating func choose(
    _ fixed: [Int: Double], _ uniforms: inout UniformStream, _ repairs: inout Draws
  ) -> CandidateChoice? {
    var choice = CandidateChoice(space)
    for index in densities.groups.indices {
      let group = densities.groups[index].parameters
      guard choice.isActive(group) else { continue }
      var isChosen = false
      // The usual number of candidates, then up to 1,000 more if all are forbidden.
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

  /// Where most candidates are forbidden, moves those to where the constraints may allow them.
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

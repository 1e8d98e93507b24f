internal import OuterloopNumerics
internal import OuterloopPlatform
internal import OuterloopStudy

/// The source of PriorBand's configurations (Mallik et al. 2023, sections 4 and 5). For a trial that starts at
/// rung r of the largest bracket, counted from 0, a configuration is
///
///     random with probability p_u = 1/(1 + eta^r),
///     from the prior pi, or near the incumbent, with the rest, 1 - p_u.
///
/// The rest is from the prior alone until there is a result of a full training, as many epochs have been trained
/// as one bracket of successive halving takes, and a rung has eta results or more. Then, for the highest such
/// rung with its best K = floor(results/eta) trials x_1, ..., x_K, best first,
///
///     prior : incumbent = sum_j (K - j + 1) pi(x_j) : sum_j (K - j + 1) q(x_j).
///
/// *The incumbent* is the best trial of the highest rung, a full training. Near it each parameter keeps its value
/// with probability 1/2; otherwise a number is drawn from a normal around it with a deviation of 0.25 of the range
/// on its scale, truncated to the range, and a choice uniformly from the other ones. q is the `PriorDensity` around
/// the incumbent's value, with this deviation, over all its parameters; parameters that are not active in both are
/// ignored.
///
/// *The prior* is the latest one of each parameter; parameters without a prior are uniform. The first trial after
/// a new prior is at its mode.
///
/// The gate of NePS has a bug: a comparison by identity makes its first two conditions always true, and the third
/// requires a rung with exactly eta results. There the incumbent is the best value on any rung; and the density of
/// parameters without a prior is that of low confidence.
///
/// - Complexity: O(n log n) for n trials on a rung with a new result, O(K d) for a proposal.
struct PriorBandConfigurations: Sendable {
  static let deviation = 0.25
  private static let keptShare = 0.5

  private let specification: StudySpecification
  private let factor: Int
  /// Epochs that one bracket trains.
  private let bracketEpochs: Int
  private var results: RungResults
  private var priors: HintedPriors
  private var tried: TriedConfigurations

  /// - Throws: `StudyError` without priors, and for several objectives.
  init(_ specification: StudySpecification, largest bracket: Bracket, factor: Int) throws {
    try specification.requireOneObjective(for: PriorBandOptions.owner)
    guard !specification.priors.isEmpty else {
      throw StudyError(
        "the scheduler \(PriorBandOptions.owner) needs a prior",
        "state one: --prior lr=0.001")
    }
    self.specification = specification
    self.factor = factor
    bracketEpochs = Self.epochs(of: bracket)
    results = RungResults(bracket.epochs, specification)
    priors = HintedPriors(specification)
    tried = TriedConfigurations(specification.space)
  }

  /// Trials continue from checkpoints: sum of n_i (r_i - r_(i-1)).
  static func epochs(of bracket: Bracket) -> Int {
    zip(bracket.sizes, zip(bracket.epochs, [0] + bracket.epochs)).reduce(0) { sum, rung in
      let (all, isTooMany) = rung.0.multipliedReportingOverflow(by: rung.1.0 - rung.1.1)
      let (next, overflows) = sum.addingReportingOverflow(all)
      return isTooMany || overflows ? .max : next
    }
  }

  mutating func observe(_ event: Event, in history: History) {
    results.observe(event, in: history)
    tried.observe(event)
    switch event.kind {
    // Priors do not fade here: their agreement with trials decides how often the incumbent is
    // perturbed.
    case .hinted, .suggested: priors.observe(event, in: history)
    default: break
    }
  }

  /// The probability of each source.
  struct Weights: Hashable, Sendable {
    var random: Double
    var prior: Double
    var incumbent: Double
  }

  /// - Parameter rung: the rung at which the trial starts, from 0.
  mutating func weights(forRung rung: Int, in history: History) -> Weights {
    let random = 1 / (1 + pow(Double(factor), Double(rung)))
    var weights = Weights(random: random, prior: 1 - random, incumbent: 0)
    guard let incumbent = incumbent(history), history.epochs >= bracketEpochs,
      let best = bestOfHighestRung(), !best.isEmpty
    else { return weights }
    let near = densities(around: history.trials[incumbent].assignment)
    let assignments = best.map { history.trials[$0].assignment }
    let ofPrior = logSum(assignments) { value, place in
      priors.latest(of: place)?.density.logDensity(of: value) ?? 0
    }
    let ofIncumbent = logSum(assignments) { value, place in
      near[place]?.logDensity(of: value) ?? 0
    }
    weights.prior = (1 - random) / (1 + exp(ofIncumbent - ofPrior))
    weights.incumbent = 1 - random - weights.prior
    return weights
  }

  /// The best full training; nil: there is none yet.
  private mutating func incumbent(_ history: History) -> Int? {
    let top = results.epochs.count - 1
    return results.order(ofRung: top).first { results.results[top][$0]?.values != nil }
  }

  /// The best floor(n/eta) trials of the highest rung with n >= eta results.
  private mutating func bestOfHighestRung() -> [Int]? {
    for rung in results.epochs.indices.reversed() {
      let sound = results.order(ofRung: rung).filter { results.results[rung][$0]?.values != nil }
      if sound.count >= factor { return Array(sound.prefix(sound.count / factor)) }
    }
    return nil
  }

  private func densities(around assignment: Assignment) -> [PriorDensity?] {
    zip(specification.space.parameters, assignment.values).map { parameter, value in
      value.map { value in
        let width = parameter.domain.range?.width ?? Double(parameter.domain.count ?? 1)
        return PriorDensity(
          ParameterPrior(parameter.name, value, .distance(Self.deviation * width)),
          of: parameter.domain)
      }
    }
  }

  /// log sum_j (K - j + 1) p(x_j).
  private func logSum(
    _ assignments: [Assignment], _ logDensity: (ParameterValue, Int) -> Double
  ) -> Double {
    let logs = assignments.enumerated().map { j, assignment in
      assignment.values.enumerated().reduce(log(Double(assignments.count - j))) { sum, entry in
        sum + (entry.element.map { logDensity($0, entry.offset) } ?? 0)
      }
    }
    let largest = logs.max() ?? 0
    return largest + log(logs.reduce(0) { $0 + exp($1 - largest) })
  }

  mutating func suggest(
    _ number: Int, forRung rung: Int, in history: History
  ) throws -> Assignment? {
    var draws = Draws(seed: specification.seed, .startup, trial: number)
    if priors.areNew { return try tried.draw(&draws, prior) }
    let weights = weights(forRung: rung, in: history)
    var source = draws.next()
    source -= weights.random
    if source < 0 { return try tried.draw(&draws) }
    source -= weights.incumbent
    if source < 0, let incumbent = incumbent(history),
      let found = try variation(of: history.trials[incumbent].assignment, number)
    {
      return found
    }
    return try tried.draw(&draws, prior)
  }

  /// The prior's value at a quantile, as a quantile of the uniform distribution.
  private func prior(_ place: Int, _ uniform: Double) -> Double {
    guard let belief = priors.latest(of: place) else { return uniform }
    return belief.proposals == 0
      ? belief.density.modeUnit : belief.density.unit(atQuantile: uniform)
  }

  private static let tries = 100

  /// A new configuration near another one; nil if none was found.
  private mutating func variation(of assignment: Assignment, _ number: Int) throws -> Assignment? {
    if try tried.isDone() { return nil }
    var draws = Draws(seed: specification.seed, .candidates, trial: number)
    let space = specification.space
    // The same number of draws for every parameter, so that an inactive one does not affect the
    // others.
    for _ in 0..<Self.tries {
      let moves = space.parameters.map { _ in (draws.next(), draws.next()) }
      let found = space.assignment { place, domain in
        let (coin, uniform) = moves[place]
        guard let value = assignment.values[place] else {
          return domain.value(atUnit: uniform)
        }
        return coin < Self.keptShare ? value : Self.moved(value, in: domain, uniform)
      }
      if let found, space.allows(found), !tried.contains(found) { return found }
    }
    return nil
  }

  static func moved(
    _ value: ParameterValue, in domain: Domain, _ uniform: Double
  ) -> ParameterValue {
    let count = domain.count ?? .max
    guard count > 1 else { return value }
    if case .categorical = domain, let index = domain.index(of: value) {
      let step = min(Int(uniform * Double(count - 1)), count - 2)
      return domain.value(atIndex: step < index ? step : step + 1)
    }
    let center =
      domain.range.map { $0.unit(of: value.number ?? $0.low) }
      ?? (Double(domain.index(of: value) ?? 0) + 0.5) / Double(count)
    let t = StandardNormal.truncatedQuantile(
      uniform, -center / deviation, (1 - center) / deviation)
    return domain.value(atUnit: min(max(center + deviation * t, 0), 1))
  }
}

private import OuterloopNumerics
public import OuterloopStudy

/// Bayesian optimization with Gaussian processes: each proposal maximises the expected improvement under a
/// model of all trials so far (Jones et al. 1998); with two or three objectives, the expected hypervolume
/// improvement.
///
/// *Model.* Matern-5/2 with a length-scale for each parameter, on the unit cube of their scales, with dimension-scaled
/// priors (Hvarfner et al. 2024) and a constant mean, in double precision (`KernelPrior`); losses are winsorised,
/// standardised, and passed through a power transform where that makes them more probable (`OutputTransform`,
/// `YeoJohnson`). Conditional parameters add separate kernels, which compare trials that have them (`CovarianceBlock`).
/// Derivatives of a single objective that trials report are observations too, with separate noise (`JointCovariance`,
/// `SurrogateFits`). The cost of trials, if relevant, is modelled too (`CostedAcquisition`), and user priors dominate at
/// first (`HintedPriors`). Results of an earlier study are included from the start (`EarlierTrials`). *Start.* The
/// middle of the space (`SobolSampler.middle`), as in Ax, then Sobol points up to `GPOptions.startup` trials. *Search.*
/// The logarithm of the expected improvement, averaged over possible results of running trials (`ExpectedImprovement`),
/// maximised over a pool of candidates (`CandidatePool`) and by local search (`AcquisitionSearch`).
///
/// *Several objectives* have a process each; the logarithm of the expected hypervolume improvement is computed
/// in closed form (`HypervolumeImprovement`). *Outcome constraints* have a process each as well, and the
/// probability of feasibility is a factor; incumbents are feasible trials (`Surrogates`). *Many dimensions*:
/// the options `trustRegion`, `saas` and `sparseChanges`, off by default.
///
/// Hyperparameters are fitted at fixed numbers of trials that have ended, from the end of the last *anchor*
/// (`FitSchedule`), so that a replay reproduces them; with many trials on another thread, ahead of their use.
///
/// Differences from Optuna's GPSampler: an expected hypervolume improvement without sampling; other priors, and outputs
/// without outliers; failures count as the worst loss seen instead of being ignored; conditional parameters are modelled
/// instead of drawn at random; constraints of the space are respected; a configuration is not tried twice.
///
/// - Complexity: for each objective and constraint O(n^3) time for a fit, O(n^2) for each of some 2,500
///   candidates of a proposal, O(n^2) memory, n being `GPOptions.observations` at most, and where trials
///   report derivatives `GPOptions.gradients` more.
public struct GPSampler: Sampler {
  private let seed: UInt64
  private let options: GPOptions
  private let coordinates: SpaceCoordinates
  private var design: SobolSampler
  private var pool: CandidatePool
  private var trials: ObservedTrials
  private var surrogates: Surrogates
  private let specification: StudySpecification
  private var beliefs: HintedPriors
  /// For the option `trustRegion`.
  private var region: TrustRegion?

  /// The fraction of trials that count as best, whose neighbours are candidates; with several
  /// objectives, this many trials of the front.
  private static let bestShare = 0.05
  private static let mostOfFront = 16
  /// The number of initial trials with results of an earlier study.
  private static let startupWithEarlier = 5
  /// The number of draws from the priors.
  private static let mostDraws = 20

  /// - Throws: `StudyError` for options out of range, and more than three objectives; `BLASError` if there
  ///   is no linear algebra library.
  public init(_ specification: StudySpecification, _ options: GPOptions = GPOptions()) throws {
    try options.check()
    guard specification.objectives.count <= 3 else {
      throw StudyError(
        "gp takes up to three objectives, not \(specification.objectives.count)",
        "use the sampler tpe, or nsga3 for thousands of trials")
    }
    guard specification.objectives.count == 1 || !options.trustRegion else {
      throw StudyError(
        "gp:trustRegion=true takes one objective, not \(specification.objectives.count)",
        "leave the option trustRegion out")
    }
    _ = try BLAS.load()
    self.specification = specification
    seed = specification.seed
    coordinates = SpaceCoordinates(
      specification.space, sharing: EarlierTrials.shared(specification))
    let earlier = EarlierTrials(specification, coordinates)
    var options = options
    if earlier != nil { options.startup = min(options.startup, Self.startupWithEarlier) }
    self.options = options
    design = try SobolSampler(specification)
    pool = try CandidatePool(
      coordinates, size: options.candidates, seed: specification.seed)
    trials = ObservedTrials(specification, takesSlopes: options.gradients > 0, earlier: earlier)
    surrogates = Surrogates(specification, coordinates.layout, options)
    beliefs = HintedPriors(specification)
    if options.trustRegion {
      region = TrustRegion(dimensions: coordinates.coordinates.count)
    }
  }

  public mutating func observe(_ event: Event, in history: History) {
    design.observe(event, in: history)
    beliefs.observe(event, in: history)
    let known = trials.count
    trials.observe(event, in: history, coordinates)
    let begin = trials.begin(options.startup) ?? .max
    if trials.count > known, trials.count > begin { follow() }
  }

  /// Updates the trust region with the trial that has just ended.
  private mutating func follow() {
    region?.take(improved: trials.lastIsImprovement)
    guard region?.isSpent == true else { return }
    region = TrustRegion(dimensions: coordinates.coordinates.count)
    trials.forget()
    surrogates = Surrogates(specification, coordinates.layout, options)
  }

  public mutating func suggest(_ number: Int, in history: History) throws -> Assignment? {
    if try design.isDone() { return nil }
    defer { surrogates.fitAhead(trials, coordinates) }
    let belief = CandidateBelief(beliefs, coordinates)
    if let belief, let found = believed(belief, number) { return found }
    if let found = try design.middle(number, coordinates, specification, in: history) {
      return found
    }
    return try modelled(number, in: history, belief) ?? design.suggest(number, in: history)
  }

  /// The proposal with some choices fixed, given by parameter index and value index. The incumbent is the best
  /// trial with these values. Nil: there is no model yet, or a prior takes precedence, or no new configuration was
  /// found.
  mutating func suggest(
    _ number: Int, in history: History, where choices: [Int: Int]
  ) throws -> Assignment? {
    guard !beliefs.areNew, try !design.isDone() else { return nil }
    defer { surrogates.fitAhead(trials, coordinates) }
    return try modelled(
      number, in: history, CandidateBelief(beliefs, coordinates),
      fixed: coordinates.coordinates(of: choices))
  }

  /// The model's proposal with some coordinates fixed; nil: there is no model yet, or no candidate is new.
  private mutating func modelled(
    _ number: Int, in history: History, _ belief: CandidateBelief?, fixed: [Int: Double] = [:]
  ) throws -> Assignment? {
    let costWeight = specification.cost?.weight(in: history) ?? 0
    guard trials.begin(options.startup) != nil,
      let acquisition = try surrogates.acquisition(
        trials, coordinates, trial: number, costWeight: costWeight, fixed: fixed)
    else { return nil }
    let key = RandomKey(
      seed: seed, purpose: "gp-candidates", index: UInt64(truncatingIfNeeded: number))
    let streams = key.split(2)
    let best = best(fixed)
    var box: [ClosedRange<Double>]?
    if let region, let center = best.first,
      let lengthscales = try surrogates.lengthscales(trials, coordinates)
    {
      box = region.box(around: center, lengthscales, coordinates)
    }
    var candidates = pool.candidates(near: best, key: streams[0], within: box)
    if !fixed.isEmpty {
      candidates = candidates.map { $0.with(fixed) }.filter { coordinates.isAllowed($0) }
    }
    let search = AcquisitionSearch(
      coordinates: coordinates, acquisition: acquisition, box: box, belief: belief,
      fixed: Set(fixed.keys))
    var uniforms = UniformStream(key: streams[1], expecting: candidates.count + 64)
    func isNew(_ candidate: Candidate) -> Bool {
      coordinates.assignment(of: candidate).map { !design.hasTried($0) } ?? false
    }
    for scored in search.ranked(candidates, &uniforms) where isNew(scored.candidate) {
      var found = scored.candidate
      if options.sparseChanges, let center = best.first {
        found = SparseChanges(search: search).simplified(found, towards: center, where: isNew)
      }
      return coordinates.assignment(of: found)
    }
    return nil
  }

  /// A configuration from the priors instead of the model: the first one after a new prior, and every
  /// other one before there is a model. Nil: no allowed, new one was found.
  private func believed(_ belief: CandidateBelief, _ number: Int) -> Assignment? {
    let isStarting = trials.begin(options.startup) == nil
    guard beliefs.areNew || (isStarting && number % 2 == 0) else { return nil }
    var draws = Draws(seed: seed, .startup, trial: number)
    for _ in 0..<Self.mostDraws {
      let found = coordinates.assignment(of: belief.candidate(&draws))
      if let found, !design.hasTried(found) { return found }
    }
    return nil
  }

  /// The best trials with some coordinates fixed, best first; with several objectives those of the front
  /// with the most hypervolume.
  private func best(_ fixed: [Int: Double]) -> [Candidate] {
    let share = max(Int((Self.bestShare * Double(trials.count)).rounded(.up)), 1)
    let order =
      trials.objectives.count == 1 || !fixed.isEmpty
      ? trials.order(trials.count) : trials.frontRows(Self.mostOfFront)
    let inside = order.lazy.map { trials.rows[$0].candidate }.filter { $0.has(fixed) }
    return Array(inside.prefix(trials.objectives.count == 1 ? share : Self.mostOfFront))
  }
}

extension SamplerKind {
  static let gp = SamplerKind(
    GPOptions.self, "models the loss by a Gaussian process and tries what promises the most",
    [.learns, .isScaleFree, .takesObjectives, .heedsPriors, .weighsCosts]
  ) { .gp($0) }
}

extension ExpressibleBySampler {
  /// Bayesian optimization with a Gaussian process.
  public static func gp(_ options: GPOptions = GPOptions()) -> Self {
    Self(options.description) { try GPSampler($0, options) }
  }
}

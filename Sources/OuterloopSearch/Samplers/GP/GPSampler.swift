private import OuterloopNumerics
public import OuterloopStudy

/// Bayesian optimization with a Gaussian process: of all configurations the one is tried that promises the
/// largest improvement under a model of all trials so far (Jones et al. 1998).
///
/// *Model.* Matern-5/2 with a length-scale for each parameter, on the unit cube of their scales, with
/// dimension-scaled priors (Hvarfner et al. 2024) and a constant mean, in double precision
/// (`KernelPrior`); losses are winsorised, standardised, and bent by a power transform where that makes
/// them more probable (`OutputTransform`, `YeoJohnson`). Parameters with conditions add kernels of their
/// own, which compare trials that have them (`CovarianceBlock`).
/// *Search.* The logarithm of the expected improvement, averaged over what running trials may come to
/// (`ExpectedImprovement`), over a pool of candidates (`CandidatePool`), then uphill (`AcquisitionSearch`).
///
/// Hyperparameters are fitted at fixed numbers of trials that have ended, from the end of the last
/// *anchor* (`FitSchedule`), so that a replay comes to the same ones.
///
/// Differences from Optuna's GPSampler: other priors, and outputs without outliers; failures count as the worst
/// loss seen instead of being forgotten; conditions are modelled instead of being drawn at random;
/// constraints of the space are kept; a configuration is not tried twice.
///
/// - Complexity: O(n^3) time for a fit, O(n^2) for each of some 2,500 candidates of a proposal, O(n^2)
///   memory, n being `GPOptions.observations` at most.
public struct GPSampler: Sampler {
  private let seed: UInt64
  private let objective: Objective
  private let options: GPOptions
  private let coordinates: SpaceCoordinates
  private var design: SobolSampler
  private var pool: CandidatePool
  private var trials = ObservedTrials()
  private var fits: SurrogateFits

  /// Draws of what pending trials may come to.
  private static let fantasies = 32
  /// The newest trials of those that are pending; older ones will hardly come back.
  private static let mostPending = 64
  /// The share of trials that count as the best, whose neighbours are candidates.
  private static let bestShare = 0.05

  /// - Throws: `StudyError` for options out of range, and several objectives; `BLASError` if there is no
  ///   linear algebra library.
  public init(_ specification: StudySpecification, _ options: GPOptions = GPOptions()) throws {
    try options.check()
    guard specification.objectives.count == 1 else {
      throw StudyError(
        "gp takes one objective, not \(specification.objectives.count)", "use the sampler tpe")
    }
    _ = try BLAS.load()
    seed = specification.seed
    objective = specification.objectives[0]
    self.options = options
    coordinates = SpaceCoordinates(specification.space)
    design = try SobolSampler(specification)
    pool = try CandidatePool(
      coordinates, size: options.candidates, seed: specification.seed)
    fits = SurrogateFits(
      coordinates.layout, FitSchedule(first: options.startup, density: options.fits),
      limit: options.observations)
  }

  public mutating func observe(_ event: Event, in history: History) {
    design.observe(event, in: history)
    trials.observe(event, in: history, coordinates, objective)
  }

  public mutating func suggest(_ number: Int, in history: History) throws -> Assignment? {
    if try design.isDone() { return nil }
    if trials.count >= options.startup, let process = try surrogate(number) {
      let key = RandomKey(
        seed: seed, purpose: "gp-candidates", index: UInt64(truncatingIfNeeded: number))
      let streams = key.split(2)
      let candidates = pool.candidates(near: best(), key: streams[0])
      let search = AcquisitionSearch(
        coordinates: coordinates, acquisition: ExpectedImprovement(process))
      var uniforms = UniformStream(key: streams[1], expecting: candidates.count + 64)
      for scored in search.ranked(candidates, &uniforms) {
        guard let found = coordinates.assignment(of: scored.candidate) else { continue }
        if !design.hasTried(found) { return found }
      }
    }
    return try design.suggest(number, in: history)
  }

  /// The model of all trials; nil if they tell nothing.
  private mutating func surrogate(_ number: Int) throws -> GaussianProcess? {
    guard OutputTransform(trials.losses(trials.count)).isInformative else { return nil }
    let all = coordinates.points(trials.rows.map(\.candidate))
    let fit = try fits.fit(trials, all)
    let points = all.selecting(trials.places(trials.count, limit: options.observations))
    let outputs = fits.outputs(trials, trials.count, isBent: fit.isBent).outputs
    guard let process = try GaussianProcess(points, outputs: outputs, fit.parameters) else {
      return nil
    }
    let pending = trials.pending.keys.sorted().suffix(Self.mostPending).compactMap {
      trials.pending[$0]
    }
    guard !pending.isEmpty else { return process }
    return process.imagining(
      coordinates.points(pending), normals: try normals(pending.count, number))
  }

  /// Standard normal numbers for each draw and pending trial, evenly spread.
  private func normals(_ count: Int, _ number: Int) throws -> [[Double]] {
    let sequence = try SobolSequence(
      dimensions: count,
      key: RandomKey(
        seed: seed, purpose: "gp-fantasies", index: UInt64(truncatingIfNeeded: number)))
    return sequence.points(count: Self.fantasies).map {
      $0.map { StandardNormal.truncatedQuantile($0, -40, 40) }
    }
  }

  /// The best trials, best first.
  private func best() -> [Candidate] {
    let losses = trials.losses(trials.count)
    let count = max(Int((Self.bestShare * Double(losses.count)).rounded(.up)), 1)
    let order = losses.indices.sorted { (losses[$0], $0) < (losses[$1], $1) }
    return order.prefix(count).map { trials.rows[$0].candidate }
  }
}

extension SamplerKind {
  static let gp = SamplerKind(
    GPOptions.self, "models the loss by a Gaussian process and tries what promises the most",
    [.learns, .isScaleFree, .heedsPriors, .weighsCosts]
  ) { .gp($0) }
}

extension SamplerMethod {
  /// Bayesian optimization with a Gaussian process.
  public static func gp(_ options: GPOptions = GPOptions()) -> SamplerMethod {
    SamplerMethod(options.description) { try GPSampler($0, options) }
  }
}

extension SearchMethod {
  /// Bayesian optimization with a Gaussian process.
  public static func gp(_ options: GPOptions = GPOptions()) -> SearchMethod {
    SearchMethod(.gp(options))
  }
}

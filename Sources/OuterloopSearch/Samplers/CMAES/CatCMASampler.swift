public import OuterloopStudy

/// CatCMA with margin (Hamano et al. 2025): CMA-ES for spaces of real numbers, integers and choices, with
/// margins that prevent premature convergence of the discrete ones; equal step by step to the Python package
/// cmaes 0.13.1.
///
/// Numbers and ordinals with two values are choices. Continuous numbers outside their range are clipped
/// with a distance penalty, instead of being resampled. Generations, failures and inactive parameters are
/// those of CMA-ES.
///
/// - Complexity: a proposal is O(d^2), and once a generation O(d^3); O(n + d^2) memory.
public struct CatCMASampler: Sampler {
  private var search: DistributionSearch

  /// - Throws: `StudyError` for options out of range, and for several objectives.
  public init(
    _ specification: StudySpecification, _ options: CatCMAOptions = CatCMAOptions()
  ) throws {
    try options.check()
    try specification.requireOneObjective(for: CatCMAOptions.owner)
    var common = DistributionSearch.Options()
    (common.population, common.startup) = (options.population, options.startup)
    common.restarts = options.restarts
    let discrete = CoordinateLayout(specification.space, pairsAreChoices: true).discreteCount
    search = DistributionSearch(specification, common, pairsAreChoices: true) {
      parameters, grids, start in
      let standard = MixedSearch.initialCovariance(grids)
      let distribution =
        switch start {
        case .middle:
          CovarianceAdaptation(
            parameters, mean: grids.map { _ in 0.5 }, sigma: 1, covariance: standard)
        case .place(let mean, let factor):
          CovarianceAdaptation(parameters, mean: mean, sigma: factor, covariance: standard)
        case .warm(let warm):
          CovarianceAdaptation(
            parameters, mean: warm.mean, sigma: warm.sigma, covariance: warm.covariance)
        }
      return .mixed(MixedSearch(distribution, grids: grids, discrete: discrete))
    }
  }

  public mutating func observe(_ event: Event, in history: History) {
    search.observe(event, in: history)
  }

  public mutating func suggest(_ number: Int, in history: History) throws -> Assignment? {
    try search.suggest(number, in: history)
  }
}

extension SamplerKind {
  static let catcma = SamplerKind(
    CatCMAOptions.self, "CMA-ES for spaces of numbers, whole numbers and choices",
    [.learns]
  ) { .catcma($0) }
}

extension ExpressibleBySampler {
  /// CatCMA with margin.
  public static func catcma(_ options: CatCMAOptions = CatCMAOptions()) -> Self {
    Self(options.description) { try CatCMASampler($0, options) }
  }
}

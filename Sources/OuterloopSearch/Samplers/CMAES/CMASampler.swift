public import OuterloopStudy

/// CMA-ES: a normal distribution that adapts its mean, step size and covariance to each generation
/// (Hansen 2016), with margins for parameters on a grid (Hamano et al. 2022) and restarts (BIPOP,
/// Hansen 2009); equal step by step to the Python package cmaes 0.13.1.
///
/// Categorical parameters are drawn from independent distributions that adapt likewise (Hamano et al. 2024).
///
/// Differences from Optuna 5, which uses that package: no result of a parallel worker is discarded, since
/// points of an earlier generation are injected into the current one; failures are the worst of a generation
/// instead of being ignored; there are restarts; choices are adapted instead of drawn at random; margins are
/// on by default; points outside the space are clipped to its boundary, with a penalty, instead of being
/// resampled, which finds minima at the boundary; a configuration is not proposed twice.
///
/// See `DistributionSearch` for how results form generations, and for inactive parameters.
///
/// - Complexity: a proposal is O(d^2), and once a generation O(d^3); O(n + d^2) memory.
public struct CMASampler: Sampler {
  private var search: DistributionSearch

  /// - Throws: `StudyError` for options out of range, and for several objectives.
  public init(_ specification: StudySpecification, _ options: CMAOptions = CMAOptions()) throws {
    try options.check()
    try specification.requireOneObjective(for: CMAOptions.owner)
    var common = DistributionSearch.Options()
    (common.population, common.startup) = (options.population, options.startup)
    common.restarts = options.restarts
    search = DistributionSearch(specification, common, pairsAreChoices: false) {
      parameters, grids, start in
      func gaussian(
        _ mean: [Double], _ sigma: Double, _ covariance: [Double]? = nil
      ) -> CovarianceAdaptation {
        CovarianceAdaptation(
          parameters, mean: mean, sigma: sigma, covariance: covariance,
          adaptsRates: options.learningRates)
      }
      let distribution =
        switch start {
        case .middle: gaussian(grids.map { _ in 0.5 }, options.step)
        case .place(let mean, let factor): gaussian(mean, options.step * factor)
        case .warm(let warm): gaussian(warm.mean, warm.sigma, warm.covariance)
        }
      return .margin(MarginSearch(distribution, grids: grids))
    }
  }

  public mutating func observe(_ event: Event, in history: History) {
    search.observe(event, in: history)
  }

  public mutating func suggest(_ number: Int, in history: History) throws -> Assignment? {
    try search.suggest(number, in: history)
  }
}

extension StudySpecification {
  /// - Throws: `StudyError` for several objectives.
  func requireOneObjective(for sampler: String) throws {
    guard objectives.count == 1 else {
      throw StudyError(
        "\(sampler) takes one objective, and study `\(name)` has \(objectives.count)",
        "use nsga2 or tpe, or make one objective of them")
    }
  }
}

extension SamplerKind {
  static let cmaes = SamplerKind(
    CMAOptions.self,
    "CMA-ES: a normal distribution that adapts its mean and covariance",
    [.learns]
  ) { .cmaes($0) }
}

extension ExpressibleBySampler {
  /// CMA-ES.
  public static func cmaes(_ options: CMAOptions = CMAOptions()) -> Self {
    Self(options.description) { try CMASampler($0, options) }
  }
}

private import OuterloopPlatform

/// The constants of CMA-ES for n dimensions and a population of lambda (Hansen 2016, "The CMA Evolution
/// Strategy: A Tutorial", table 1 and equations 48 to 58), with alpha_cov = 2 and a learning rate of the
/// mean of 1.
///
///     w'_i = ln((lambda + 1) / 2) - ln i,   mu = floor(lambda / 2)
///     mu_eff = (sum w')^2 / sum w'^2 over the first mu, mu_eff^- over the others
///     c_1 = 2 / ((n + 1.3)^2 + mu_eff)
///     c_mu = min(1 - c_1, 2 (mu_eff - 2 + 1 / mu_eff) / ((n + 2)^2 + mu_eff))
///     w_i = w'_i / sum of positive ones, or w'_i alpha^- / |sum of negative ones|
struct CMAParameters: Sendable {
  let dimensions: Int
  let population: Int
  /// The number of parents, which move the mean.
  let parents: Int
  /// Best first; those of the worse half are negative (active CMA-ES, Jastrebski and Arnold 2006).
  let weights: [Double]
  let effectiveParents: Double
  let rankOneRate: Double
  let rankMuRate: Double
  /// c_sigma, the rate of the evolution path of the step size, and its damping, d_sigma.
  let stepRate: Double
  let damping: Double
  /// c_c, the rate of the evolution path of the covariance.
  let pathRate: Double
  /// The expected length of a standard normal vector, approximately.
  let expectedLength: Double

  /// 4 + floor(3 ln n).
  static func standardPopulation(_ dimensions: Int) -> Int {
    4 + Int((3 * log(Double(max(dimensions, 1)))).rounded(.down))
  }

  /// - Parameters:
  ///   - dimensions: at least 1.
  ///   - population: at least 4.
  init(dimensions: Int, population: Int) {
    precondition(dimensions >= 1 && population >= 4)
    self.dimensions = dimensions
    self.population = population
    let n = Double(dimensions)
    parents = population / 2
    let raw = (1...population).map { log((Double(population) + 1) / 2) - log(Double($0)) }
    func effective(_ weights: ArraySlice<Double>) -> Double {
      let sum = weights.reduce(0, +)
      return sum * sum / weights.reduce(0) { $0 + $1 * $1 }
    }
    let mu = effective(raw[..<parents])
    let negativeMu = effective(raw[parents...])
    effectiveParents = mu
    rankOneRate = 2 / ((n + 1.3) * (n + 1.3) + mu)
    rankMuRate = min(1 - rankOneRate - 1e-8, 2 * (mu - 2 + 1 / mu) / ((n + 2) * (n + 2) + mu))
    let negative = min(
      1 + rankOneRate / rankMuRate, 1 + 2 * negativeMu / (mu + 2),
      (1 - rankOneRate - rankMuRate) / (n * rankMuRate))
    let positiveSum = raw.reduce(0) { $0 + max($1, 0) }
    let negativeSum = raw.reduce(0) { $0 + max(-$1, 0) }
    weights = raw.map { $0 >= 0 ? $0 / positiveSum : $0 * negative / negativeSum }
    stepRate = (mu + 2) / (n + mu + 5)
    damping = 1 + 2 * max(0, ((mu - 1) / (n + 1)).squareRoot() - 1) + stepRate
    pathRate = (4 + mu / n) / (n + 4 + 2 * mu / n)
    expectedLength = n.squareRoot() * (1 - 1 / (4 * n) + 1 / (21 * n * n))
  }
}

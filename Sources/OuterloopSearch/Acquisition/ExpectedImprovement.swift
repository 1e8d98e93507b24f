internal import OuterloopNumerics
private import OuterloopPlatform

/// The logarithm of the expected improvement on the best mean so far (Jones et al. 1998, Ament et al.
/// 2023), loss being minimised:
///
///     log EI(x) = log sigma + log h(u),   u = (best - mean(x)) / sigma(x),   h(u) = phi(u) + u Phi(u)
///
/// plus, for each soft constraint c(x) <= t, log P(c(x) <= t) = log Phi((t - mean_c)/sigma_c).
///
/// *Pending trials.* Their results are drawn from their joint distribution, and the expected improvement of
/// x beyond data and draw is averaged over the draws (Snoek et al. 2012):
///
///     a(x) = log (1/S) sum_s EI(x | data, draw s) prod_c P(c(x) <= t | data, draw s)
///
/// Without constraints this is the part of the batch's expected improvement (qEI, Ginsbourger et al. 2010)
/// that depends on x: qEI(pending and x) = qEI(pending) + E EI(x | results of pending). x enters in closed
/// form, so that neither maximum nor improvement needs smoothing, and the gradient vanishes nowhere.
///
/// The best is that of the means at the points (the *plug-in* of Vazquez et al. 2008), not of the
/// outputs, so that the search does not chase favourable noise.
///
/// - Complexity: O(n^2 + S n) a point.
package struct ExpectedImprovement: BlockAcquisition {
  private let process: GaussianProcess
  private let constraints: [Constraint]
  /// By draw; nil: nothing is feasible yet.
  private let best: [Double]?
  private let logWeights: [Double]

  /// Added to variances, so that it is defined where the variance is 0.
  static let floor = 1e-12

  /// - Parameters:
  ///   - best: by draw; nil if nothing is feasible: then only the probability of feasibility counts.
  ///   - logWeights: the log weight of each draw; empty: equal weights.
  package init(
    _ process: GaussianProcess, constraints: [Constraint], best: [Double]?,
    logWeights: [Double] = []
  ) {
    self.process = process
    self.constraints = constraints
    self.best = best
    self.logWeights = logWeights
  }

  /// - Parameter isFeasible: whether each point of the process is feasible, by index.
  package init(
    _ process: GaussianProcess, constraints: [Constraint] = [],
    isFeasible: (Int) -> Bool = { _ in true }
  ) {
    let (n, s) = (process.points.count, process.samples)
    let smoothed = process.smoothed
    let feasible = (0..<n).filter(isFeasible)
    self.init(
      process, constraints: constraints,
      best: feasible.isEmpty
        ? nil
        : (0..<s).map { k in feasible.reduce(.infinity) { min($0, smoothed[$1 * s + k]) } })
  }

  func evaluated(
    _ points: KernelPoints, gradients: Bool
  ) -> (values: [Double], gradients: [[Double]]) {
    var product = FactorProduct(draws: process.samples, logWeights: logWeights)
    if let best {
      let block = PredictionBlock(process, points, gradients: gradients)
      product.multiply(by: Self.improvement(block, best, gradients: gradients), of: [block])
    }
    for constraint in constraints {
      let block = PredictionBlock(constraint.process, points, gradients: gradients)
      product.multiply(
        by: constraint.factor(block, draws: process.samples, gradients: gradients), of: [block])
    }
    return product.evaluated(points, gradients: gradients)
  }

  ///     v_s = log sigma + log h(u_s),   dv_s/dmean_s = -Phi(u_s)/h(u_s)/sigma
  ///     dv_s/dvariance = phi(u_s)/h(u_s) / (2 sigma^2)
  private static func improvement(
    _ block: PredictionBlock, _ best: [Double], gradients: Bool
  ) -> AcquisitionFactor {
    let (m, s) = (block.variances.count, best.count)
    var factor = AcquisitionFactor(draws: s, points: m, slopes: gradients ? 1 : 0)
    for q in 0..<m {
      let variance = block.variances[q] + floor
      let sigma = variance.squareRoot()
      let logSigma = log(sigma)
      for k in 0..<s {
        let place = k * m + q
        let improvement = NormalImprovement((best[k] - block.means[place]) / sigma)
        factor.values[place] = logSigma + improvement.log
        guard gradients else { continue }
        factor.slopes[0].means[place] = -improvement.cdfRatio / sigma
        factor.slopes[0].variances[place] = improvement.densityRatio / (2 * variance)
      }
    }
    return factor
  }
}

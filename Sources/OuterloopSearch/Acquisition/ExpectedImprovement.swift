internal import OuterloopNumerics
internal import OuterloopPlatform

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
///     a(x) = log (1/S) sum_s EI(x | data, draw s)
///
/// This is the part of the batch's expected improvement (qEI, Ginsbourger et al. 2010) that depends on x:
/// qEI(pending and x) = qEI(pending) + E EI(x | results of pending). x enters in closed form, so that
/// neither maximum nor improvement needs smoothing, and the gradient vanishes nowhere.
///
/// The best is that of the means at the points (the *plug-in* of Vazquez et al. 2008), not that of the
/// outputs, so that a lucky draw of the noise is not chased.
///
/// - Complexity: O(n^2 + S n) a point.
package struct ExpectedImprovement: Acquisition {
  private let process: GaussianProcess
  private let constraints: [Constraint]
  /// By sample; nil: there is nothing yet that keeps the constraints.
  private let best: [Double]?

  /// A soft constraint: what a process of its own predicts is to be at most `bound`.
  package struct Constraint: Sendable {
    package var process: GaussianProcess
    package var bound: Double

    package init(_ process: GaussianProcess, atMost bound: Double) {
      (self.process, self.bound) = (process, bound)
    }
  }

  /// Added to variances, so that it is defined where nothing is uncertain.
  private static let floor = 1e-12
  private static let block = 128

  /// - Parameter isFeasible: whether a point of the process kept the constraints, by its place; if none
  ///   did, only the probability of feasibility counts.
  package init(
    _ process: GaussianProcess, constraints: [Constraint] = [],
    isFeasible: (Int) -> Bool = { _ in true }
  ) {
    self.process = process
    self.constraints = constraints
    let (n, s) = (process.points.count, process.samples)
    let smoothed = process.smoothed
    let feasible = (0..<n).filter(isFeasible)
    best =
      feasible.isEmpty
      ? nil
      : (0..<s).map { k in feasible.reduce(.infinity) { min($0, smoothed[$1 * s + k]) } }
  }

  /// In blocks whose covariances stay in the processor's caches.
  package func values(at points: KernelPoints) -> [Double] {
    stride(from: 0, to: points.count, by: Self.block).flatMap { first in
      evaluated(
        points.selecting(first..<min(first + Self.block, points.count)), gradients: false
      ).values
    }
  }

  package func valuesAndGradients(
    at points: KernelPoints
  ) -> (values: [Double], gradients: [[Double]]) {
    evaluated(points, gradients: true)
  }

  private func evaluated(
    _ points: KernelPoints, gradients: Bool
  ) -> (values: [Double], gradients: [[Double]]) {
    var values = [Double](repeating: 0, count: points.count)
    var slopes = gradients ? points.columns.map { $0.map { _ in 0.0 } } : []
    func add(_ block: PredictionBlock, _ term: Term) {
      for q in values.indices { values[q] += term.values[q] }
      guard gradients else { return }
      let more = block.gradients(
        meanSlopes: term.meanSlopes, varianceSlopes: term.varianceSlopes)
      for g in slopes.indices {
        for place in slopes[g].indices { slopes[g][place] += more[g][place] }
      }
    }
    if let best {
      let block = PredictionBlock(process, points, gradients: gradients)
      add(block, Self.improvement(block, best))
    }
    for constraint in constraints {
      let block = PredictionBlock(constraint.process, points, gradients: gradients)
      add(block, Self.feasibility(block, constraint.bound))
    }
    return (values, slopes)
  }

  /// Values at points and their derivatives by means, (samples, points), and variances.
  private struct Term {
    var values: [Double]
    var meanSlopes: [Double]
    var varianceSlopes: [Double]

    init(points: Int, samples: Int) {
      values = [Double](repeating: 0, count: points)
      meanSlopes = [Double](repeating: 0, count: points * samples)
      varianceSlopes = values
    }
  }

  /// With u_s and h of each draw s, and w_s its share in the sum over the draws:
  ///
  ///     da/dmean_s = -w_s Phi(u_s)/h(u_s)/sigma
  ///     da/dvariance = sum_s w_s phi(u_s)/h(u_s) / (2 sigma^2)
  private static func improvement(_ block: PredictionBlock, _ best: [Double]) -> Term {
    let (m, s) = (block.variances.count, best.count)
    var term = Term(points: m, samples: s)
    var parts = [Double](repeating: 0, count: s)
    for q in 0..<m {
      let variance = block.variances[q] + floor
      let sigma = variance.squareRoot()
      var largest = -Double.infinity
      var terms: [NormalImprovement] = []
      terms.reserveCapacity(s)
      for k in 0..<s {
        let improvement = NormalImprovement((best[k] - block.means[k * m + q]) / sigma)
        terms.append(improvement)
        parts[k] = improvement.log
        largest = max(largest, improvement.log)
      }
      var total = 0.0
      for k in 0..<s {
        parts[k] = s == 1 || largest == -.infinity ? 1 : exp(parts[k] - largest)
        total += parts[k]
      }
      term.values[q] = log(sigma) + largest + (s == 1 ? 0 : log(total / Double(s)))
      for k in 0..<s {
        let share = parts[k] / total
        term.meanSlopes[k * m + q] = -share * terms[k].cdfRatio / sigma
        term.varianceSlopes[q] += share * terms[k].densityRatio / (2 * variance)
      }
    }
    return term
  }

  /// log Phi(v), v = (bound - mean)/sigma; d log Phi/dv = phi(v)/Phi(v).
  private static func feasibility(_ block: PredictionBlock, _ bound: Double) -> Term {
    let m = block.variances.count
    var term = Term(points: m, samples: 1)
    for q in 0..<m {
      let variance = block.variances[q] + floor
      let sigma = variance.squareRoot()
      let v = (bound - block.means[q]) / sigma
      let logarithm = StandardNormal.logCDF(v)
      let slope = exp(StandardNormal.logDensity(v) - logarithm)
      term.values[q] = logarithm
      term.meanSlopes[q] = -slope / sigma
      term.varianceSlopes[q] = -slope * v / (2 * variance)
    }
    return term
  }
}

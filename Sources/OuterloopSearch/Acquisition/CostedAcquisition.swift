internal import OuterloopNumerics

/// An acquisition function per unit of cost, in logarithms:
///
///     a(x) = log alpha(x) - w m_c(x),   log c(x) ~ Normal(m_c, s_c^2)
///
/// At w = 1 it is improvement per unit of cost (Snoek et al. 2012), with the median of the cost; at w = 0
/// plain improvement; in between, cost cooling (Lee et al. 2020, arXiv 2003.10870). The process is one of
/// log cost: no predicted cost is negative, costs below 1 keep their order, and scaling all of them
/// changes nothing. (SMAC3 divides by the predicted logarithm instead.)
///
/// - Complexity: O(n^2) a point, or O(n) without gradients.
package struct CostedAcquisition: Acquisition {
  private let base: any Acquisition
  private let process: GaussianProcess
  private let weight: Double

  /// - Parameters:
  ///   - process: of log cost, standardised.
  ///   - weight: w times the standard deviation of log cost.
  package init(_ base: any Acquisition, cost process: GaussianProcess, weight: Double) {
    self.base = base
    self.process = process
    self.weight = weight
  }

  package func values(at points: KernelPoints) -> [Double] {
    let costs = process.predict(points).means
    return zip(base.values(at: points), costs).map { $0 - weight * $1 }
  }

  package func valuesAndGradients(
    at points: KernelPoints
  ) -> (values: [Double], gradients: [[Double]]) {
    var (values, gradients) = base.valuesAndGradients(at: points)
    let block = PredictionBlock(process, points, gradients: true)
    for q in values.indices { values[q] -= weight * block.means[q] }
    let slopes = block.gradients(
      meanSlopes: values.map { _ in -weight }, varianceSlopes: values.map { _ in 0 })
    for g in gradients.indices {
      for place in gradients[g].indices { gradients[g][place] += slopes[g][place] }
    }
    return (values, gradients)
  }
}

internal import OuterloopNumerics
private import OuterloopPlatform

extension ExpectedImprovement {
  /// A soft constraint: the prediction of a separate process should be at most `bound`.
  package struct Constraint: Sendable {
    package var process: GaussianProcess
    package var bound: Double

    package init(_ process: GaussianProcess, atMost bound: Double) {
      (self.process, self.bound) = (process, bound)
    }

    /// log Phi(v), v = (bound - mean)/sigma; d log Phi/dv = phi(v)/Phi(v).
    func factor(_ block: PredictionBlock, draws: Int, gradients: Bool) -> AcquisitionFactor {
      let m = block.variances.count
      let samples = process.samples
      var factor = AcquisitionFactor(draws: draws, points: m, slopes: gradients ? 1 : 0)
      for q in 0..<m {
        let variance = block.variances[q] + ExpectedImprovement.floor
        let sigma = variance.squareRoot()
        for k in 0..<draws {
          let v = (bound - block.means[(samples == 1 ? 0 : k) * m + q]) / sigma
          let value = StandardNormal.logCDF(v)
          factor.values[k * m + q] = value
          guard gradients else { continue }
          let slope = exp(StandardNormal.logDensity(v) - value)
          factor.slopes[0].means[k * m + q] = -slope / sigma
          factor.slopes[0].variances[k * m + q] = -slope * v / (2 * variance)
        }
      }
      return factor
    }
  }
}

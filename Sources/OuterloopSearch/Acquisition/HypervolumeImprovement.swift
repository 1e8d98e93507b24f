internal import OuterloopNumerics
private import OuterloopPlatform

/// The logarithm of the expected hypervolume improvement on the front of the best means so far, with a
/// process for each of two or three objectives (log EHVI: Ament et al. 2023, here in closed form, see
/// `ExpectedVolume`), plus that of the probability of satisfying soft constraints.
///
/// *Pending trials.* Results are drawn jointly for each objective, and the improvement beyond data and
/// draw is averaged over the draws, as in `ExpectedImprovement`; each draw has its own front.
///
/// - Complexity: O(m n^2 + S m f) a point, f the size of the front.
package struct HypervolumeImprovement: BlockAcquisition {
  private let processes: [GaussianProcess]
  private let constraints: [ExpectedImprovement.Constraint]
  /// By draw.
  private let volumes: [ExpectedVolume]

  /// - Parameters:
  ///   - processes: one for each objective, all with as many draws.
  ///   - fronts: the points of each draw, including dominated ones.
  ///   - reference: points beyond it do not count.
  package init(
    _ processes: [GaussianProcess], constraints: [ExpectedImprovement.Constraint] = [],
    fronts: [[[Double]]], reference: [Double]
  ) {
    precondition(processes.count == reference.count)
    precondition(processes.allSatisfy { $0.samples == fronts.count })
    self.processes = processes
    self.constraints = constraints
    volumes = fronts.map {
      ExpectedVolume(
        ImprovementBoxes($0, reference: reference).boxes, objectives: reference.count)
    }
  }

  func evaluated(
    _ points: KernelPoints, gradients: Bool
  ) -> (values: [Double], gradients: [[Double]]) {
    var product = FactorProduct(draws: volumes.count, logWeights: [])
    let blocks = processes.map { PredictionBlock($0, points, gradients: gradients) }
    product.multiply(by: improvement(blocks, gradients: gradients), of: blocks)
    for constraint in constraints {
      let block = PredictionBlock(constraint.process, points, gradients: gradients)
      product.multiply(
        by: constraint.factor(block, draws: volumes.count, gradients: gradients), of: [block])
    }
    return product.evaluated(points, gradients: gradients)
  }

  /// d/dvariance = d/dsigma / (2 sigma).
  private func improvement(
    _ blocks: [PredictionBlock], gradients: Bool
  ) -> AcquisitionFactor {
    let (m, count, draws) = (blocks.count, blocks[0].variances.count, volumes.count)
    var factor = AcquisitionFactor(draws: draws, points: count, slopes: gradients ? m : 0)
    var scratch = ExpectedVolume.Scratch()
    var means = [Double](repeating: 0, count: m)
    var deviations = means
    for q in 0..<count {
      for j in 0..<m {
        deviations[j] = (blocks[j].variances[q] + ExpectedImprovement.floor).squareRoot()
      }
      for k in 0..<draws {
        let place = k * count + q
        for j in 0..<m { means[j] = blocks[j].means[place] }
        factor.values[place] = volumes[k].logarithm(
          means: means, deviations: deviations, gradients: gradients, &scratch)
        guard gradients else { continue }
        for j in 0..<m {
          factor.slopes[j].means[place] = scratch.meanSlopes[j]
          factor.slopes[j].variances[place] = scratch.deviationSlopes[j] / (2 * deviations[j])
        }
      }
    }
    return factor
  }
}

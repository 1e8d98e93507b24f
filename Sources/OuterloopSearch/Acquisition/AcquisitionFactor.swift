private import OuterloopPlatform

/// The logarithm of one factor of an acquisition function at some points, for each draw of the results
/// of pending trials, with its derivatives with respect to the processes' predictions.
struct AcquisitionFactor {
  /// (draws, points).
  var values: [Double]
  /// By process; empty unless gradients are wanted.
  var slopes: [Slopes]

  /// Derivatives with respect to the means and variances of a process, (draws, points).
  struct Slopes {
    var means: [Double]
    var variances: [Double]
  }

  init(draws: Int, points: Int, slopes count: Int) {
    values = [Double](repeating: 0, count: draws * points)
    slopes = (0..<count).map { [values] _ in Slopes(means: values, variances: values) }
  }
}

/// Products of factors, averaged over draws:
///
///     a(x) = log (1/S) sum_s w_s prod_f exp v_fs(x)
///     da/dv_fs = the share of draw s in the sum
struct DrawAverage {
  let draws: Int
  let points: Int
  /// a.
  private(set) var values: [Double]
  /// (draws, points): the weight of a draw at a point.
  private(set) var shares: [Double]

  /// - Parameter logWeights: log w by draw; empty: all 0.
  init(_ factors: [AcquisitionFactor], draws: Int, points: Int, logWeights: [Double]) {
    (self.draws, self.points) = (draws, points)
    shares = [Double](repeating: 0, count: draws * points)
    for factor in factors {
      for place in shares.indices { shares[place] += factor.values[place] }
    }
    for (k, weight) in logWeights.enumerated() {
      for q in 0..<points { shares[k * points + q] += weight }
    }
    values = [Double](repeating: 0, count: points)
    for q in 0..<points {
      var largest = -Double.infinity
      for k in 0..<draws { largest = max(largest, shares[k * points + q]) }
      var total = 0.0
      for k in 0..<draws {
        let part =
          draws == 1 || largest == -.infinity ? 1 : exp(shares[k * points + q] - largest)
        shares[k * points + q] = part
        total += part
      }
      for k in 0..<draws { shares[k * points + q] /= total }
      values[q] = largest + (draws == 1 ? 0 : log(total / Double(draws)))
    }
  }

  /// The gradient of a through one process of one factor, by group (points, columns).
  func gradients(_ slopes: AcquisitionFactor.Slopes, _ block: PredictionBlock) -> [[Double]] {
    var means = slopes.means
    var variances = [Double](repeating: 0, count: points)
    for k in 0..<draws {
      for q in 0..<points {
        let place = k * points + q
        means[place] *= shares[place]
        variances[q] += shares[place] * slopes.variances[place]
      }
    }
    if block.means.count == points, draws > 1 {
      // The process has one mean for all draws.
      means = (0..<points).map { q in
        (0..<draws).reduce(0) { $0 + means[$1 * points + q] }
      }
    }
    return block.gradients(meanSlopes: means, varianceSlopes: variances)
  }
}

/// An acquisition function as a product of factors, each with the predictions that it depends on.
struct FactorProduct {
  private let draws: Int
  private let logWeights: [Double]
  private var factors: [AcquisitionFactor] = []
  private var blocks: [[PredictionBlock]] = []

  init(draws: Int, logWeights: [Double]) {
    (self.draws, self.logWeights) = (draws, logWeights)
  }

  /// - Parameter predictions: those of each of its processes.
  mutating func multiply(by factor: AcquisitionFactor, of predictions: [PredictionBlock]) {
    factors.append(factor)
    blocks.append(predictions)
  }

  func evaluated(
    _ points: KernelPoints, gradients: Bool
  ) -> (values: [Double], gradients: [[Double]]) {
    let average = DrawAverage(
      factors, draws: draws, points: points.count, logWeights: logWeights)
    guard gradients else { return (average.values, []) }
    var sum = points.columns.map { $0.map { _ in 0.0 } }
    for (factor, predictions) in zip(factors, blocks) {
      for (slopes, block) in zip(factor.slopes, predictions) {
        for (g, part) in average.gradients(slopes, block).enumerated() {
          for place in part.indices { sum[g][place] += part[place] }
        }
      }
    }
    return (average.values, sum)
  }
}

internal import OuterloopNumerics
private import OuterloopPlatform

/// Learning rates of CMA-ES that keep the signal-to-noise ratio of its updates constant, for functions that
/// are noisy or have many minima (Nomura, Akimoto and Ono 2023, "CMA-ES with learning rate adaptation").
///
/// Of the updates D of the mean and of Sigma = sigma^2 C, in the coordinates in which Sigma was the identity,
/// moving averages E of D and V of |D|^2 estimate the ratio
///
///     SNR = (|E|^2 - beta / (2 - beta) V) / (V - |E|^2)
///     eta <- min(1, eta exp(min(gamma eta, beta) clip(SNR / (alpha eta) - 1, -1, 1)))
///
/// and the updates are applied with their eta; sigma is divided by the growth of the mean's eta.
struct LearningRateAdaptation: Sendable {
  struct Before {
    var mean: [Double]
    var sigma: Double
    var covariance: [Double]
    var inverseRoot: [Double]
  }

  struct After {
    var mean: [Double]
    var sigma: Double
    var covariance: [Double]
  }

  private struct Rate: Sendable {
    let beta: Double
    var average: [Double]
    var square = 0.0
    var eta = 1.0

    init(beta: Double, count: Int) {
      self.beta = beta
      average = [Double](repeating: 0, count: count)
    }

    mutating func update(_ difference: [Double]) {
      for i in average.indices { average[i] = (1 - beta) * average[i] + beta * difference[i] }
      square = (1 - beta) * square + beta * CovarianceAdaptation.squaredLength(difference)
      let signal = CovarianceAdaptation.squaredLength(average)
      let ratio = (signal - beta / (2 - beta) * square) / (square - signal)
      // Updates of 0 have no ratio.
      guard !ratio.isNaN else { return }
      let relative = min(max(ratio / 1.4 / eta - 1, -1), 1)
      eta = min(eta * exp(min(0.1 * eta, beta) * relative), 1)
    }
  }

  private var mean: Rate
  private var covariance: Rate

  init(_ dimensions: Int) {
    mean = Rate(beta: 0.1, count: dimensions)
    covariance = Rate(beta: 0.03, count: dimensions * dimensions)
  }

  /// The update from `before` to `raw`, at the adapted rates; nil where Sigma would not be positive
  /// definite.
  mutating func apply(_ raw: After, _ before: Before) -> After? {
    let n = raw.mean.count
    let shift = zip(raw.mean, before.mean).map { $0 - $1 }
    let old = before.covariance.map { before.sigma * before.sigma * $0 }
    let change = zip(raw.covariance, old).map { raw.sigma * raw.sigma * $0 - $1 }
    let whitening = before.inverseRoot.map { $0 / before.sigma }
    let eta = mean.eta
    mean.update(CovarianceAdaptation.product(whitening, shift))
    covariance.update(
      Self.congruent(whitening, change, n).map { $0 / 2.0.squareRoot() })
    let sum = zip(old, change).map { $0 + covariance.eta * $1 }
    guard let eigen = SymmetricEigen(sum, count: n), eigen.values[0] > 0 else { return nil }
    // sigma and C by det C = 1.
    let sigma = exp(eigen.values.reduce(0) { $0 + log($1) } / 2 / Double(n))
    return After(
      mean: zip(before.mean, shift).map { $0 + mean.eta * $1 }, sigma: sigma * eta / mean.eta,
      covariance: sum.map { $0 / (sigma * sigma) })
  }

  /// W A W for symmetric W.
  private static func congruent(_ w: [Double], _ a: [Double], _ n: Int) -> [Double] {
    func times(_ x: [Double], _ y: [Double]) -> [Double] {
      var result = [Double](repeating: 0, count: n * n)
      for i in 0..<n {
        for k in 0..<n {
          let factor = x[i * n + k]
          for j in 0..<n { result[i * n + j] += factor * y[k * n + j] }
        }
      }
      return result
    }
    return times(times(w, a), w)
  }
}

internal import OuterloopNumerics

/// A deep kernel: the network's parameters and those of the Gaussian process on its features.
struct DeepKernel: Sendable {
  /// The network's, then the process's four.
  private(set) var parameters: [Double]
  let noiseFloor: Double
  /// Means and variances for normalisation outside training; nil where each row is normalised separately.
  private(set) var statistics: NetworkPrograms.Statistics?

  /// The momentum of the running statistics, as published.
  private static let momentum = 0.1

  init(_ network: KernelNetwork, _ weights: [Double], kernel: FeatureKernel) {
    precondition(weights.count == network.count)
    parameters = weights + kernel.parameters
    noiseFloor = kernel.noiseFloor
    statistics = network.norm == .batch ? NetworkPrograms.Statistics() : nil
  }

  var weights: [Double] { Array(parameters.dropLast(FeatureKernel.count)) }
  var kernel: FeatureKernel {
    FeatureKernel(Array(parameters.suffix(FeatureKernel.count)), noiseFloor: noiseFloor)
  }

  /// How a training ended.
  enum Ending: Sendable, Hashable {
    case finished
    /// The covariance was not positive definite to rounding, or the loss was NaN.
    case broken
  }

  /// Minimizes the negative log evidence per row, all rows at once, with Adam from its start.
  ///
  /// - Returns: how it ended, and the loss before each step.
  /// - Throws: `BLASError` if there is no linear algebra library.
  /// - Complexity: O(n^3 + n 128^2) a step for n rows.
  mutating func train(
    _ programs: NetworkPrograms, _ rows: NetworkRows, outputs: [Double], steps: Int, rate: Double
  ) throws -> (ending: Ending, losses: [Double]) {
    precondition(rows.count == outputs.count)
    let tensors = rows.tensors()
    let (n, width) = (rows.count, KernelNetwork.features)
    let padding = [Double](repeating: 0, count: (rows.paddedCount - n) * width)
    var adam = AdamSteps(count: parameters.count, rate: rate)
    var losses: [Double] = []
    for _ in 0..<steps {
      let weights = weights
      let (features, batch) = try programs.features(weights, tensors)
      follow(batch, rows: n)
      guard let loss = try kernel.loss(Array(features[..<(n * width)]), outputs),
        loss.value.isFinite
      else { return (.broken, losses) }
      losses.append(loss.value)
      let slopes = try programs.gradient(weights, tensors, cotangent: loss.features + padding)
      adam.step(&parameters, slopes + loss.parameters)
    }
    return (.finished, losses)
  }

  /// Running statistics move a tenth of the way to those of the rows, with the unbiased variance.
  private mutating func follow(_ batch: NetworkPrograms.Statistics?, rows: Int) {
    guard let batch, var known = statistics else { return }
    let correction = Double(rows) / Double(max(rows - 1, 1))
    for unit in known.mean.indices {
      known.mean[unit] += Self.momentum * (batch.mean[unit] - known.mean[unit])
      known.variance[unit] +=
        Self.momentum * (correction * batch.variance[unit] - known.variance[unit])
    }
    statistics = known
  }

  /// (rows, 128) by rows.
  func features(_ programs: NetworkPrograms, _ rows: NetworkRows) throws -> [Double] {
    guard rows.count > 0 else { return [] }
    let tensors = rows.tensors()
    let all =
      if let statistics {
        try programs.features(weights, tensors, statistics)
      } else {
        try programs.features(weights, tensors).features
      }
    return Array(all[..<(rows.count * KernelNetwork.features)])
  }
}

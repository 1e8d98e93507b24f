internal import OuterloopAutodiff
internal import OuterloopNumerics

/// The network of the deep kernel as programs, compiled once for each (padded) number of rows and
/// windows.
///
/// The gradient uses the derivative of the evidence with respect to the features, for which there is a
/// closed form (`FeatureKernel`), and pulls it back through the network: no program contains a
/// factorisation.
///
/// - Complexity: O(n (64 d + 68 * 128)) time a run for n rows of d numbers.
struct NetworkPrograms: Sendable {
  let network: KernelNetwork
  private let forward: Compiled<[Tensor], [Tensor]>
  private let backward: Compiled<[Tensor], [Tensor]>
  private let fixed: Compiled<[Tensor], [Tensor]>

  init(_ network: KernelNetwork) {
    self.network = network
    let weights = network.shapes.count
    forward = Compiled { all in
      let result = network.features(Array(all[..<weights]), Array(all[weights...]))
      return network.norm == .batch
        ? [result.features, result.mean, result.variance] : [result.features]
    }
    fixed = Compiled { all in
      let rows = Array(all[weights..<all.count - 2])
      let statistics = (all[all.count - 2], all[all.count - 1])
      return [network.features(Array(all[..<weights]), rows, statistics: statistics).features]
    }
    backward = Compiled { all in
      let rows = Array(all[weights..<all.count - 1])
      return try vjp(at: Array(all[..<weights]), cotangent: all[all.count - 1]) { weights in
        network.features(weights, rows).features
      }.cotangent
    }
  }

  /// The normalisation statistics of the units.
  struct Statistics: Sendable {
    var mean = [Double](repeating: 0, count: KernelNetwork.hidden)
    var variance = [Double](repeating: 1, count: KernelNetwork.hidden)
  }

  /// (padded rows, features) by rows, and the statistics of the rows where they are normalised together.
  func features(
    _ parameters: [Double], _ rows: [Tensor]
  ) throws -> (features: [Double], statistics: Statistics?) {
    let results = try forward(network.tensors(parameters) + rows).map {
      try $0.scalars(Double.self)
    }
    return (
      results[0], results.count > 1 ? Statistics(mean: results[1], variance: results[2]) : nil
    )
  }

  /// The same with given statistics.
  func features(
    _ parameters: [Double], _ rows: [Tensor], _ statistics: Statistics
  ) throws -> [Double] {
    let mean = Tensor(statistics.mean, shape: [KernelNetwork.hidden], dtype: .float64)
    let variance = Tensor(statistics.variance, shape: [KernelNetwork.hidden], dtype: .float64)
    return try fixed(network.tensors(parameters) + rows + [mean, variance])[0].scalars(Double.self)
  }

  /// sum_ij cotangent_ij dz_ij / dparameters.
  func gradient(
    _ parameters: [Double], _ rows: [Tensor], cotangent: [Double]
  ) throws -> [Double] {
    let shape = [rows[0].shape[0], KernelNetwork.features]
    let all =
      network.tensors(parameters) + rows + [Tensor(cotangent, shape: shape, dtype: .float64)]
    return try backward(all).flatMap { try $0.scalars(Double.self) }
  }
}

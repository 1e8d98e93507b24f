internal import OuterloopAutodiff
internal import OuterloopNumerics
internal import OuterloopStudy

/// FT-PFN's prior over learning curves as a generator of test problems (Rakotoarison et al. 2024, ifBO):
/// any number, without files, reproducible by seed.
///
/// A random network maps each configuration to 23 numbers; each is made uniform by the distribution
/// function of the network's outputs, and determines a parameter of the configuration's curve. The
/// authors' table of that distribution is not used: it is sampled here, over random networks and
/// points. All 23 outputs have the same distribution, since their weights do.
public struct CurvePrior: Sendable {
  /// Sampled outputs of random networks, ascending.
  private let marginal: [Float]

  /// - Parameter networks: how many random networks are sampled, at 8 points each.
  /// - Complexity: O(networks layers width^2); about half a second for 200.
  public init(networks: Int = 200) throws {
    var sample: [Float] = []
    for index in 0..<Swift.max(networks, 1) {
      let key = RandomKey(seed: 0, purpose: "curve-prior-marginal", index: UInt64(index))
      let keys = key.split(4)
      let inputs = 1 + Int(keys[0].uniform() * 10)
      let network = PriorNetwork(inputs: inputs, key: keys[1])
      sample += try network(keys[2].uniform([8, inputs]), key: keys[3])
    }
    marginal = sample.sorted()
  }

  /// The share of sampled outputs below `output`, inside (0, 1).
  func uniform(_ output: Float) -> Double {
    var (low, high) = (0, marginal.count)
    while low < high {
      let middle = (low + high) / 2
      if marginal[middle] < output { low = middle + 1 } else { high = middle }
    }
    return (Double(low) + 0.5) / Double(marginal.count + 1)
  }

  /// A problem of 1 to 10 parameters in [0, 1], whose curves are scores between 0 and 1 to be maximized.
  public func problem(seed: UInt64, epochs: Int = 50) throws -> PriorProblem {
    try PriorProblem(self, seed: seed, epochs: epochs)
  }

  /// Random configurations of a problem and their curves.
  ///
  /// - Complexity: O(candidates (layers width^2 + epochs)).
  public func table(seed: UInt64, candidates: Int = 1_000, epochs: Int = 50) throws -> CurveTable {
    try problem(seed: seed, epochs: epochs).table("prior-\(seed)", candidates)
  }
}

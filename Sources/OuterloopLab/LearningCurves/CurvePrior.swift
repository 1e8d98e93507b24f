internal import OuterloopAutodiff
internal import OuterloopNumerics
internal import OuterloopStudy

/// FT-PFN's prior over learning curves as a generator of test problems (Rakotoarison et al. 2024, ifBO):
/// as many as wanted, without any file, and the same for the same seed.
///
/// A random network turns each configuration into 23 numbers; each is made uniform by the distribution
/// function of the network's outputs, and becomes a quantity of the configuration's curve. The authors'
/// table of that distribution is not used: it is sampled here, over random networks and points. All 23
/// outputs have the same distribution, since their weights have.
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

  /// A problem: random configurations of 1 to 10 parameters in [0, 1] and their curves, a score between
  /// 0 and 1 to be maximized.
  ///
  /// - Complexity: O(candidates (layers width^2 + epochs)).
  public func table(seed: UInt64, candidates: Int = 1_000, epochs: Int = 50) throws -> CurveTable {
    try LabError.require(candidates >= 1, "configurations", candidates, "at least 1")
    try LabError.require(epochs >= 1, "epochs", epochs, "at least 1")
    let keys = RandomKey(seed: seed, purpose: "curve-prior").split(6)
    let draws = keys[0].split(4).map { $0.uniform() }
    let inputs = 1 + Int(draws[0] * 10)
    let (low, high) = (Swift.min(draws[1], draws[2]), Swift.max(draws[1], draws[2]))
    let ceiling = draws[3] < 0.25 ? high : 1
    let points = keys[1].uniform([candidates, inputs], dtype: .float64)
    let outputs = try PriorNetwork(inputs: inputs, key: keys[2])(points, key: keys[3])
    let noise = try keys[4].normal([candidates, epochs], dtype: .float64).scalars(Double.self)
    let coordinates = try points.scalars(Double.self)
    var space = SearchSpace()
    for index in 0..<inputs {
      try space.add(ParameterDeclaration("x\(index + 1)", .float(try NumericRange(0, 1))))
    }
    return try CurveTable(
      name: "prior-\(seed)", space: space, objective: .maximize(CurveTable.score),
      candidates: try (0..<candidates).map { row in
        let assignment = space.assignment { index, _ in .float(coordinates[row * inputs + index]) }
        guard let assignment else { throw LabError(.data, "a candidate is missing", remedy: "") }
        let own = outputs[row * PriorNetwork.outputs..<(row + 1) * PriorNetwork.outputs]
        let curve = PriorCurve(own.map(uniform), start: low, ceiling: ceiling)
        return CurveTable.Candidate(
          id: row, assignment: assignment,
          values: (1...epochs).map { epoch in
            let mean = curve.mean(at: Double(epoch) / Double(epochs))
            let value = mean + curve.noise * noise[row * epochs + epoch - 1]
            return Swift.min(Swift.max(value, 0), 1)
          })
      })
  }
}

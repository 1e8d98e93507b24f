internal import OuterloopAutodiff
internal import OuterloopNumerics
public import OuterloopStudy

/// A problem drawn from FT-PFN's prior (`CurvePrior`): a curve for every configuration.
public struct PriorProblem: CurveProblem {
  public let seed: UInt64
  public let space: SearchSpace
  public let objective = Objective.maximize(CurveTable.score)
  public let epochs: Int
  private let prior: CurvePrior
  private let network: PriorNetwork
  private let inputs: Int
  /// The value before training, and the largest asymptote.
  private let low, ceiling: Double
  /// The keys for the points of a table, the network's noise and the noise of curves.
  private let pointKey, outputKey, noiseKey: RandomKey

  init(_ prior: CurvePrior, seed: UInt64, epochs: Int) throws {
    try LabError.require(epochs >= 1, "epochs", epochs, "at least 1")
    let keys = RandomKey(seed: seed, purpose: "curve-prior").split(6)
    let draws = keys[0].split(4).map { $0.uniform() }
    inputs = 1 + Int(draws[0] * 10)
    let (low, high) = (Swift.min(draws[1], draws[2]), Swift.max(draws[1], draws[2]))
    (self.low, ceiling) = (low, draws[3] < 0.25 ? high : 1)
    (self.prior, self.seed, self.epochs) = (prior, seed, epochs)
    network = PriorNetwork(inputs: inputs, key: keys[2])
    (pointKey, outputKey, noiseKey) = (keys[1], keys[3], keys[4])
    space = try .unitCube(inputs)
  }

  /// `open-prior-3`: prior-3 with its entire space.
  public var name: String { "open-prior-\(seed)" }

  /// The same configuration has the same noise at every call.
  public func candidate(_ number: Int, of assignment: Assignment) throws -> CurveTable.Candidate {
    let x = assignment.values.map { $0?.number ?? 0 }
    var word = Fingerprint()
    for value in x { word.add(value.bitPattern) }
    let key = RandomKey(seed: seed, purpose: "open-curve-prior", index: word.value).split(2)
    return try candidates(
      [assignment], Tensor(x, shape: [1, inputs]), outputKey: key[0], noiseKey: key[1], from: number
    )[0]
  }

  public func sample(_ count: Int) throws -> CurveTable { try table(name, count) }

  func table(_ name: String, _ count: Int) throws -> CurveTable {
    try LabError.require(count >= 1, "configurations", count, "at least 1")
    let points = pointKey.uniform([count, inputs], dtype: .float64)
    let assignments = try space.assignments(at: points.scalars(Double.self))
    return try CurveTable(
      name: name, space: space, objective: objective,
      candidates: try candidates(assignments, points, outputKey: outputKey, noiseKey: noiseKey))
  }

  private func candidates(
    _ assignments: [Assignment], _ points: Tensor, outputKey: RandomKey, noiseKey: RandomKey,
    from first: Int = 0
  ) throws -> [CurveTable.Candidate] {
    let outputs = try network(points, key: outputKey)
    let noise = try noiseKey.normal([assignments.count, epochs], dtype: .float64).scalars(
      Double.self)
    return assignments.enumerated().map { row, assignment in
      let own = outputs[row * PriorNetwork.outputs..<(row + 1) * PriorNetwork.outputs]
      let curve = PriorCurve(own.map(prior.uniform), start: low, ceiling: ceiling)
      return CurveTable.Candidate(
        id: first + row, assignment: assignment,
        values: (1...epochs).map { epoch in
          let mean = curve.mean(at: Double(epoch) / Double(epochs))
          let value = mean + curve.noise * noise[row * epochs + epoch - 1]
          return Swift.min(Swift.max(value, 0), 1)
        })
    }
  }
}

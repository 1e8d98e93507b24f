public import OuterloopStudy

/// Recorded learning curves of finitely many configurations: a study that was run in full, for replay
/// under any search method.
public struct CurveTable: Sendable {
  /// A configuration and the curve that was recorded for it. Two candidates may have equal configurations.
  public struct Candidate: Sendable {
    public var id: Int
    public var assignment: Assignment
    /// The metric before any training, where it was recorded.
    public var untrained: Double?
    /// The metric after epoch 1, 2, ...; NaN where training had diverged. Lengths differ.
    public var values: [Double]
    /// The duration of an epoch on the simulated clock.
    public var epochCost: Double

    public init(
      id: Int, assignment: Assignment, untrained: Double? = nil, values: [Double],
      epochCost: Double = 1
    ) {
      self.id = id
      self.assignment = assignment
      self.untrained = untrained
      self.values = values
      self.epochCost = epochCost
    }
  }

  public let name: String
  public let space: SearchSpace
  public let objective: Objective
  public let candidates: [Candidate]
  /// The length of the longest curve.
  public let epochs: Int

  /// - Throws: `LabError` if there is no candidate, or one without values or with a cost that is not
  ///   positive.
  public init(
    name: String, space: SearchSpace, objective: Objective, candidates: [Candidate]
  ) throws {
    guard !candidates.isEmpty else {
      throw LabError(.data, "\(name): there is no learning curve", remedy: "use another task")
    }
    for candidate in candidates {
      guard !candidate.values.isEmpty else {
        throw LabError(
          .data, "\(name): the curve of candidate \(candidate.id) has no values",
          remedy: "remove it, or use another task")
      }
      guard candidate.epochCost > 0, candidate.epochCost.isFinite else {
        throw LabError(
          .data, "\(name): an epoch of candidate \(candidate.id) costs \(candidate.epochCost)",
          remedy: "make it positive")
      }
    }
    self.name = name
    self.space = space
    self.objective = objective
    self.candidates = candidates
    epochs = candidates.reduce(0) { Swift.max($0, $1.values.count) }
  }

  /// The table of only the first `count` candidates.
  public func prefix(_ count: Int) throws -> CurveTable {
    try CurveTable(
      name: name, space: space, objective: objective, candidates: Array(candidates.prefix(count)))
  }
}

extension CurveTable {
  /// The metric of a normalized table.
  public static let score = "score"

  /// The same curves as scores to be maximized,
  ///
  ///     y = (m - min(loss, m)) / |m|,
  ///
  /// m being the median over candidates of the first loss: the one before any training where it was
  /// recorded, otherwise that after epoch 1. Losses worse than m, and NaN, score 0; a loss of 0 scores 1.
  /// Only m is taken from the table, so scores reveal nothing about its best value. (TaskSet as in
  /// Rakotoarison et al. 2024, ifBO.)
  ///
  /// - Complexity: O(values).
  public func normalized() throws -> CurveTable {
    let firsts = candidates.map { objective.loss($0.untrained ?? $0.values[0]) }
    let median = Repetitions(values: firsts.filter(\.isFinite)).median
    guard median.isFinite else {
      throw LabError(
        .data, "\(name): no curve begins with a finite value", remedy: "use another task")
    }
    let scale = median == 0 ? 1 : abs(median)
    func score(_ value: Double) -> Double {
      let loss = objective.loss(value)
      return loss < median ? (median - loss) / scale : 0
    }
    return try CurveTable(
      name: name, space: space, objective: .maximize(Self.score),
      candidates: candidates.map { candidate in
        var scored = candidate
        scored.untrained = candidate.untrained.map(score)
        scored.values = candidate.values.map(score)
        return scored
      })
  }
}

extension Fingerprint {
  /// Names, configurations and values of a table.
  mutating func add(_ table: CurveTable) {
    add(table.name)
    add(table.objective.metric)
    add(table.objective.direction.rawValue)
    for candidate in table.candidates {
      add(candidate.assignment.description)
      add(candidate.epochCost.bitPattern)
      candidate.values.withUnsafeBytes { add($0) }
    }
  }
}

internal import OuterloopNumerics
public import OuterloopStudy

/// Candidates of a table in uniformly random order: random search restricted to a table. (A random point
/// of the space, replaced by the nearest candidate, prefers isolated candidates.)
public struct TableSampler: Sampler {
  private let assignments: [Assignment]

  /// - Complexity: O(candidates).
  public init(_ table: CurveTable, seed: UInt64) {
    let order = RandomKey(seed: seed, purpose: "table-sampler").permutation(table.candidates.count)
    assignments = order.map { table.candidates[$0].assignment }
  }

  public mutating func observe(_ event: Event, in history: History) {}

  public mutating func suggest(_ number: Int, in history: History) throws -> Assignment? {
    assignments.indices.contains(number) ? assignments[number] : nil
  }
}

extension ExpressibleBySampler {
  /// The candidates of `table` in random order.
  public static func candidates(of table: CurveTable) -> Self {
    Self(ComponentDescription("candidates")) { TableSampler(table, seed: $0.seed) }
  }
}

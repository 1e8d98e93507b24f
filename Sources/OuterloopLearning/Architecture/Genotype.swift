public import OuterloopNumerics

/// A discrete cell: for each node the nodes it reads and the operation on the way.
///
/// Nodes are counted with the cell's inputs first: with two inputs the first inner node is 2.
public struct Genotype: Sendable, Hashable, Codable {
  /// An edge into a node.
  public struct Edge: Sendable, Hashable, Codable {
    /// The node it comes from.
    public var source: Int
    /// What is done on the way.
    public var operation: CandidateOperation

    /// An edge from a node through an operation.
    public init(source: Int, operation: CandidateOperation) {
      self.source = source
      self.operation = operation
    }
  }
  /// The number of inputs of the cell.
  public var inputs: Int
  /// The incoming edges of each inner node, by source.
  public var nodes: [[Edge]]

  /// A cell of so many inputs, with the edges into each inner node.
  public init(inputs: Int, nodes: [[Edge]]) {
    self.inputs = inputs
    self.nodes = nodes
  }

  /// The discrete cell nearest to relaxed weights (Liu et al. 2019, sec. 2.4): each node keeps the
  /// `incoming` edges whose largest weight of an operation other than `none` is largest, and on each
  /// of them that operation. Ties go to the first edge or operation.
  ///
  /// `none` competes in the weights (it takes from the others) but is never chosen.
  ///
  /// - Parameters:
  ///   - weights: (edges, candidates), the relaxed choices, not the logits: logits of different
  ///     edges cannot be compared. Edges come node by node, each from source 0 on.
  ///   - incoming: edges kept for a node; a node with fewer sources keeps them all.
  /// - Throws: `TensorError` for weights of another shape or not finite, or no operation but `none`.
  public init(
    weights: Tensor, candidates: [CandidateOperation], inputs: Int = 2, nodes: Int,
    incoming: Int = 2
  ) throws {
    guard candidates.contains(where: { $0 != CandidateOperation.none }) else {
      throw TensorError("there is no operation but none to choose from", remedy: "add one")
    }
    let count = Self.edgeCount(inputs: inputs, nodes: nodes)
    if let error = weights.error { throw error }
    guard inputs >= 1, nodes >= 1, incoming >= 1, weights.shape == [count, candidates.count] else {
      throw TensorError(
        "weights \(weights.type) for \(inputs) inputs, \(nodes) nodes with \(incoming) incoming "
          + "edges and \(candidates.count) operations: (\(count), \(candidates.count)) is needed")
    }
    let values = try weights.doubles()
    guard values.allSatisfy(\.isFinite) else {
      throw TensorError(
        "the weights of the architecture are not finite", remedy: "lower the outer rate")
    }
    var edge = 0
    self.inputs = inputs
    self.nodes = (0..<nodes).map { node in
      let sources = (0..<(inputs + node)).map { source in
        defer { edge += 1 }
        let row = values[(edge * candidates.count)..<((edge + 1) * candidates.count)]
        return Self.best(Array(row), candidates, source)
      }
      // A stable order: larger weights first, ties by the earlier source.
      let kept = sources.sorted { ($1.weight, $0.edge.source) < ($0.weight, $1.edge.source) }
        .prefix(incoming)
      return kept.map(\.edge).sorted { $0.source < $1.source }
    }
  }

  /// The number of edges of a cell in which every node reads all before it.
  ///
  /// nodes inputs + nodes (nodes - 1) / 2; `.max` beyond any `Int`, 0 for negative numbers.
  public static func edgeCount(inputs: Int, nodes: Int) -> Int {
    guard inputs >= 0, nodes > 0 else { return 0 }
    let edges = Double(nodes) * (Double(inputs) + Double(nodes - 1) / 2)
    return edges < 0x1p62
      ? nodes * inputs + (nodes % 2 == 0 ? nodes / 2 * (nodes - 1) : (nodes - 1) / 2 * nodes) : .max
  }

  /// The strongest operation of an edge, `none` left out; the first of ties.
  private static func best(
    _ row: [Double], _ candidates: [CandidateOperation], _ source: Int
  ) -> (edge: Edge, weight: Double) {
    var best: (operation: CandidateOperation, weight: Double)?
    for (operation, weight) in zip(candidates, row)
    where operation != CandidateOperation.none && weight > best?.weight ?? -.infinity {
      best = (operation, weight)
    }
    return (
      Edge(source: source, operation: best?.operation ?? CandidateOperation.none),
      best?.weight ?? -.infinity
    )
  }
}

extension Genotype: CustomStringConvertible {
  /// One line per node: `node 2: skip(0) + maxPool3x3(1)`.
  public var description: String {
    nodes.enumerated().map { index, edges in
      "node \(inputs &+ index): "
        + edges.map { "\($0.operation)(\($0.source))" }.joined(separator: " + ")
    }.joined(separator: "\n")
  }
}

public import OuterloopAutodiff
public import OuterloopNumerics

/// A cell whose architecture is searched for by gradient (DARTS, Liu et al. 2019): inputs, then
/// nodes that each sum a mixed operation of everything before them; the result concatenates the
/// nodes along the channels.
///
///     x_j = sum_{i < j} sum_o s_(i,j),o  o(x_i)
///
/// The cell holds the filters; the relaxed choices come from outside:
///
///     let weights = SimplexRelaxation()(logits)         // logits: cell.startingLogits(key:)
///     let y = cell([a, b], weights: weights)            // while searching
///     let found = try cell.genotype(weights: weights)   // afterwards
///     let z = cell([a, b], genotype: found)             // the discrete cell, same filters
///
/// Time and memory: edges times candidates operations while searching, at most two a node after.
public struct ArchitectureCell: Structure {
  /// The operations to choose from on each edge.
  public let candidates: [CandidateOperation]
  /// Inner nodes.
  public let nodes: Int
  /// Whether edges from the inputs have stride 2 (a reduction cell).
  public let reduces: Bool
  /// 1x1 convolutions (1, 1, input channels, channels) that bring the inputs to one width.
  public var entries: [Tensor]
  /// The edges node by node, each from source 0 on.
  public var edges: [MixedOperation]

  /// - Parameter inputChannels: the channels of each input of the cell.
  /// - Throws: `TensorError` for sizes that are not positive.
  public init(
    _ candidates: [CandidateOperation], inputChannels: [Int], channels: Int, nodes: Int,
    reduces: Bool = false, key: RandomKey, dtype: DType = .float32
  ) throws {
    guard !inputChannels.isEmpty, inputChannels.allSatisfy({ $0 > 0 }), channels > 0, nodes > 0,
      !candidates.isEmpty
    else {
      throw TensorError(
        "a cell of \(nodes) nodes with \(channels) channels, \(candidates.count) operations "
          + "and inputs of \(inputChannels) channels", remedy: "all must be positive")
    }
    guard Genotype.edgeCount(inputs: inputChannels.count, nodes: nodes) <= 1 << 20 else {
      throw TensorError("a cell of \(nodes) nodes has more than a million edges")
    }
    self.candidates = candidates
    self.nodes = nodes
    self.reduces = reduces
    let keys = key.split(2)
    entries = zip(inputChannels, keys[0].split(inputChannels.count)).map {
      Initializer.he([1, 1, $0, channels], fanIn: $0, key: $1, dtype: dtype)
    }
    let inputs = inputChannels.count
    var edgeKeys = keys[1].split(Genotype.edgeCount(inputs: inputs, nodes: nodes))[...]
    edges = (0..<nodes).flatMap { node in
      (0..<(inputs + node)).map { source in
        MixedOperation(
          candidates, channels: channels, stride: reduces && source < inputs ? 2 : 1,
          key: edgeKeys.removeFirst(), dtype: dtype)
      }
    }
  }

  /// Logits (edges, candidates) to start from: normal with standard deviation 1e-3. The paper uses
  /// zeros, its code these draws, and so do we: with zeros, ties would be broken by the order of
  /// operations.
  public func startingLogits(key: RandomKey, dtype: DType = .float32) -> Tensor {
    key.normal([edges.count, candidates.count], dtype: dtype) * 1e-3
  }

  /// The relaxed cell: inputs (n, h, w, channels of each), weights (edges, candidates)
  /// -> (n, h', w', nodes * channels).
  public func callAsFunction(_ inputs: [Tensor], weights: Tensor) -> Tensor {
    guard weights.shape == [edges.count, candidates.count] else {
      return Tensor(
        invalid: "architecture weights \(weights.type): "
          + "(\(edges.count), \(candidates.count)) is needed", operands: weights)
    }
    return outputs(inputs) { edge, _, _, x in edges[edge](x, weights: weights.example(edge)) }
  }

  /// The discrete cell: only what the genotype names is computed, with the same filters.
  public func callAsFunction(_ inputs: [Tensor], genotype: Genotype) -> Tensor {
    guard genotype.inputs == entries.count, genotype.nodes.count == nodes else {
      return Tensor(invalid: "a genotype of \(genotype.nodes.count) nodes in a cell of \(nodes)")
    }
    return outputs(inputs) { edge, node, source, x in
      let chosen = genotype.nodes[node].first { $0.source == source }
      guard let chosen else { return nil }
      guard let index = candidates.firstIndex(of: chosen.operation) else {
        return Tensor(invalid: "\(chosen.operation) is not among the operations \(candidates)")
      }
      return edges[edge](x, only: index)
    }
  }

  /// The discrete cell nearest to relaxed weights.
  /// - Throws: as `Genotype.init`.
  public func genotype(weights: Tensor) throws -> Genotype {
    try Genotype(
      weights: weights, candidates: candidates, inputs: entries.count, nodes: nodes)
  }

  /// The concatenated nodes; `edge` gives the value of an edge, nil where there is none.
  private func outputs(
    _ inputs: [Tensor],
    _ edge: (_ edge: Int, _ node: Int, _ source: Int, _ x: Tensor) -> Tensor?
  ) -> Tensor {
    if let broken = inputs.first(where: { $0.error != nil }) { return broken }
    guard inputs.count == entries.count, !entries.isEmpty else {
      return Tensor(invalid: "\(inputs.count) inputs to a cell that has \(entries.count)")
    }
    guard edges.count == Genotype.edgeCount(inputs: entries.count, nodes: nodes) else {
      return Tensor(invalid: "a cell of \(nodes) nodes with \(edges.count) edges")
    }
    var states = zip(inputs, entries).map {
      CandidateOperation.normalised(convolution(relu($0), $1))
    }
    var index = 0
    for node in 0..<nodes {
      var sum: Tensor?
      for source in states.indices {
        if let term = edge(index, node, source, states[source]) {
          sum = sum.map { $0 + term } ?? term
        }
        index += 1
      }
      states.append(
        sum ?? CandidateOperation.none(states[0], stride: reduces ? 2 : 1))
    }
    return concatenate(Array(states[entries.count...]), axis: 3)
  }

  public mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
    try entries.visit(path + ".entries", body)
    try edges.visit(path + ".edges", body)
  }
}

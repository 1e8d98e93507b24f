internal import OuterloopAutodiff
internal import OuterloopLearning
internal import OuterloopNumerics

/// A cell of candidate operations between a convolution and a linear classifier of its means.
struct CellNetwork: Structure {
  /// (3, 3, 1, channels)
  var stem: Tensor
  var cell: ArchitectureCell
  var last: Dense

  static let candidates: [CandidateOperation] = [
    .none, .skip, .averagePool(3), .maxPool(3), .convolution(3),
  ]
  static let operationNames = ["none", "skip", "mean", "max", "conv"]

  init(channels: Int, nodes: Int, classes: Int, key: RandomKey) throws {
    let keys = key.split(3)
    stem = Initializer.he([3, 3, 1, channels], fanIn: 9, key: keys[0])
    cell = try ArchitectureCell(
      Self.candidates, inputChannels: [channels], channels: channels, nodes: nodes, key: keys[1])
    last = Dense(channels * nodes, classes, key: keys[2])
  }

  /// Logits of pictures (n, h, w, 1), with weights (edges, candidates) of the operations.
  func callAsFunction(_ x: Tensor, weights: Tensor) -> Tensor {
    classified(cell([stemmed(x)], weights: weights))
  }

  /// The same with a discrete cell.
  func callAsFunction(_ x: Tensor, genotype: Genotype) -> Tensor {
    classified(cell([stemmed(x)], genotype: genotype))
  }

  private func stemmed(_ x: Tensor) -> Tensor {
    averagePool(convolution(x, stem, padding: .same), window: [2, 2])
  }

  private func classified(_ y: Tensor) -> Tensor { last(y.mean(axes: [1, 2])) }

  mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
    try stem.visit(path + ".stem", body)
    try cell.visit(path + ".cell", body)
    try last.visit(path + ".last", body)
  }
}

internal import OuterloopNumerics

extension Graph {
  /// The graph with some nodes replaced.
  ///
  /// - Parameter replacement: for a node by its number, the node of the new graph that replaces it, or nil;
  ///   the third argument has the new graph's node for each one before.
  func rewritten(
    _ replacement: (Int, inout Graph, [Int]) throws(TensorError) -> Int?
  ) throws(TensorError) -> Graph {
    var result = Graph()
    var place = [Int](repeating: -1, count: nodes.count)
    for input in inputs { place[input] = result.input(nodes[input].type) }
    for (index, node) in nodes.enumerated() where place[index] < 0 {
      if let replaced = try replacement(index, &result, place) {
        place[index] = replaced
      } else if case .constant(let constant) = node.operation {
        place[index] = try result.constant(constants[constant.number])
      } else {
        place[index] = try result.emit(node.operation, node.operands.map { place[$0] })
      }
    }
    result.outputs = outputs.map { place[$0] }
    return result.pruned()
  }
}

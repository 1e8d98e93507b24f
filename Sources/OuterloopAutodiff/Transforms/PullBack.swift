internal import OuterloopNumerics

extension Trace {
  /// Cotangents of `sources` for given cotangents of `outputs`: linearize (push free tangents
  /// forward), then transpose the linear nodes that this made, last to first. The free tangents
  /// never enter the result. Nil is zero.
  /// - Complexity: O(nodes between them).
  func pullBack(_ outputs: [Int], to sources: [Int], cotangents: [Tensor?]) -> [Tensor?] {
    let free = sources.map { placeholder(graph.nodes[$0].type) }
    let mark = graph.nodes.count - free.count
    let tangents = pushForward(outputs, from: sources, tangents: free)

    var cotangent: [Int: Tensor] = [:]
    var roots: [Int] = []
    func accumulate(_ node: Int, _ value: Tensor) {
      if let old = cotangent[node] {
        cotangent[node] = old + value
      } else {
        cotangent[node] = value
      }
    }
    for (tangent, given) in zip(tangents, cotangents) {
      guard let tangent, let given else { continue }
      if let error = tangent.error ?? given.error {
        return sources.map { _ in Tensor(type: TensorType([]), content: .invalid(error)) }
      }
      guard let node = try? node(of: tangent) else { continue }
      roots.append(node)
      accumulate(node, given)
    }

    let leaves = (mark..<(mark + free.count))
    let linear = nodes(between: Array(leaves), and: roots)
    let isLinear = Set(linear)
    for index in linear.reversed() where !leaves.contains(index) {
      guard let ct = cotangent.removeValue(forKey: index) else { continue }
      let node = graph.nodes[index]
      let marks = node.operands.map(isLinear.contains)
      let parts = node.operation.primitive.transpose(
        ct, node.operands.map(tensor), linear: marks)
      for (operand, part) in zip(node.operands, parts) where isLinear.contains(operand) {
        if let part { accumulate(operand, part) }
      }
    }
    return leaves.map { cotangent[$0] }
  }
}

internal import OuterloopNumerics

extension Trace {
  /// Tangents of `outputs` for given tangents of `sources`: the forward sweep over the part of the
  /// graph between them. Nil is zero.
  /// - Complexity: O(nodes between them).
  func pushForward(_ outputs: [Int], from sources: [Int], tangents: [Tensor?]) -> [Tensor?] {
    guard let last = outputs.max() else { return [] }
    let path = nodes(between: sources, and: outputs)
    var tangent = [Tensor?](repeating: nil, count: last + 1)
    for (source, value) in zip(sources, tangents) where source <= last { tangent[source] = value }
    let isSource = Set(sources)
    for index in path where !isSource.contains(index) {
      let node = graph.nodes[index]
      let moving = node.operands.map { tangent[$0] }
      guard moving.contains(where: { $0 != nil }) else { continue }
      tangent[index] = node.operation.primitive.tangent(
        node.operands.map(tensor), tensor(index), moving)
    }
    return outputs.map { tangent[$0] }
  }

  /// Nodes that depend on a source and that an output depends on, ascending, sources included.
  func nodes(between sources: [Int], and outputs: [Int]) -> [Int] {
    guard let first = sources.min(), let last = outputs.max(), first <= last else { return [] }
    var depends = [Bool](repeating: false, count: last - first + 1)
    for source in sources where source <= last { depends[source - first] = true }
    for index in first...last where !depends[index - first] {
      depends[index - first] = graph.nodes[index].operands.contains {
        $0 >= first && depends[$0 - first]
      }
    }
    var needed = [Bool](repeating: false, count: last - first + 1)
    for output in outputs where output >= first { needed[output - first] = true }
    for index in (first...last).reversed() where needed[index - first] {
      for operand in graph.nodes[index].operands where operand >= first {
        needed[operand - first] = true
      }
    }
    return (first...last).filter { depends[$0 - first] && needed[$0 - first] }
  }

  /// Cotangents of `sources` for given cotangents of `outputs`: linearize (push free tangents
  /// forward), then transpose the linear nodes created by that, last to first. The free tangents
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

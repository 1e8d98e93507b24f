package import OuterloopNumerics

/// A typed graph in a flat arena: nodes in topological order, referred to by index.
package struct Graph: Sendable {
  package struct Node: Sendable {
    package var operation: Operation
    package var operands: [Int]
    package var type: TensorType
  }

  package internal(set) var nodes: [Node] = []
  /// Node of each input, in order.
  package internal(set) var inputs: [Int] = []
  package internal(set) var outputs: [Int] = []
  /// Values of the constant nodes.
  package internal(set) var constants: [Tensor] = []

  private struct Key: Hashable {
    var operation: Operation
    var operands: [Int]
  }
  private var known: [Key: Int] = [:]

  package init() {}

  /// Adds a node, or finds an equal one: equal expressions are one node from the start.
  /// - Complexity: O(1) expected.
  package mutating func emit(
    _ operation: Operation, _ operands: [Int]
  ) throws(TensorError) -> Int {
    // Checked first: rewrites assume that the types fit, and would accept x + 0 with a 0 of another
    // shape.
    let type = try operation.primitive.type(of: operands.map { nodes[$0].type })
    if let flaw = type.flaw {
      throw TensorError("\(operation.primitive.label) would give \(type): \(flaw)")
    }
    let (operation, operands) = canonical(operation, operands)
    if let simpler = try simplify(operation, operands) { return simpler }
    return try insert(operation, operands)
  }

  /// Adds a node unchanged.
  mutating func insert(_ operation: Operation, _ operands: [Int]) throws(TensorError) -> Int {
    let key = Key(operation: operation, operands: operands)
    if let node = known[key] { return node }
    let type = try operation.primitive.type(of: operands.map { nodes[$0].type })
    nodes.append(Node(operation: operation, operands: operands, type: type))
    known[key] = nodes.count - 1
    return nodes.count - 1
  }

  /// Adds an input with the next number.
  package mutating func input(_ type: TensorType) -> Int {
    let node = unique(.input(Input(number: inputs.count, type: type)), [], type)
    inputs.append(node)
    return node
  }

  /// Adds a node that equals no other: an input, or an alias that marks where to differentiate.
  mutating func unique(_ operation: Operation, _ operands: [Int], _ type: TensorType) -> Int {
    nodes.append(Node(operation: operation, operands: operands, type: type))
    return nodes.count - 1
  }

  /// Adds a constant; a tensor that is the same number everywhere takes no memory.
  package mutating func constant(_ tensor: Tensor) throws(TensorError) -> Int {
    switch tensor.content {
    case .splat(let value), .number(let value):
      return try emit(.fill(Fill(value, tensor.type)), [])
    default: break
    }
    if tensor.count == 1, tensor.dtype.isFloating, let value = try? tensor.item() {
      return try emit(.fill(Fill(value, tensor.type)), [])
    }
    guard case .values(let storage) = tensor.content else {
      throw tensor.error ?? TensorError("a tensor without values cannot be a constant")
    }
    // The same memory is the same constant.
    for (index, other) in constants.enumerated() where other.type == tensor.type {
      if case .values(let otherStorage) = other.content, otherStorage === storage {
        return try insert(.constant(Constant(number: index, type: tensor.type)), [])
      }
    }
    constants.append(tensor)
    return try insert(.constant(Constant(number: constants.count - 1, type: tensor.type)), [])
  }
}

extension Graph {
  /// The graph that computes `outputs` from `inputs` only: without dead nodes and aliases,
  /// simplified again (removing aliases may make expressions equal).
  /// - Throws: if an output depends on an input that is not listed.
  package func extracted(inputs sources: [Int], outputs targets: [Int]) throws(TensorError) -> Graph
  {
    var needed = [Bool](repeating: false, count: nodes.count)
    let isSource = Set(sources)
    for target in targets { needed[target] = true }
    for node in nodes.indices.reversed() where needed[node] && !isSource.contains(node) {
      for operand in nodes[node].operands { needed[operand] = true }
    }
    var result = Graph()
    var place = [Int](repeating: -1, count: nodes.count)
    for source in sources { place[source] = result.input(nodes[source].type) }
    for index in nodes.indices where needed[index] && place[index] < 0 {
      let node = nodes[index]
      let operands = node.operands.map { place[$0] }
      switch node.operation {
      case .alias, .input, .stopGradient:
        guard let operand = operands.first else {
          throw TensorError(
            "the function uses a traced tensor of an enclosing function",
            remedy: "pass it as an argument")
        }
        place[index] = operand
      case .constant(let constant): place[index] = try result.constant(constants[constant.number])
      default: place[index] = try result.emit(node.operation, operands)
      }
    }
    result.outputs = targets.map { place[$0] }
    // Simplification may have left unused nodes.
    return result.pruned()
  }

  /// Without nodes that no output needs (inputs stay).
  func pruned() -> Graph {
    var needed = [Bool](repeating: false, count: nodes.count)
    for node in outputs + inputs { needed[node] = true }
    for node in nodes.indices.reversed() where needed[node] {
      for operand in nodes[node].operands { needed[operand] = true }
    }
    var result = Graph()
    result.constants = constants
    var place = [Int](repeating: -1, count: nodes.count)
    for index in nodes.indices where needed[index] {
      var node = nodes[index]
      node.operands = node.operands.map { place[$0] }
      result.nodes.append(node)
      place[index] = result.nodes.count - 1
    }
    result.inputs = inputs.map { place[$0] }
    result.outputs = outputs.map { place[$0] }
    for (index, node) in result.nodes.enumerated() {
      if case .input = node.operation { continue }
      result.known[Key(operation: node.operation, operands: node.operands)] = index
    }
    return result
  }

  /// Checks that the graph is well formed: operands come first, types follow the rules.
  package func verify() throws(TensorError) {
    for (index, node) in nodes.enumerated() {
      for operand in node.operands where operand >= index {
        throw TensorError("node %\(index) uses %\(operand), which comes later\n\(self)")
      }
      let type = try node.operation.primitive.type(of: node.operands.map { nodes[$0].type })
      guard type == node.type else {
        throw TensorError("node %\(index) is \(node.type) but its rule says \(type)\n\(self)")
      }
    }
  }
}

extension Graph: CustomStringConvertible {
  /// One line per node: `%7: f32[128,10] = product(%3, %5)`.
  package var description: String {
    var lines: [String] = []
    for (index, node) in nodes.enumerated() {
      let operands = node.operands.map { "%\($0)" }.joined(separator: ", ")
      lines.append("%\(index): \(node.type) = \(node.operation.primitive.label)(\(operands))")
    }
    lines.append("return " + outputs.map { "%\($0)" }.joined(separator: ", "))
    return lines.joined(separator: "\n")
  }
}

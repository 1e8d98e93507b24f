package import OuterloopNumerics

extension Graph {
  /// Splits off what depends only on constants and on `invariant` inputs (by number), so that a loop
  /// computes it once: exp(lambda), one-hot labels, transposed data.
  ///
  /// The main graph has the inputs of this one followed by the results of the prologue, whose
  /// inputs are the invariant ones in ascending order. Cheap work (sums, products, broadcasts)
  /// stays in the loop unless it is a single number: recomputing it in a fused pass costs less than
  /// reading it.
  package func hoisting(invariant: Set<Int>) throws(TensorError) -> (prologue: Graph, main: Graph) {
    let numbers = invariant.sorted()
    let invariantInputs = Set(numbers.map { inputs[$0] })
    var isInvariant = [Bool](repeating: false, count: nodes.count)
    var isCostly = isInvariant
    for (index, node) in nodes.enumerated() {
      switch node.operation {
      case .input: isInvariant[index] = invariantInputs.contains(index)
      case .constant, .fill: isInvariant[index] = true
      default:
        isInvariant[index] = node.operands.allSatisfy { isInvariant[$0] }
        isCostly[index] =
          node.operation.isCostly || node.type.count == 1
          || node.operands.contains { isCostly[$0] }
      }
    }
    // What the loop reads of it, looking through views without cost.
    var hoisted: [Int] = []
    func consider(_ node: Int) {
      var node = node
      while isInvariant[node] {
        switch nodes[node].operation {
        case .broadcast, .reshape: node = nodes[node].operands[0]
        case .input, .constant, .fill: return
        default:
          if isCostly[node], !hoisted.contains(node) { hoisted.append(node) }
          return
        }
      }
    }
    for (index, node) in nodes.enumerated() where !isInvariant[index] {
      for operand in node.operands { consider(operand) }
    }
    for output in outputs { consider(output) }
    hoisted.sort()

    let prologue = try extracted(inputs: numbers.map { inputs[$0] }, outputs: hoisted)
    let main = try extracted(inputs: inputs + hoisted, outputs: outputs)
    return (prologue, main)
  }

  /// For each input, whether an output depends on it.
  package var usedInputs: [Bool] {
    var needed = [Bool](repeating: false, count: nodes.count)
    for output in outputs { needed[output] = true }
    for node in nodes.indices.reversed() where needed[node] {
      for operand in nodes[node].operands { needed[operand] = true }
    }
    return inputs.map { needed[$0] }
  }
}

extension Operation {
  /// Whether recomputing it in each step costs more than reading its result.
  fileprivate var isCostly: Bool {
    switch self {
    case .unary(let function):
      switch function {
      case .negate, .abs, .sign, .square, .floor, .ceil, .round, .reciprocal: false
      default: true
      }
    case .binary(let function): function == .power || function == .atan2
    case .select, .reshape, .broadcast, .sum, .max, .alias, .stopGradient, .input, .constant, .fill:
      false
    default: true
    }
  }
}

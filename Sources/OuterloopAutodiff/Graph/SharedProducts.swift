internal import OuterloopNumerics

extension Graph {
  /// Products that two parts of a graph both need and that are worth storing for the second part
  /// instead of recomputing.
  ///
  /// `first` and `second` are ranges of outputs. A product qualifies if it does not depend on the
  /// inputs numbered `excluded`, costs at least `flopsPerByte` flops for each byte of its result,
  /// and reads only moved inputs and constants: then its bits are the same in every program that
  /// computes it.
  package func sharedProducts(
    first: Range<Int>, second: Range<Int>, excluded: Range<Int>, flopsPerByte: Int = 64
  ) -> [Int] {
    let early = needed(by: outputs[first])
    let late = needed(by: outputs[second])
    var isFree = [Bool](repeating: false, count: nodes.count)
    var isMoved = isFree
    let barred = Set(inputs[excluded])
    for (index, node) in nodes.enumerated() {
      isFree[index] = !barred.contains(index) && node.operands.allSatisfy { isFree[$0] }
      let operandsMoved = node.operands.allSatisfy { isMoved[$0] }
      switch node.operation {
      case .input, .constant, .fill, .iota: isMoved[index] = true
      case .gather, .reshape, .transpose, .slice, .concatenate, .reverse, .broadcast, .oneHot:
        isMoved[index] = operandsMoved
      default: break
      }
    }
    return nodes.indices.filter { index in
      let node = nodes[index]
      guard early[index], late[index], isFree[index], node.operands.allSatisfy({ isMoved[$0] }),
        case .product(let product) = node.operation
      else { return false }
      let a = nodes[node.operands[0]].type
      let inner = product.transposeA ? a.shape[a.rank - 2] : a.shape[a.rank - 1]
      return 2 * inner * node.type.count >= flopsPerByte * node.type.byteCount
    }
  }

  private func needed(by outputs: ArraySlice<Int>) -> [Bool] {
    var needed = [Bool](repeating: false, count: nodes.count)
    for output in outputs { needed[output] = true }
    for node in nodes.indices.reversed() where needed[node] {
      for operand in nodes[node].operands { needed[operand] = true }
    }
    return needed
  }
}

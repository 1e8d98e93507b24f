internal import OuterloopNumerics

// Local rewrites, applied as nodes are emitted: each replaces an expression by an equal one that
// costs less. Nothing here may turn a non-finite value into a finite one (no x * 0 -> 0).
// Consecutive numeric factors become one, which overflows later than two steps would.
extension Graph {
  /// Sorts operands of commutative operations and folds transposes into products, so that equal
  /// expressions have the same form.
  func canonical(_ operation: Operation, _ operands: [Int]) -> (Operation, [Int]) {
    switch operation {
    case .binary(let binary) where binary.isCommutative && operands[0] > operands[1]:
      return (operation, [operands[1], operands[0]])
    case .product(var product):
      var operands = operands
      for side in 0..<2 {
        let node = nodes[operands[side]]
        guard case .transpose(let transpose) = node.operation, transpose.swapsLastTwo else {
          continue
        }
        operands[side] = node.operands[0]
        if side == 0 { product.transposeA.toggle() } else { product.transposeB.toggle() }
      }
      return (.product(product), operands)
    default:
      return (operation, operands)
    }
  }

  /// The constant value of a node whose elements are all the same number.
  private func fill(_ node: Int) -> Double? {
    if case .fill(let fill) = nodes[node].operation { return fill.value }
    return nil
  }

  /// A node equal to `operation(operands)`, if there is a simpler one.
  mutating func simplify(_ operation: Operation, _ x: [Int]) throws(TensorError) -> Int? {
    switch operation {
    case .unary(let function): return try simplifyUnary(function, x[0])
    case .binary(let function): return try simplifyBinary(function, x[0], x[1])
    case .select:
      return x[1] == x[2] ? x[1] : nil
    case .cast(let cast):
      let node = nodes[x[0]]
      if node.type.dtype == cast.dtype { return x[0] }
      if let value = fill(x[0]) {
        return try insert(.fill(Fill(value, TensorType(node.type.shape, cast.dtype))), [])
      }
    case .broadcast(let broadcast):
      return try simplifyMove(x[0], to: broadcast.shape)
    case .reshape(let reshape):
      if case .reshape = nodes[x[0]].operation {
        return try emit(operation, nodes[x[0]].operands)
      }
      return try simplifyMove(x[0], to: reshape.shape)
    case .transpose(let transpose):
      if transpose.permutation == Array(0..<transpose.permutation.count) { return x[0] }
      if case .transpose(let inner) = nodes[x[0]].operation {
        let composed = transpose.permutation.map { inner.permutation[$0] }
        return try emit(.transpose(Transpose(permutation: composed)), nodes[x[0]].operands)
      }
      return try simplifyMove(
        x[0], to: transpose.permutation.map { nodes[x[0]].type.shape[$0] }, identity: false)
    case .slice(let slice):
      let type = try slice.type(of: [nodes[x[0]].type])
      return try simplifyMove(x[0], to: type.shape)
    case .concatenate:
      return x.count == 1 ? x[0] : nil
    case .sum(let sum): return try simplifySum(sum, x[0])
    case .max(let max):
      if let value = fill(x[0]) {
        return try insert(.fill(Fill(value, try max.type(of: [nodes[x[0]].type]))), [])
      }
    default: break
    }
    return nil
  }

  /// Moving the data of a fill gives a fill; a move that keeps the shape keeps the value.
  private mutating func simplifyMove(
    _ x: Int, to shape: [Int], identity: Bool = true
  ) throws(TensorError) -> Int? {
    let type = nodes[x].type
    if let value = fill(x) {
      return try insert(.fill(Fill(value, TensorType(shape, type.dtype))), [])
    }
    return identity && type.shape == shape ? x : nil
  }

  private mutating func simplifyUnary(_ function: Unary, _ x: Int) throws(TensorError) -> Int? {
    if function == .negate, case .unary(.negate) = nodes[x].operation {
      return nodes[x].operands[0]
    }
    if let value = fill(x), let result = function.folded(value) {
      return try insert(.fill(Fill(result, nodes[x].type)), [])
    }
    return nil
  }

  private mutating func simplifyBinary(
    _ function: Binary, _ a: Int, _ b: Int
  ) throws(TensorError) -> Int? {
    let left = fill(a)
    let right = fill(b)
    if let left, let right, let result = function.folded(left, right) {
      return try insert(.fill(Fill(result, nodes[a].type)), [])
    }
    func negated(_ node: Int) -> Int? {
      if case .unary(.negate) = nodes[node].operation { return nodes[node].operands[0] }
      return nil
    }
    switch function {
    case .add:
      if left == 0 { return b }
      if right == 0 { return a }
      if let b = negated(b) { return try emit(.binary(.subtract), [a, b]) }
      if let a = negated(a) { return try emit(.binary(.subtract), [b, a]) }
    case .subtract:
      if right == 0 { return a }
      if left == 0 { return try emit(.unary(.negate), [b]) }
      if let b = negated(b) { return try emit(.binary(.add), [a, b]) }
    case .multiply:
      if left == 1 { return b }
      if right == 1 { return a }
      if left == -1 { return try emit(.unary(.negate), [b]) }
      if right == -1 { return try emit(.unary(.negate), [a]) }
      if let left { return try scaled(b, by: left) }
      if let right { return try scaled(a, by: right) }
    case .divide:
      if right == 1 { return a }
    default: break
    }
    return nil
  }

  /// A number times a node that is itself a number times something, or a negation: one number.
  private mutating func scaled(_ node: Int, by factor: Double) throws(TensorError) -> Int? {
    let type = nodes[node].type
    switch nodes[node].operation {
    case .unary(.negate):
      let number = try insert(.fill(Fill(-factor, type)), [])
      return try emit(.binary(.multiply), [nodes[node].operands[0], number])
    case .binary(.multiply):
      let operands = nodes[node].operands
      for side in 0..<2 {
        // Numbers in the normal range only: the product of two must not be lost.
        guard let own = fill(operands[side]), (own * factor).isNormal,
          Swift.abs(own * factor) > 1e-30, Swift.abs(own * factor) < 1e30
        else { continue }
        let number = try insert(.fill(Fill(own * factor, type)), [])
        return try emit(.binary(.multiply), [operands[1 - side], number])
      }
      return nil
    default: return nil
    }
  }

  private mutating func simplifySum(_ sum: Sum, _ x: Int) throws(TensorError) -> Int? {
    let type = nodes[x].type
    let result = try sum.type(of: [type])
    if result.count == type.count {
      return try emit(.reshape(Reshape(shape: result.shape)), [x])
    }
    let repeats = Double(type.count / Swift.max(result.count, 1))
    if let value = fill(x), result.count > 0 {
      return try insert(.fill(Fill(value * repeats, result)), [])
    }
    // A sum over exactly the axes that a broadcast added is a multiple.
    if case .broadcast(let broadcast) = nodes[x].operation, result.count > 0 {
      let source = nodes[x].operands[0]
      let made = (0..<broadcast.shape.count).filter { !broadcast.axes.contains($0) }
      if made == sum.axes, nodes[source].type.shape == result.shape {
        let factor = try insert(.fill(Fill(repeats, result)), [])
        return try emit(.binary(.multiply), [source, factor])
      }
    }
    return nil
  }
}

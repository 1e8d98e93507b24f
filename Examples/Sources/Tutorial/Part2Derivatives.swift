import Outerloop

extension Graph {
  /// The derivative rules: the operands of a node, and its derivative by each, as nodes again.
  func slopes(_ node: Int) -> [(operand: Int, slope: Value)] {
    func value(_ node: Int) -> Value { Value(graph: self, node: node) }
    switch nodes[node] {
    case .input, .constant: return []
    case .add(let a, let b): return [(a, constant(1)), (b, constant(1))]
    case .multiply(let a, let b): return [(a, value(b)), (b, value(a))]
    case .exp(let a): return [(a, value(node))]
    case .sin(let a): return [(a, cos(value(a)))]
    case .cos(let a): return [(a, -1 * sin(value(a)))]
    }
  }
}

/// Forward mode: how `y` moves when the inputs `x` move along `v`. From the inputs to the outputs,
///
///     dy = sum over operands a of (dy/da) da
func derivative(of y: [Value], by x: [Value], along v: [Value]) -> [Value] {
  guard let graph = x.first?.graph else { return [] }
  var tangents: [Int: Value] = [:]
  for (x, v) in zip(x, v) { tangents[x.node] = v }
  for node in 0..<graph.nodes.count where tangents[node] == nil {
    for (operand, slope) in graph.slopes(node) {
      guard let tangent = tangents[operand] else { continue }
      let term = slope * tangent
      tangents[node] = tangents[node].map { $0 + term } ?? term
    }
  }
  return y.map { tangents[$0.node] ?? graph.constant(0) }
}

/// Reverse mode: the derivatives of one number by all inputs. From the output to the inputs, each
/// node hands its cotangent on to its operands:
///
///     a's cotangent += (dy/da) * y's cotangent
func gradient(of y: Value, by x: [Value]) -> [Value] {
  let graph = y.graph
  var cotangents = [y.node: graph.constant(1)]
  for node in stride(from: y.node, through: 0, by: -1) {
    guard let cotangent = cotangents[node] else { continue }
    for (operand, slope) in graph.slopes(node) {
      let term = slope * cotangent
      cotangents[operand] = cotangents[operand].map { $0 + term } ?? term
    }
  }
  return x.map { cotangents[$0.node] ?? graph.constant(0) }
}

func derivatives() throws {
  func function(_ x: [Value]) -> Value { exp(x[0] * x[1]) + sin(x[0]) }
  func function(_ x: Tensor) -> Tensor { exp(x.example(0) * x.example(1)) + sin(x.example(0)) }
  let (point, direction) = ([0.5, -1.5], [1.0, 2.0])
  let (x, v) = (Tensor(point, dtype: .float64), Tensor(direction, dtype: .float64))

  let reverse = Traced(inputs: 2) { gradient(of: function($0), by: $0) }
  let exact = try gradient(at: x) { function($0) }.doubles()
  check("derivatives: reverse mode", reverse.evaluate(point), exact)

  let forward = Traced(inputs: 4) { x in
    derivative(of: [function(x)], by: Array(x[..<2]), along: Array(x[2...]))
  }
  let along = exact[0] * direction[0] + exact[1] * direction[1]
  check("derivatives: forward mode", forward.evaluate(point + direction), [along])

  // Rules are written in traced values, so derivatives have derivatives: forward over reverse.
  let second = Traced(inputs: 4) { x in
    let x = (point: Array(x[..<2]), direction: Array(x[2...]))
    return derivative(
      of: gradient(of: function(x.point), by: x.point), by: x.point, along: x.direction)
  }
  let product = try hessianVectorProduct(at: x, along: v) { function($0) }.product.doubles()
  check("derivatives: Hessian times vector", second.evaluate(point + direction), product)
}

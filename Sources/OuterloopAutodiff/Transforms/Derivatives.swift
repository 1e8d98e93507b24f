public import OuterloopNumerics

// Derivatives of functions between structures. Each works on values (the function is traced,
// compiled and run) and inside another traced function (nodes are added), so they nest to any order.
// Tensors that a function captures from outside are constants to it.

/// The value of f at x and its derivative along v: (f(x), f'(x) v), in one forward sweep.
/// - Throws: what f throws, or `TensorError` for shapes and types that do not match: v must have a
///   tensor for each of x, of the same shape and element type.
/// - Complexity: about twice the time of f; memory of f.
public func jvp<A: Structure, B: Structure>(
  at x: A, along v: A, of f: (A) throws -> B
) throws -> (value: B, derivative: B) { try jvp(at: x, along: v, for: "jvp", of: f) }

/// - Parameter name: the caller's name, for messages.
private func jvp<A: Structure, B: Structure>(
  at x: A, along v: A, for name: String, of f: (A) throws -> B
) throws -> (value: B, derivative: B) {
  let pair = try traced(Pair(x, try v.tangent(of: x, for: name))) { trace, arguments in
    let (inner, sources) = try trace.aliases(of: arguments.first)
    let y = try f(inner)
    let outputs = try y.leaves.map { (tensor) throws(TensorError) in try trace.node(of: tensor) }
    let tangents = trace.pushForward(
      outputs, from: sources, tangents: arguments.second.leaves)
    let derivative = y.replacingLeaves(
      zip(y.leaves, tangents).map { $1 ?? Tensor.zeros(like: $0) })
    return Pair(y, derivative)
  }
  return (pair.first, pair.second)
}

/// The value of f at x and the cotangent of x for a cotangent of f(x): one reverse sweep.
/// - Complexity: about 3 times the time of f; memory of all intermediate values.
/// - Throws: what f throws, and `TensorError` if an operation cannot be done or the cotangent does
///   not have the type of f(x).
public func vjp<A: Structure, B: Structure>(
  at x: A, cotangent: B, of f: (A) throws -> B
) throws -> (value: B, cotangent: A) {
  let pair = try traced(Pair(x, cotangent)) { trace, arguments in
    let (inner, sources) = try trace.aliases(of: arguments.first)
    let y = try f(inner)
    let outputs = try y.leaves.map { (tensor) throws(TensorError) in try trace.node(of: tensor) }
    // Plain numbers adopt the element type of the corresponding tensor.
    let given = zip(cotangent.leaves, arguments.second.leaves).enumerated().map { index, pair in
      pair.0.isPlainNumber && index < y.leaves.count
        ? pair.0.taking(y.leaves[index].dtype) : pair.1
    }
    guard given.map(\.type) == y.leaves.map(\.type) else {
      throw TensorError(
        "vjp: the cotangent is \(given.map(\.type)) but the function gives \(y.leaves.map(\.type))")
    }
    let parts = trace.pullBack(outputs, to: sources, cotangents: given)
    let gradient = arguments.first.replacingLeaves(
      zip(arguments.first.leaves, parts).map { $1 ?? Tensor.zeros(like: $0) })
    return Pair(y, gradient)
  }
  return (pair.first, pair.second)
}

/// The value and gradient of a scalar function.
///
/// - Throws: what f throws, and `TensorError` if an operation cannot be done or f(x) is no scalar.
public func valueAndGradient<A: Structure>(
  at x: A, of f: (A) throws -> Tensor
) throws -> (value: Tensor, gradient: A) {
  let pair = try traced(x) { trace, x in
    let (inner, sources) = try trace.aliases(of: x)
    let y = try f(inner)
    if let error = y.error { throw error }
    guard y.count == 1, y.dtype.isFloating else {
      throw TensorError("gradient of a function with value \(y.type)", remedy: "a scalar is needed")
    }
    let seed = Tensor.ones(y.shape, dtype: y.dtype)
    let parts = trace.pullBack([try trace.node(of: y)], to: sources, cotangents: [seed])
    return Pair(
      y, x.replacingLeaves(zip(x.leaves, parts).map { $1 ?? Tensor.zeros(like: $0) }))
  }
  return (pair.first, pair.second)
}

/// The gradient of a scalar function.
///
/// - Throws: what f throws, and `TensorError` if an operation cannot be done or f(x) is no scalar.
public func gradient<A: Structure>(at x: A, of f: (A) throws -> Tensor) throws -> A {
  try valueAndGradient(at: x, of: f).gradient
}

/// Gradient of a scalar function at x, and Hessian times v: forward over reverse.
/// - Complexity: about twice the time of a gradient, with its memory.
/// - Throws: what f throws, and `TensorError` if an operation cannot be done, f(x) is no scalar, or
///   v does not have the type of x.
public func hessianVectorProduct<A: Structure>(
  at x: A, along v: A, of f: (A) throws -> Tensor
) throws -> (gradient: A, product: A) {
  let result = try jvp(at: x, along: v, for: "hessianVectorProduct") {
    try gradient(at: $0, of: f)
  }
  return (result.value, result.derivative)
}

/// The joint product of a loss: gradients, and derivatives of gradients along a weight direction.
public struct JointProduct<W: Structure, H: Structure>: Structure {
  /// grad_w L
  public var weightGradient: W
  /// grad_lambda L
  public var hyperGradient: H
  /// H u, with H the Hessian in w
  public var weightProduct: W
  /// (d2L / dlambda dw) u
  public var hyperProduct: H

  public mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
    try weightGradient.visit(path + ".weightGradient", body)
    try hyperGradient.visit(path + ".hyperGradient", body)
    try weightProduct.visit(path + ".weightProduct", body)
    try hyperProduct.visit(path + ".hyperProduct", body)
  }
}

/// The kernel of every hypergradient: for a loss L(w, lambda) and a direction u in weight space,
///
///     d/de grad_(w, lambda) L(w + e u, lambda) at e = 0  =  (H u, (d2L / dlambda dw) u)
///
/// both in one forward-over-reverse pass. Because H is symmetric this forward product replaces the
/// vector-Jacobian product of a gradient (MixFlow-MG, Kemaev et al. 2025).
/// - Complexity: about two gradients; no memory beyond a gradient's.
/// - Throws: what the loss throws, and `TensorError` if an operation cannot be done, the loss is no
///   scalar, or u does not have the type of the weights.
public func jointProduct<W: Structure, H: Structure>(
  at weights: W, _ hyper: H, along u: W, of loss: (W, H) throws -> Tensor
) throws -> JointProduct<W, H> {
  let (value, derivative) = try jvp(
    at: Pair(weights, hyper), along: Pair(u, hyper.zeros), for: "jointProduct"
  ) {
    try gradient(at: $0) { try loss($0.first, $0.second) }
  }
  return JointProduct(
    weightGradient: value.first, hyperGradient: value.second,
    weightProduct: derivative.first, hyperProduct: derivative.second)
}

extension Structure {
  /// This direction as a tangent of a point: a tensor for each of its tensors, of the same type; plain
  /// numbers adopt it.
  fileprivate func tangent(of point: Self, for name: String) throws -> Self {
    let (own, others) = (leaves, point.leaves)
    if let error = (others + own).lazy.compactMap(\.error).first { throw error }
    let agreed = zip(own, others).map { $0.taking($1.dtype) }
    guard own.count == others.count, agreed.map(\.type) == others.map(\.type) else {
      throw TensorError(
        "\(name): the direction is \(own.map(\.type)) but the point is \(others.map(\.type))",
        remedy: "it needs a tensor for each, zeros where nothing moves")
    }
    return replacingLeaves(agreed)
  }
}

extension Trace {
  /// Copies of a structure's tensors that mark where to differentiate, and their nodes.
  func aliases<A: Structure>(of x: A) throws -> (A, [Int]) {
    var nodes: [Int] = []
    let inner = try x.mapLeaves { tensor in
      if let error = tensor.error { throw error }
      guard tensor.dtype.isFloating else { return tensor }
      let copy = alias(of: tensor)
      nodes.append(try node(of: copy))
      return copy
    }
    guard nodes.count == x.leaves.count else {
      throw TensorError(
        "differentiation with respect to an int32 tensor",
        remedy: "capture labels and indices instead")
    }
    return (inner, nodes)
  }
}

/// Runs `body` on symbols of a trace: the enclosing one if the arguments are traced, otherwise a
/// new one whose result is compiled and run.
func traced<A: Structure, B: Structure>(
  _ x: A, _ body: (Trace, A) throws -> B
) throws -> B {
  if let error = x.leaves.lazy.compactMap(\.error).first { throw error }
  if let trace = x.leaves.lazy.compactMap(\.trace).first ?? Trace.current {
    return try body(trace, x)
  }
  let recorded = try Recorded(tracing: x.leafTypes) { trace, inputs in
    try body(trace, x.replacingLeaves(inputs))
  }
  return try recorded.run(x.leaves)
}

/// A function recorded as a graph, with the structure of its result.
struct Recorded<B: Structure>: Sendable {
  let graph: Graph
  let template: B

  init(tracing types: [TensorType], _ body: (Trace, [Tensor]) throws -> B) throws {
    var result: B?
    graph = try Graph(tracing: types) { inputs in
      // Functions without arguments have no symbol that identifies their trace.
      let made = try body(inputs.first?.trace ?? Trace.current ?? Trace(), inputs)
      result = made
      return made.leaves
    }
    guard let result else { throw TensorError("nothing was traced") }
    template = result
  }

  func run(_ inputs: [Tensor]) throws -> B {
    template.replacingLeaves(try Program(graph).run(inputs))
  }
}

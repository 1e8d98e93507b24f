package import OuterloopNumerics
internal import Synchronization

/// A function compiled for each set of shapes it is called with.
///
///     let step = Compiled { (w: Tensor) in try gradient(at: w, of: loss) }
///     let g = try step(w)      // traced, planned and run; the next call only runs
///
/// Called on traced tensors it is the function itself. Tensors that the function captures are
/// constants of the program.
public final class Compiled<A: Structure, B: Structure>: Sendable {
  private let function: @Sendable (A) throws -> B
  private let programs = Mutex<[[TensorType]: (program: Program, template: B)]>([:])

  /// A function to be traced and compiled when it is first called with arguments of some types.
  public init(_ function: @escaping @Sendable (A) throws -> B) { self.function = function }

  /// The value of the function at `x`; compiles it if no argument had these types before.
  ///
  /// - Throws: what the function throws when it is traced, and the `TensorError` of an operation
  ///   that cannot be done.
  public func callAsFunction(_ x: A) throws -> B {
    let leaves = x.leaves
    if let error = leaves.lazy.compactMap(\.error).first { throw error }
    if leaves.contains(where: { $0.trace != nil }) { return try function(x) }
    let (program, template) = try compiled(x, leaves.map(\.type))
    return template.replacingLeaves(try program.run(leaves))
  }

  /// The graph for arguments like these, one line per node.
  ///
  /// - Throws: what the function throws when it is traced, and the `TensorError` of an operation
  ///   that cannot be done.
  public func graph(for x: A) throws -> String {
    if let error = x.leaves.lazy.compactMap(\.error).first { throw error }
    return try compiled(x, x.leafTypes).program.graph.description
  }

  /// The plan for arguments like these: instructions, memory.
  ///
  /// - Throws: what the function throws when it is traced, and the `TensorError` of an operation
  ///   that cannot be done.
  public func plan(for x: A) throws -> String {
    if let error = x.leaves.lazy.compactMap(\.error).first { throw error }
    return try compiled(x, x.leafTypes).program.description
  }

  private func compiled(
    _ x: A, _ types: [TensorType]
  ) throws -> (program: Program, template: B) {
    if let known = programs.withLock({ $0[types] }) { return known }
    let recorded = try Recorded(tracing: types) { _, inputs in
      try function(x.replacingLeaves(inputs))
    }
    let made = (program: try Program(recorded.graph), template: recorded.template)
    programs.withLock { $0[types] = made }
    return made
  }
}

extension Graph {
  /// The graph of a function of tensors of the given types.
  /// - Throws: what the function throws, and the error of an invalid result.
  package init(tracing types: [TensorType], _ body: ([Tensor]) throws -> [Tensor]) throws {
    let trace = Trace()
    let inputs = types.map(trace.input)
    let results = try Trace.$current.withValue(trace) { try body(inputs) }
    let outputs = try results.map { (tensor) throws(TensorError) in try trace.node(of: tensor) }
    self = try trace.graph.extracted(inputs: trace.graph.inputs, outputs: outputs)
    assert((try? verify()) != nil, "\(self)")
  }
}

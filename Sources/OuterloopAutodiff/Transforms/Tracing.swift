package import OuterloopNumerics

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

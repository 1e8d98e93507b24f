internal import OuterloopNumerics

/// f applied to every entry along the leading axis of x's tensors, as one batched computation.
///
/// f is traced once on one example; the nodes that depend on it are replaced by batched ones.
/// Captured tensors are shared by all examples.
/// - Throws: `TensorError` if the leading sizes differ, or what f throws.
public func vmap<A: Structure, B: Structure>(_ x: A, _ f: (A) throws -> B) throws -> B {
  try traced(x) { trace, x in
    let sizes = Set(x.leaves.map { $0.shape.first ?? -1 })
    guard sizes.count == 1, let size = sizes.first, size >= 0 else {
      throw TensorError("vmap: tensors need equal leading axes, got \(x.leaves.map(\.type))")
    }
    var sources: [Int] = []
    let example = try x.mapLeaves { tensor in
      let one = trace.placeholder(TensorType(Array(tensor.shape.dropFirst()), tensor.dtype))
      sources.append(try trace.node(of: one))
      return one
    }
    let y = try f(example)
    let outputs = try y.leaves.map { (leaf) throws(TensorError) in try trace.node(of: leaf) }
    let batched = try trace.batched(outputs, from: sources, values: x.leaves, size: size)
    return y.replacingLeaves(batched)
  }
}

extension Trace {
  fileprivate func batched(
    _ outputs: [Int], from sources: [Int], values: [Tensor], size: Int
  ) throws -> [Tensor] {
    // Without examples there is nothing to compute: only the shapes of the results are known.
    if size == 0 {
      return outputs.map { Tensor.zeros([0] + tensor($0).shape, dtype: tensor($0).dtype) }
    }
    var batch: [Int: Tensor] = [:]
    for (source, value) in zip(sources, values) { batch[source] = value }
    for index in nodes(between: sources, and: outputs) where batch[index] == nil {
      let node = graph.nodes[index]
      let marks = node.operands.map { batch[$0] != nil }
      let operands = node.operands.map { batch[$0] ?? tensor($0) }
      let result = node.operation.primitive.batch(operands, batched: marks, size: size)
      if let error = result.error { throw error }
      batch[index] = result
    }
    return outputs.map { batch[$0] ?? tensor($0).repeated(size) }
  }
}

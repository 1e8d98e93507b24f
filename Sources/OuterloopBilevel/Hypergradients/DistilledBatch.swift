internal import OuterloopNumerics

/// D*_t: a batch drawn from all batches so far, those of step i with weight gamma^(t-i) (HyperDistill,
/// Sec. 4.2), of the size of one batch:
///
///     about p_t n examples of D*_{t-1}, the others of D_t, without replacement from either.
///
/// The number kept is rounded up or down at random, so that its mean is p_t n exactly. Examples are
/// replaced place by place, so that a batch seen repeatedly is drawn completely. The batch keeps
/// its place in memory.
final class DistilledBatch {
  /// Where its tensors are.
  let buffers: TensorBuffers
  /// Examples in a batch; 0 if batches hold nothing.
  private let size: Int
  private var isEmpty = true

  /// - Throws: a refusal if the tensors of a batch do not share an axis of examples.
  init(_ problem: CompiledProblem, of method: some HypergradientMethod) throws {
    size = try Self.size(problem, of: method)
    buffers = TensorBuffers(problem.batchTypes)
  }

  /// Examples in a batch.
  static func size(
    _ problem: CompiledProblem, of method: some HypergradientMethod
  ) throws -> Int {
    let types = problem.batchTypes
    let sizes = Set(types.map { $0.shape.first ?? 0 })
    guard types.isEmpty || (sizes.count == 1 && !sizes.contains(0)) else {
      throw method.refused(
        "it draws examples from batches, and the tensors of a batch are \(types)",
        "give all of them one leading axis of examples")
    }
    return sizes.first ?? 0
  }

  func clear() { isEmpty = true }

  /// - Parameters:
  ///   - keep: p_t
  ///   - number: names the draw.
  func take(_ batch: TensorBuffers, keep: Double, number: Int) {
    guard size > 0, !isEmpty, keep > 0 else {
      buffers.copy(from: batch)
      isEmpty = false
      return
    }
    let keys = RandomKey(seed: 0, purpose: "distilled batch", index: UInt64(number)).split(2)
    let kept = Int((keep * Double(size) + keys[0].uniform()).rounded(.down))
    let replaced = keys[1].permutation(size).dropFirst(kept)
    for index in batch.indices {
      let (target, source) = (buffers[index], batch[index])
      let row = batch.type(index).byteCount / size
      for place in replaced {
        (target + place * row).copyMemory(from: source + place * row, byteCount: row)
      }
    }
  }
}

internal import OuterloopNumerics

/// D*_t: a batch drawn from all batches so far, those of step i with weight gamma^(t-i) (HyperDistill,
/// Sec. 4.2), of the size of one batch:
///
///     about p_t n examples of D*_{t-1}, the others of D_t, without replacement from either.
///
/// The number kept is rounded up or down at random, so that its mean is p_t n exactly. Examples are
/// replaced place by place, so that one batch seen again and again is drawn whole.
struct DistilledBatch {
  private let types: [TensorType]
  /// Examples in a batch; 0 if batches hold nothing.
  private let size: Int
  private(set) var tensors: [Tensor] = []

  /// - Throws: a refusal if the tensors of a batch do not share an axis of examples.
  init(_ problem: CompiledProblem, of method: some HypergradientMethod) throws {
    types = problem.batchTypes
    let sizes = Set(types.map { $0.shape.first ?? 0 })
    guard types.isEmpty || (sizes.count == 1 && !sizes.contains(0)) else {
      throw method.refused(
        "it draws examples from batches, and the tensors of a batch are \(types)",
        "give all of them one leading axis of examples")
    }
    size = sizes.first ?? 0
  }

  mutating func clear() { tensors = [] }

  /// - Parameters:
  ///   - keep: p_t
  ///   - number: names the draw.
  mutating func take(_ batch: [Tensor], keep: Double, number: Int) throws {
    guard size > 0, !tensors.isEmpty, keep > 0 else {
      tensors = batch
      return
    }
    let keys = RandomKey(seed: 0, purpose: "distilled batch", index: UInt64(number)).split(2)
    let draw = try keys[0].uniform([1], dtype: .float64).item()
    let kept = Int((keep * Double(size) + draw).rounded(.down))
    let replaced = keys[1].permutation(size).dropFirst(kept)
    tensors = zip(types, zip(tensors, batch)).map { type, pair in
      let row = type.byteCount / size
      return Tensor(type: type) { target in
        target.copyMemory(from: pair.0.memory, byteCount: type.byteCount)
        for place in replaced {
          (target + place * row).copyMemory(from: pair.1.memory + place * row, byteCount: row)
        }
      }
    }
  }
}

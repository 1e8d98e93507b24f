public import OuterloopAutodiff
public import OuterloopNumerics
internal import Synchronization

/// The data order of training: a batch is a pure function of the step, so any step can be replayed.
public struct Batches<Batch: Structure>: Sendable {
  /// The batch of step `t`, counted from 0.
  public let batch: @Sendable (Int) throws -> Batch

  /// The batch of each step by its number, from 0; a pure function, so that steps can be repeated.
  public init(_ batch: @escaping @Sendable (Int) throws -> Batch) { self.batch = batch }
}

extension Batches where Batch == NoTensors {
  /// Every step sees all the data, which the loss captures.
  public static var full: Batches { Batches { _ in NoTensors() } }
}

extension Batches where Batch == Tensor {
  /// Indices (int32, shape [size]) into `count` examples: each epoch is a new random order named by
  /// (seed, epoch), split into batches; a last short batch is dropped.
  ///
  /// The loss gathers the rows: `images.gathered(at: batch)`.
  ///
  /// - Throws: `TensorError` for a size outside 1...`count`.
  public static func shuffled(count: Int, size: Int, seed: UInt64) throws -> Batches {
    try require(size, from: count)
    let perEpoch = count / size
    let cache = EpochOrder(count: count, seed: seed)
    return Batches { step in
      try require(step: step)
      let order = cache.order(of: step / perEpoch)
      let start = (step % perEpoch) * size
      return Tensor(order[start..<(start + size)].map { Int32($0) })
    }
  }

  /// Indices (int32, shape [size]) into `count` examples, split once into `count / size` random
  /// batches, which each epoch visits in a new random order named by (seed, epoch); a last short
  /// batch is dropped.
  ///
  /// Training on them minimises a finite sum of losses, as variance-reduction methods require.
  ///
  /// - Throws: `TensorError` for a size outside 1...`count`.
  public static func partitioned(count: Int, size: Int, seed: UInt64) throws -> Batches {
    try require(size, from: count)
    let examples = RandomKey(seed: seed, purpose: "partition").permutation(count)
    let parts = count / size
    let cache = EpochOrder(count: parts, seed: seed)
    return Batches { step in
      try require(step: step)
      let start = cache.order(of: step / parts)[step % parts] * size
      return Tensor(examples[start..<(start + size)].map { Int32($0) })
    }
  }

  /// - Throws: `TensorError` for a size that is not in 1...count, and for examples that int32 cannot
  ///   count or whose order does not fit into memory.
  private static func require(_ size: Int, from count: Int) throws {
    guard size > 0, count >= size else {
      throw TensorError(
        "batches of \(size) from \(count) examples: "
          + (count < 1 ? "there must be some" : "the size must lie in 1...\(count)"))
    }
    guard count <= Int(Int32.max) else {
      throw TensorError(
        "batches from \(count) examples", remedy: "at most \(Int32.max) can be counted")
    }
    try Memory.require(count, of: 12, for: "an order of \(count) examples")
  }

  private static func require(step: Int) throws {
    guard step >= 0 else {
      throw TensorError("the batch of step \(step)", remedy: "steps are counted from 0")
    }
  }
}

/// The order of examples in each epoch, caching the last one: steps come in order.
final class EpochOrder: Sendable {
  private let count: Int
  private let seed: UInt64
  private let last = Mutex<(epoch: Int, order: [Int])>((-1, []))

  init(count: Int, seed: UInt64) {
    self.count = count
    self.seed = seed
  }

  func order(of epoch: Int) -> [Int] {
    last.withLock { last in
      if last.epoch != epoch {
        let key = RandomKey(seed: seed, purpose: "epoch order", index: UInt64(epoch))
        last = (epoch, key.permutation(count))
      }
      return last.order
    }
  }
}

internal import OuterloopNumerics
internal import Synchronization

/// The order of examples in each epoch, remembering the last one asked for: steps come in order.
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

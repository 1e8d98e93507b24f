internal import OuterloopNumerics

/// Memory for a number of states, one block per state tensor, each slot aligned to a cache line.
struct StateMemory {
  typealias Pointers = [UnsafeMutableRawPointer]

  private let storages: [Storage]
  private let bases: Pointers
  /// Bytes from one state to the next, by tensor.
  let strides: [Int]
  /// Slots of each tensor: all of them, or two for a tensor that only the next step reads.
  private let slots: [Int]

  /// - Parameter kept: tensors of which every state is wanted later; the others alternate between
  ///   two slots.
  init(
    _ types: [TensorType], slots count: Int, kept: [Bool]? = nil, reusing spare: inout [Storage]
  ) {
    strides = types.map { ($0.byteCount + 63) & ~63 }
    slots = types.indices.map { kept?[$0] ?? true ? count : Swift.min(2, count) }
    var storages: [Storage] = []
    for (stride, slots) in zip(strides, slots) {
      let bytes = stride * slots
      // Touched pages are worth keeping: a fresh block costs a page fault every 4 KiB.
      if let index = spare.firstIndex(where: { $0.byteCount == bytes }) {
        storages.append(spare.remove(at: index))
      } else {
        storages.append(Storage(byteCount: bytes))
      }
    }
    self.storages = storages
    bases = storages.map(\.pointer)
  }

  /// Gives the blocks to a list from which the next run takes them.
  func recycle(into spare: inout [Storage]) { spare = storages + spare.prefix(8) }

  /// Bytes of the states held, without alignment.
  func byteCount(_ types: [TensorType]) -> Int {
    zip(types, slots).reduce(0) { $0 + $1.0.byteCount * $1.1 }
  }

  /// Whether every one of `count` states has its own slot, in every tensor.
  func keepsAll(_ count: Int) -> Bool { slots.allSatisfy { $0 >= count } }

  /// One tensor of one state.
  func pointer(_ tensor: Int, _ slot: Int) -> UnsafeMutableRawPointer {
    let count = slots[tensor]
    return bases[tensor] + strides[tensor] * (slot < count ? slot : slot % count)
  }

  /// The tensors of one state.
  func pointers(_ slot: Int) -> Pointers { storages.indices.map { pointer($0, slot) } }
}

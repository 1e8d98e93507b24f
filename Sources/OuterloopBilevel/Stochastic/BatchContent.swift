internal import OuterloopNumerics
internal import OuterloopPlatform

/// A batch by its numbers, so that it is known again wherever it comes.
///
/// The tensors must be materialised.
struct BatchContent: Hashable {
  let tensors: [Tensor]

  static func == (a: BatchContent, b: BatchContent) -> Bool {
    guard a.tensors.map(\.type) == b.tensors.map(\.type) else { return false }
    return zip(a.tensors, b.tensors).allSatisfy { x, y in
      memcmp(x.memory, y.memory, x.type.byteCount) == 0
    }
  }

  func hash(into hasher: inout Hasher) {
    for tensor in tensors {
      hasher.combine(
        bytes: UnsafeRawBufferPointer(start: tensor.memory, count: tensor.type.byteCount))
    }
  }
}

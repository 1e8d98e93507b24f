internal import OuterloopNumerics

/// Memory for one list of tensors, such as an adjoint or a hypergradient.
final class TensorBuffers {
  let pointers: [UnsafeMutableRawPointer]
  private let storages: [Storage]

  init(_ types: [TensorType]) {
    storages = types.map { Storage(byteCount: $0.byteCount) }
    pointers = storages.map(\.pointer)
  }

  /// Buffers of the same types that nobody uses: a run takes what it needs and gives it back, so an
  /// online run allocates them once.
  final class Pool {
    private let types: [TensorType]
    private var free: [TensorBuffers] = []

    init(_ types: [TensorType]) { self.types = types }

    func take() -> TensorBuffers { free.popLast() ?? TensorBuffers(types) }

    func give(_ buffers: TensorBuffers) { free.append(buffers) }
  }
}

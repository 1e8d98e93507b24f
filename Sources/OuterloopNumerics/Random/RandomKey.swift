package import COuterloopKernels

/// The name of a stream of random numbers: (seed, purpose, index). There is no global generator:
/// the same key gives the same numbers in any process, on any number of threads.
///
/// Streams are Philox4x32-10 (Salmon et al. 2011). The seed and a hash of the purpose make the
/// 64-bit Philox key; the index is the upper half of the counter.
public struct RandomKey: Sendable, Hashable {
  package var words: (UInt32, UInt32, UInt32, UInt32)

  /// The key of a stream: the same three values give the same numbers, everywhere and always.
  public init(seed: UInt64, purpose: String = "", index: UInt64 = 0) {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a
    for byte in purpose.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    let key = Self.mix(seed ^ Self.mix(hash))
    words = (
      UInt32(truncatingIfNeeded: key), UInt32(truncatingIfNeeded: key >> 32),
      UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32)
    )
  }

  /// The finalizer of SplitMix64: a bijection that spreads nearby seeds.
  private static func mix(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9e37_79b9_7f4a_7c15
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// The key as a tensor (int32, shape [4]), to be an input of a compiled program.
  public var tensor: Tensor {
    Tensor([words.0, words.1, words.2, words.3].map(Int32.init(bitPattern:)))
  }

  public static func == (a: RandomKey, b: RandomKey) -> Bool { a.words == b.words }
  public func hash(into hasher: inout Hasher) {
    hasher.combine(words.0)
    hasher.combine(words.1)
    hasher.combine(words.2)
    hasher.combine(words.3)
  }
}

extension RandomKey {
  /// Uniform numbers in [0, 1). A shape with a negative size, or an element type that is not floating,
  /// gives an invalid tensor.
  public func uniform(_ shape: [Int], dtype: DType = .float32) -> Tensor {
    draw(OL_RANDOM_UNIFORM, TensorType(shape, dtype))
  }

  /// Standard normal numbers.
  public func normal(_ shape: [Int], dtype: DType = .float32) -> Tensor {
    draw(OL_RANDOM_NORMAL, TensorType(shape, dtype))
  }

  /// 32 random bits each; none for a count that is negative or does not fit into memory.
  public func bits(_ count: Int) -> [UInt32] {
    guard Self.holds(count, of: 4) else { return [] }
    return [UInt32](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = count
      guard let base = buffer.baseAddress else { return }
      draw(OL_RANDOM_BITS, .int32, count, to: base)
    }
  }

  /// One number, the first of `uniform` in float64.
  package func uniform() -> Double {
    var value = 0.0
    draw(OL_RANDOM_UNIFORM, .float64, 1, to: &value)
    return value
  }

  /// A uniformly random permutation of 0..<count (Fisher-Yates by Lemire's multiply-shift; the bias is
  /// below count / 2^32). Empty for a count that is negative, beyond 2^31 or does not fit into memory.
  public func permutation(_ count: Int) -> [Int] {
    guard count <= 1 << 31, Self.holds(count, of: 12) else { return [] }
    var order = Array(0..<count)
    let draws = bits(count - 1)
    for (step, draw) in draws.enumerated() {
      let last = count - 1 - step
      let other = Int((UInt64(draw) &* UInt64(last + 1)) >> 32)
      order.swapAt(last, other)
    }
    return order
  }

  /// Whether `count` is valid, and `count` elements of `bytes` bytes fit into memory.
  static func holds(_ count: Int, of bytes: Int) -> Bool {
    count > 0 && (try? Memory.require(count, of: bytes, for: "")) != nil
  }

  private func draw(_ kind: ol_random_kind, _ type: TensorType) -> Tensor {
    if let flaw = type.flaw {
      return Tensor(invalid: "random numbers of shape \(type.shape): \(flaw)")
    }
    guard type.dtype.isFloating else {
      return Tensor(invalid: "random numbers are float32 or float64, not \(type.dtype.rawValue)")
    }
    return Tensor(type: type) { draw(kind, type.dtype, type.count, to: $0) }
  }

  private func draw(
    _ kind: ol_random_kind, _ dtype: DType, _ count: Int, to pointer: UnsafeMutableRawPointer
  ) {
    withUnsafeBytes(of: words) { key in
      ol_random(
        kind, dtype.kernel, key.assumingMemoryBound(to: UInt32.self).baseAddress, Int64(count),
        pointer, 1)
    }
  }
}

extension DType {
  package var kernel: ol_dtype {
    switch self {
    case .float32: OL_F32
    case .float64: OL_F64
    case .int32: OL_I32
    }
  }
}

extension RandomKey {
  /// Keys of `count` streams that are independent of each other and of this one; none for a count
  /// that is negative or does not fit into memory.
  public func split(_ count: Int) -> [RandomKey] {
    guard Self.holds(count, of: MemoryLayout<RandomKey>.stride) else { return [] }
    let seed = UInt64(words.0) | UInt64(words.1) << 32
    let index = UInt64(words.2) | UInt64(words.3) << 32
    return (0..<count).map { RandomKey(seed: seed ^ index, purpose: "split", index: UInt64($0)) }
  }
}

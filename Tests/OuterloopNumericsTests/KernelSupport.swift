import COuterloopKernels
import Synchronization

// What the tests of the C kernels share.

private let instructionSetLock = Mutex(())

/// Runs `body` once for every instruction set this CPU has, then restores the one in use. The set
/// is process-wide, so only one test at a time may change it or compare bits.
func onEveryInstructionSet(_ body: (String) -> Void) {
  instructionSetLock.withLock { _ in
    let before = String(cString: ol_isa_name())
    for name in ["baseline", "avx2", "avx512"] where ol_isa_select(name) == 0 { body(name) }
    _ = ol_isa_select(before)
  }
}

protocol KernelScalar: BinaryFloatingPoint, BitwiseCopyable, SendableMetatype {
  static var dtype: ol_dtype { get }
}
extension Float: KernelScalar { static var dtype: ol_dtype { OL_F32 } }
extension Double: KernelScalar { static var dtype: ol_dtype { OL_F64 } }

/// Reproducible numbers without the kernels under test.
struct TestNumbers {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }

  mutating func values<T: KernelScalar>(_ count: Int) -> [T] {
    (0..<count).map { _ in T(Double(next() >> 11) * 0x1p-52 - 1) }
  }

  mutating func index(below limit: Int) -> Int { Int(next() >> 33) % limit }
}

/// Lends 64-byte aligned scratch memory, fenced: returns false if the kernel wrote past its end.
func withScratch(_ bytes: Int, _ body: (UnsafeMutableRawPointer) -> Void) -> Bool {
  let fence = 256
  let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes + fence, alignment: 64)
  defer { memory.deallocate() }
  memory.initializeMemory(as: UInt8.self, repeating: 0xFF, count: bytes + fence)  // NaNs
  body(memory)
  return (bytes..<bytes + fence).allSatisfy {
    memory.load(fromByteOffset: $0, as: UInt8.self) == 0xFF
  }
}

/// The largest difference, in units of `scale`; infinite when one side is NaN.
func worstDifference<T: KernelScalar>(_ got: [T], _ want: [Double], scale: Double) -> Double {
  var worst = 0.0
  for (g, w) in zip(got, want) {
    let difference = abs(Double(g) - w) / scale
    worst = difference <= worst ? worst : difference.isNaN ? .infinity : difference
  }
  return worst
}

extension Array where Element: KernelScalar {
  /// Equality of bits, so that NaN equals itself and 0 is not -0.
  func sameBits(as other: Self) -> Bool {
    count == other.count
      && withUnsafeBytes { a in other.withUnsafeBytes { b in a.elementsEqual(b) } }
  }
}

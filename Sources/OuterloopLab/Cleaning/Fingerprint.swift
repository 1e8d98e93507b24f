internal import OuterloopFoundation
internal import OuterloopLearning

/// A 64-bit hash of numbers and bytes, the same in every process: it distinguishes data sets and
/// detects damaged files. It is not collision-resistant against attackers.
///
/// Each 64-bit word is mixed by a multiplication of which both halves are used
/// (as in W. Yi's wyhash).
struct Fingerprint: Sendable {
  private var state: UInt64 = 0x9E37_79B9_7F4A_7C15

  mutating func add(_ word: UInt64) {
    let product = (state ^ word).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
    // The word itself again, so that no state can absorb it.
    state = (product.high ^ product.low) &+ (word &* 0xA076_1D64_78BD_642F) &+ 1
  }

  /// Bytes and their number; words are read as the machine's own.
  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    add(UInt64(bytes.count))
    let whole = bytes.count / 8 * 8
    for start in stride(from: 0, to: whole, by: 8) {
      add(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self)))
    }
    var rest: UInt64 = 0
    for byte in bytes[whole...] { rest = rest << 8 | UInt64(byte) }
    if whole < bytes.count { add(rest) }
  }

  mutating func add(_ text: String) {
    var text = text
    text.withUTF8 { add(UnsafeRawBufferPointer($0)) }
  }

  /// Examples and their labels.
  mutating func add(_ data: LabeledData) {
    for size in data.shape + [data.count, data.classCount] { add(UInt64(size)) }
    for name in data.classNames { add(name) }
    data.features.withUnsafeBytes { add($0) }
    data.labels.withUnsafeBytes { add($0) }
  }

  /// The same of sparse examples.
  mutating func add(_ data: SparseData) {
    for size in [data.featureCount, data.count] { add(UInt64(size)) }
    for name in data.classNames { add(name) }
    data.rowStarts.withUnsafeBytes { add($0) }
    data.columns.withUnsafeBytes { add($0) }
    data.values.withUnsafeBytes { add($0) }
    data.labels.withUnsafeBytes { add($0) }
  }

  var value: UInt64 {
    var last = self
    last.add(0)
    return last.state
  }

  /// The value as 16 hexadecimal digits.
  var text: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

extension Fingerprint {
  /// The settings of an experiment and the version of its implementation.
  init(of experiment: some Experiment) throws {
    self.init()
    // Increased when the same settings give different numbers.
    add(3)
    add(type(of: experiment).name)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    add(String(decoding: try encoder.encode(experiment), as: UTF8.self))
  }
}

/// 1797 handwritten digits of 8x8 pixels with 17 grey levels, bundled with the package.
///
/// Source: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine
/// Learning Repository (1998), CC BY 4.0, test part; in the form and order of scikit-learn 1.9.1
/// (BSD-3-Clause). Packed by `Scripts/pack-digits.py`.
public enum Digits {
  /// The digits: shape `[8, 8]`, values 0...16, classes `0` to `9`, in scikit-learn's order.
  ///
  /// - Throws: `DataError`, if the packed bytes are damaged.
  /// - Complexity: about a millisecond; memory 0.5 MB.
  public static func load() throws -> LabeledData {
    let name = "digits (built in)"
    let stream = try ByteStream(bytes: unpackedBase64(), name: name, limit: 1 << 20)
    var bytes: [UInt8] = []
    let size = 64
    let count = 1797
    guard try stream.read(count * (size + 1) + 1, into: &bytes) == count * (size + 1) else {
      throw DataError(
        .corrupt, file: name, what: "the packed digits are incomplete",
        remedy: "run Scripts/pack-digits.py again")
    }
    return try LabeledData(
      shape: [8, 8], features: bytes.prefix(count * size).map { Float($0) },
      labels: bytes.dropFirst(count * size).map { Int32($0) },
      classNames: (0..<10).map(String.init), source: name)
  }

  /// The gzip stream behind the text, four characters for three bytes.
  private static func unpackedBase64() -> [UInt8] {
    var bytes: [UInt8] = []
    var bits: UInt32 = 0
    var held: UInt32 = 0
    packed.withUTF8Buffer { text in
      bytes.reserveCapacity(text.count * 3 / 4)
      for character in text {
        let value: UInt8
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): value = character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): value = character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): value = 62
        case UInt8(ascii: "/"): value = 63
        default: continue
        }
        bits = bits << 6 | UInt32(value)
        held += 6
        if held >= 8 {
          held -= 8
          bytes.append(UInt8(truncatingIfNeeded: bits >> held))
        }
      }
    }
    return bytes
  }
}

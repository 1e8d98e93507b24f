/// Small valid files that mutations start from.
public enum ReaderSeeds {
  public static let all: [[UInt8]] = plain + plain.map(storedGzip) + [deflated]

  private static let plain: [[UInt8]] = idx + texts.map { Array($0.utf8) } + encoded

  private static let idx: [[UInt8]] = [
    idx(0x08, [4, 2, 3], width: 1), idx(0x08, [4], width: 1), idx(0x09, [3, 2], width: 1),
    idx(0x0B, [3, 2], width: 2), idx(0x0C, [6], width: 4), idx(0x0D, [2, 2], width: 4),
    idx(0x0E, [2, 1], width: 8),
  ]

  private static let texts = [
    "a,b,target\n1,2.5,1\n-3,4e-1,0\n0.125,7,1\n",
    "5.1,3.5,rose\r\n4.9,3,lily\r\n\r\n6,1e2,rose",
    "\u{FEFF}\"x, y\",\"z \"\"q\"\"\",label\n\"1\", 2 ,\"a\nb\"\n3,4,c\n",
    "0,1,label\n12345678901234567890,0.000001,-1\n1e38,1e-45,+1\n",
    "+1 1:0.5 3:-2 # so\n-1\n+1\t2:1e1 7:0\n",
    "0 5:1\n1 1:2 2:3\n2 4:1.25e-3\n",
    "id;size;color;day;kind\n1;1,5;red;2026-01-02;x\n2;?;blue;2026-01-03;y\n3;2,25;red;;x\n4;NA;blue;;\n",
    "color\tyes\tfruit\nred\t1\tapple\nblue\t0\tplum\nred\t\tapple\nblue\t1\tplum\n",
    "0.5,a,1\n1,b,0\n0.5,a,1\n1,b,1\n0.5,a,0\n",
  ]

  /// A table whose classes are not ASCII, in UTF-16 of both orders and in an encoding of one byte a
  /// letter.
  private static let encoded: [[UInt8]] = {
    let table =
      "a,kind\n1,\u{43A}\u{43E}\u{442}\n2,\u{43F}\u{451}\u{441}\n3,\u{43A}\u{43E}\u{442}\n"
    let units = Array(table.utf16)
    return [
      [0xFF, 0xFE] + units.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] },
      units.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] },
      Array("a,kind\n1,".utf8) + [0xEA, 0xEE, 0xF2] + Array("\n2,".utf8) + [0xEF, 0xB8, 0xF1]
        + Array("\n3,".utf8) + [0xEA, 0xEE, 0xF2, 10],
    ]
  }()

  /// Eighty rows of a table, compressed.
  private static let deflated: [UInt8] = [
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 51, 213, 51, 212, 49, 214, 51, 213, 41, 202, 47, 78, 229, 50,
    209, 179, 212, 49, 214, 201, 201, 204, 169, 228, 50, 29, 21, 31, 21, 31, 21, 31, 244, 226, 0,
    190, 55, 148, 45, 192, 3, 0, 0,
  ]

  private static func idx(_ type: UInt8, _ sizes: [UInt8], width: Int) -> [UInt8] {
    let count = sizes.reduce(width) { $0 * Int($1) }
    return [0, 0, type, UInt8(sizes.count)] + sizes.flatMap { [0, 0, 0, $0] }
      + (0..<count).map { $0 % width == width - 1 ? UInt8(truncatingIfNeeded: $0) : 0 }
  }

  /// Bytes as a gzip member with one stored block.
  static func storedGzip(_ bytes: [UInt8]) -> [UInt8] {
    let bytes = bytes.prefix(65_535)
    let low = UInt8(bytes.count & 255)
    let high = UInt8(bytes.count >> 8)
    var crc: UInt32 = ~0
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255, 1, low, high, ~low, ~high] + bytes
      + (0..<4).map { UInt8(truncatingIfNeeded: ~crc >> (8 * $0)) } + [low, high, 0, 0]
  }
}

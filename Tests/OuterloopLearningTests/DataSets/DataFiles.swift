import Foundation
import OuterloopLearning
import Testing

/// A folder that exists as long as the value that made it.
final class TemporaryFolder {
  let path: String

  init() {
    path = NSTemporaryDirectory() + "outerloop-data-" + UUID().uuidString
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch { Issue.record(error) }
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  /// Writes a file and returns its path.
  @discardableResult
  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    let file = path + "/" + name
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }

  @discardableResult
  func write(_ name: String, _ text: String) throws -> String {
    try write(name, Array(text.utf8))
  }
}

/// The bytes of an IDX file.
func idxFile(_ type: UInt8, _ sizes: [UInt32], _ data: [UInt8]) -> [UInt8] {
  [0, 0, type, UInt8(sizes.count)] + sizes.flatMap(bigEndianBytes) + data
}

func bigEndianBytes(_ value: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: value.bigEndian) { Array($0) }
}

/// Bytes as a gzip member of stored blocks.
func gzipped(_ bytes: [UInt8]) -> [UInt8] {
  var out: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
  var start = 0
  repeat {
    let count = min(bytes.count - start, 65_535)
    let isLast: UInt8 = start + count == bytes.count ? 1 : 0
    let low = UInt8(count & 255)
    let high = UInt8(count >> 8)
    out += [isLast, low, high, ~low, ~high] + bytes[start..<(start + count)]
    start += count
  } while start < bytes.count
  var crc: UInt32 = ~0
  for byte in bytes {
    crc ^= UInt32(byte)
    for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
  }
  for value in [~crc, UInt32(truncatingIfNeeded: bytes.count)] {
    out += bigEndianBytes(value).reversed()
  }
  return out
}

/// The error that `body` throws, which must be a `DataError`.
func dataError(
  _ location: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) throws -> DataError {
  let error = #expect(throws: DataError.self, sourceLocation: location, performing: body)
  return try #require(error, sourceLocation: location)
}

/// Published data sets, where a checkout has them beside it.
enum SharedData {
  /// The path of a file or folder in `../shared/data`, nil when it is not there.
  static func path(_ name: String) -> String? {
    // Tests/OuterloopLearningTests/DataSets/DataFiles.swift
    var root = URL(fileURLWithPath: #filePath)
    for _ in 0..<4 { root.deleteLastPathComponent() }
    let path = root.deletingLastPathComponent().appendingPathComponent("shared/data/\(name)").path
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }

  static func has(_ name: String) -> Bool { path(name) != nil }
}

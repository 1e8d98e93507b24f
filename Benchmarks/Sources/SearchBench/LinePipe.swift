import Foundation

/// JSON lines on standard input and output. Values that JSON cannot write are "inf", "-inf", "nan".
struct LinePipe {
  private let encoder = JSONEncoder()
  private let decoder = JSONDecoder()

  init() {
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
  }

  func decode<T: Decodable>(_ type: T.Type, _ line: String) throws -> T {
    try decoder.decode(type, from: Data(line.utf8))
  }

  func send(_ value: some Encodable) throws {
    print(String(decoding: try encoder.encode(value), as: UTF8.self))
    fflush(nil)
  }
}

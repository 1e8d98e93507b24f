internal import OuterloopFoundation

/// A value of any type in a file of runs: runs of one experiment may have different types.
///
/// Numbers are converted through `Double`, which JSON represents without loss.
enum StoredValue: Codable {
  case null
  case flag(Bool)
  case number(Double)
  case text(String)
  case list([StoredValue])
  case table([String: StoredValue])

  init(_ value: some Encodable) throws {
    self = try Self.decoder.decode(StoredValue.self, from: Self.encoder.encode(value))
  }

  /// - Throws: `DecodingError` for a value of another type.
  func value<Value: Decodable>(as _: Value.Type) throws -> Value {
    try Self.decoder.decode(Value.self, from: Self.encoder.encode(self))
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .flag(value)
    } else if let value = try? container.decode(String.self) {
      self = .text(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode([StoredValue].self) {
      self = .list(value)
    } else {
      self = .table(try container.decode([String: StoredValue].self))
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .flag(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .text(let value): try container.encode(value)
    case .list(let value): try container.encode(value)
    case .table(let value): try container.encode(value)
    }
  }

  /// Non-finite numbers are `"inf"`, `"-inf"` and `"nan"`.
  static var encoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return encoder
  }

  static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return decoder
  }
}

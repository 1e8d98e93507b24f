/// A parameter as space files and the store write it:
///
///     {"name": "lr", "type": "float", "low": 1e-5, "high": 0.1, "log": true}
///     {"name": "act", "type": "categorical", "choices": ["relu", "tanh"], "if": "layers > 1"}
extension ParameterDeclaration: Codable {
  private enum Key: String, CodingKey {
    case name, type, low, high, log, step, choices, value
    case condition = "if"
  }

  /// Reads the form of a space file: `name`, `type`, and what the type needs.
  ///
  /// - Throws: `DecodingError` for missing fields, and `SpaceError` for values that do not fit.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let name = try container.decode(String.self, forKey: .name)
    var fields = ParameterFields(type: try container.decode(String.self, forKey: .type))
    fields.low = try container.decodeIfPresent(Double.self, forKey: .low)
    fields.high = try container.decodeIfPresent(Double.self, forKey: .high)
    fields.log = try container.decodeIfPresent(Bool.self, forKey: .log)
    fields.step = try container.decodeIfPresent(Double.self, forKey: .step)
    fields.choices = try container.decodeIfPresent([ParameterValue].self, forKey: .choices)
    fields.value = try container.decodeIfPresent(ParameterValue.self, forKey: .value)
    self.init(
      name, try naming("parameter `\(name)`") { try fields.domain() },
      if: try container.decodeIfPresent(String.self, forKey: .condition))
  }

  /// Writes the form that `init(from:)` reads.
  ///
  /// - Throws: what the encoder throws.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(name, forKey: .name)
    switch domain {
    case .float(let range): try encode(range, "float", into: &container)
    case .int(let range): try encode(range, "int", into: &container)
    case .ordinal(let choices):
      try container.encode("ordinal", forKey: .type)
      try container.encode(choices, forKey: .choices)
    case .categorical(let choices):
      try container.encode("categorical", forKey: .type)
      try container.encode(choices, forKey: .choices)
    case .constant(let value):
      try container.encode("constant", forKey: .type)
      try container.encode(value, forKey: .value)
    }
    try container.encodeIfPresent(condition, forKey: .condition)
  }

  private func encode(
    _ range: NumericRange, _ type: String, into container: inout KeyedEncodingContainer<Key>
  ) throws {
    try container.encode(type, forKey: .type)
    try container.encode(domain.numeric(range.low), forKey: .low)
    try container.encode(domain.numeric(range.high), forKey: .high)
    if range.isLog { try container.encode(true, forKey: .log) }
    if let step = range.step { try container.encode(domain.numeric(step), forKey: .step) }
  }
}

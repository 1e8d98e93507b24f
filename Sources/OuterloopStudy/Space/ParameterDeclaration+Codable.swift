/// A parameter as it stands in space files and in the store:
///
///     {"name": "lr", "type": "float", "low": 1e-5, "high": 0.1, "log": true}
///     {"name": "act", "type": "categorical", "choices": ["relu", "tanh"], "if": "layers > 1"}
extension ParameterDeclaration: Codable {
  private enum Key: String, CodingKey, CaseIterable {
    case name, type, low, high, log, step, choices, value
    case condition = "if"
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let name = try container.decode(String.self, forKey: .name)
    let type = try container.decode(String.self, forKey: .type)
    let domain: Domain = try naming("parameter `\(name)`") {
      switch type {
      case "float", "int":
        let low = try container.decode(Double.self, forKey: .low)
        let high = try container.decode(Double.self, forKey: .high)
        let log = try container.decodeIfPresent(Bool.self, forKey: .log) ?? false
        let step = try container.decodeIfPresent(Double.self, forKey: .step)
        if type == "float" { return .float(try NumericRange(low, high, log: log, step: step)) }
        guard let low = Int(exactly: low), let high = Int(exactly: high),
          let step = Int(exactly: step ?? 1)
        else {
          throw SpaceError("an int has ends or a step that are not whole", "make it a float")
        }
        return try .int(low, high, log: log, step: step)
      case "categorical", "choice":
        return .categorical(try container.decode([ParameterValue].self, forKey: .choices))
      case "ordinal":
        return .ordinal(try container.decode([ParameterValue].self, forKey: .choices))
      case "constant":
        return .constant(try container.decode(ParameterValue.self, forKey: .value))
      default:
        throw SpaceError(
          "`\(type)` is not a type of parameter",
          "the types are float, int, ordinal, categorical and constant")
      }
    }
    self.init(name, domain, if: try container.decodeIfPresent(String.self, forKey: .condition))
  }

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

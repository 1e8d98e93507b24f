package import OuterloopStudy
package import OuterloopText

extension JSON {
  /// Non-finite numbers stay texts: no parameter has them.
  package var parameterValue: ParameterValue? {
    switch self {
    case .bool(let value): .bool(value)
    case .int(let value): .int(value)
    case .float(let value): .float(value)
    case .text(let value): .text(value)
    case .null, .array, .object: nil
    }
  }

  /// Values by name, sorted, so that equal values are equal texts.
  package init<Value>(_ values: [String: Value], _ json: (Value) -> JSON) {
    self = .object(values.sorted { $0.key < $1.key }.map { Member(name: $0, value: json($1)) })
  }

  package init(_ values: [String: Double]) { self.init(values, JSON.float) }

  /// The values of an object by name, without invalid ones; empty for anything else.
  package func values<Value>(_ value: (JSON) -> Value?) -> [String: Value] {
    var values: [String: Value] = [:]
    for member in members ?? [] { values[member.name] = value(member.value) }
    return values
  }

  /// Numbers by name; nil if one is not a number.
  package var numbers: [String: Double]? {
    guard let members else { return nil }
    var values: [String: Double] = [:]
    for member in members {
      guard let number = member.value.number else { return nil }
      values[member.name] = number
    }
    return values
  }
}

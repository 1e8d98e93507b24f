internal import OuterloopText

/// A parameter's domain as named fields, as space files and the store write it:
///
///     {"type": "float", "low": 1e-5, "high": 0.1, "log": true}
package struct ParameterFields: Sendable {
  package var type: String
  package var low: Double?
  package var high: Double?
  package var log: Bool?
  package var step: Double?
  package var choices: [ParameterValue]?
  package var value: ParameterValue?

  package init(type: String) { self.type = type }

  package static let types = ["float", "int", "ordinal", "categorical", "constant"]

  /// - Throws: `SpaceError` for an unknown type, a missing or superfluous field, and impossible
  ///   values.
  package func domain() throws -> Domain {
    switch type {
    case "float":
      try refuse(choices, "choices")
      try refuse(value, "value")
      return .float(
        try NumericRange(
          try need(low, "low"), try need(high, "high"), log: log ?? false, step: step))
    case "int":
      try refuse(choices, "choices")
      try refuse(value, "value")
      guard let low = Int(exactly: try need(low, "low")),
        let high = Int(exactly: try need(high, "high")), let step = Int(exactly: step ?? 1)
      else {
        throw SpaceError(
          "an int has ends or a step that are not whole", "use a float, or whole numbers")
      }
      return try .int(low, high, log: log ?? false, step: step)
    case "ordinal":
      try refuseNumbers()
      return try Domain.ordinal(try need(choices, "choices")).checked()
    case "categorical", "choice":
      try refuseNumbers()
      return try Domain.categorical(try need(choices, "choices")).checked()
    case "constant":
      try refuseNumbers()
      try refuse(choices, "choices")
      return try Domain.constant(try need(value, "value")).checked()
    default:
      throw SpaceError(
        "`\(type)` is not a type of parameter",
        Spelling.remedy(for: type, among: Self.types, called: "types"))
    }
  }

  private func refuseNumbers() throws {
    try refuse(low, "low")
    try refuse(high, "high")
    try refuse(step, "step")
    try refuse(log, "log")
    if type != "constant" { try refuse(value, "value") }
  }

  private func refuse<T>(_ field: T?, _ key: String) throws {
    if field != nil {
      throw SpaceError("a parameter of type \(type) has no `\(key)`", "remove it")
    }
  }

  private func need<T>(_ field: T?, _ key: String) throws -> T {
    guard let field else {
      throw SpaceError("a parameter of type \(type) needs `\(key)`", "add it")
    }
    return field
  }
}

internal import OuterloopText

/// A query parameter of a route: its name and schema, for the description of the API. The route itself checks the
/// value, with an error that includes a remedy.
struct RouteParameter: Sendable {
  var name: String
  /// A JSON Schema.
  var schema: JSON
  /// Whether it may be given several times.
  var repeats = false
  var isRequired = false

  static func text(_ name: String) -> RouteParameter {
    RouteParameter(name: name, schema: .object(["type": .text("string")]))
  }

  /// A non-negative integer.
  static func count(_ name: String) -> RouteParameter {
    RouteParameter(name: name, schema: .count)
  }

  /// An angle in degrees.
  static func degrees(_ name: String) -> RouteParameter {
    RouteParameter(
      name: name,
      schema: .object([
        "type": .text("number"), "minimum": .int(-1_000_000), "maximum": .int(1_000_000),
      ]))
  }

  static func flag(_ name: String) -> RouteParameter { oneOf(name, ["true", "false"]) }

  static func oneOf(_ name: String, _ words: [String]) -> RouteParameter {
    RouteParameter(
      name: name,
      schema: .object(["type": .text("string"), "enum": .array(words.map { .text($0) })]))
  }

  /// Comma-separated numbers of studies.
  static func numbers(_ name: String) -> RouteParameter {
    RouteParameter(
      name: name,
      schema: .object([
        "type": .text("string"), "pattern": .text("^[0-9]{1,9}(,[0-9]{1,9}){0,99}$"),
      ]),
      isRequired: true)
  }

  var repeated: RouteParameter {
    var parameter = self
    parameter.repeats = true
    return parameter
  }
}

extension JSON {
  /// The JSON Schema of a non-negative integer.
  static let count = JSON.object(["type": .text("integer"), "minimum": .int(0)])

  /// The JSON Schema of an object with these members and required names.
  static func body(_ members: KeyValuePairs<String, JSON>, required: [String] = []) -> JSON {
    var schema: [Member] = [
      Member(name: "type", value: .text("object")),
      Member(name: "properties", value: .object(members)),
    ]
    if !required.isEmpty {
      schema.append(Member(name: "required", value: .array(required.map { .text($0) })))
    }
    return .object(schema)
  }
}

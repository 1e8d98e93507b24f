internal import OuterloopStudy

/// Reads the format of this package:
///
///     parameters:
///       lr: log(1e-5, 1e-1)
///       momentum: {type: float, low: 0, high: 0.99, if: optimizer == sgd}
///       optimizer: [sgd, adam]
///     forbid:
///       - optimizer == adam and lr > 0.01
enum SpaceReader {
  static func space(_ root: Field) throws -> SearchSpace {
    guard try root.keys().contains("parameters") else {
      throw root.spaceError(
        "there is no key `parameters`", "begin with `parameters:` and a line for each parameter")
    }
    let fields = try root.fields(["parameters", "forbid"])
    var declarations: [ParameterDeclaration] = []
    var places: [String: Field] = [:]
    for (name, field) in try fields["parameters"].map(parameters) ?? [] {
      declarations.append(
        try field.naming { try naming("parameter `\(name)`") { try declaration(name, field) } })
      places[name] = field
    }
    var space = try Self.space(declarations, places, root)
    for statement in try fields["forbid"].map(statements) ?? [] {
      let text = try statement.text()
      try statement.naming { try space.forbid(text) }
    }
    return space
  }

  /// An error about the whole space gets the line of the parameter that it names.
  static func space(
    _ declarations: [ParameterDeclaration], _ places: [String: Field], _ root: Field
  ) throws -> SearchSpace {
    do {
      return try SearchSpace(declarations)
    } catch let error as SpaceError {
      let named = declarations.first { error.place.first == "parameter `\($0.name)`" }
      throw error.inside((named.flatMap { places[$0.name] } ?? root).place)
    }
  }

  /// `name: declaration` lines, or a list of mappings with a `name`.
  private static func parameters(_ field: Field) throws -> [(String, Field)] {
    guard field.isList else { return try field.entries().map { ($0.key, $0.value) } }
    return try field.items().map { item in
      guard let name = try item.entries().first(where: { $0.key == "name" })?.value else {
        throw item.spaceError("a parameter has no `name`", "add it")
      }
      return (try name.text(), item)
    }
  }

  private static func declaration(_ name: String, _ field: Field) throws -> ParameterDeclaration {
    if field.isList {
      return ParameterDeclaration(name, .categorical(try field.items().map { try $0.value() }))
    }
    guard field.isMapping else {
      return try ParameterDeclaration(name, parsing: try field.value().description)
    }
    let given = try field.fields([
      "name", "type", "low", "high", "log", "step", "choices", "value", "if",
    ])
    guard let type = given["type"] else {
      throw SpaceError(
        "it has no `type`", "the types are \(ParameterFields.types.joined(separator: ", "))")
    }
    var fields = ParameterFields(type: try type.text())
    fields.low = try given["low"]?.number()
    fields.high = try given["high"]?.number()
    fields.log = try given["log"]?.flag()
    fields.step = try given["step"]?.number()
    fields.choices = try given["choices"]?.items().map { try $0.value() }
    fields.value = try given["value"]?.value()
    return ParameterDeclaration(name, try fields.domain(), if: try given["if"]?.text())
  }

  private static func statements(_ field: Field) throws -> [Field] {
    field.isList ? try field.items() : [field]
  }
}

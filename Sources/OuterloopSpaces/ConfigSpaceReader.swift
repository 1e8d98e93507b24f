internal import OuterloopStudy
internal import OuterloopText

/// Reads ConfigSpace's JSON: format 0.4, and the keys `default`, `q`, `probabilities` and `lambda`
/// of earlier ones.
///
/// The space has the same values, active parameters and forbidden combinations. ConfigSpace's
/// distributions (normal and beta priors, weights) and defaults cannot be represented in a space
/// here: they are listed in `notes`. A normal prior without bounds has no range and is refused.
struct ConfigSpaceReader {
  private(set) var notes: [String] = []
  /// The choices of ordinals: conditions and clauses compare them by their order.
  private var ordinals: [String: [ParameterValue]] = [:]

  mutating func space(_ root: Field) throws -> SearchSpace {
    let fields = try root.fields([
      "name", "hyperparameters", "conditions", "forbiddens", "format_version",
      "json_format_version", "python_module_version", "meta",
    ])
    var declarations: [ParameterDeclaration] = []
    var places: [String: Field] = [:]
    for field in try fields["hyperparameters"]?.items() ?? [] {
      let declaration = try field.naming { try self.declaration(field) }
      declarations.append(declaration)
      places[declaration.name] = field
    }
    // Several conditions on one child must all hold.
    var conditions: [String: [String]] = [:]
    for field in try fields["conditions"]?.items() ?? [] {
      let (child, text) = try condition(field)
      guard places[child] != nil else {
        throw field.spaceError(
          "there is no parameter `\(child)`",
          Spelling.remedy(for: child, among: declarations.map(\.name), called: "parameters"))
      }
      conditions[child, default: []].append("(\(text))")
    }
    for index in declarations.indices {
      declarations[index].condition = conditions[declarations[index].name]?.joined(
        separator: " and ")
    }
    var space = try SpaceReader.space(declarations, places, root)
    for field in try fields["forbiddens"]?.items() ?? [] {
      let text = try clause(field)
      try field.naming { try space.forbid(text) }
    }
    return space
  }

  // MARK: Hyperparameters

  private mutating func declaration(_ field: Field) throws -> ParameterDeclaration {
    let name = try Self.need("name", field).text()
    return try naming("parameter `\(name)`") {
      let type = try Self.need("type", field).text()
      return ParameterDeclaration(name, try domain(name, type, field))
    }
  }

  private mutating func domain(_ name: String, _ type: String, _ field: Field) throws -> Domain {
    let always = ["name", "type", "meta", "default", "default_value"]
    let bounds = ["lower", "upper", "log", "q"]
    switch type {
    case "uniform_float", "uniform_int":
      return try range(type, try field.fields(always + bounds), field)
    case "normal_float", "normal_int":
      notes.append("`\(name)`: its normal prior is not used, values are uniform between the bounds")
      return try range(type, try field.fields(always + bounds + ["mu", "sigma"]), field)
    case "beta_float", "beta_int":
      notes.append("`\(name)`: its beta prior is not used, values are uniform between the bounds")
      return try range(type, try field.fields(always + bounds + ["alpha", "beta"]), field)
    case "categorical":
      let given = try field.fields(always + ["choices", "weights", "probabilities"])
      if let weights = given["weights"] ?? given["probabilities"], !weights.isNull,
        Set(try weights.items().map { try $0.number() }).count > 1
      {
        notes.append("`\(name)`: its weights are not used, choices are equally probable")
      }
      return .categorical(try Self.values("choices", field))
    case "ordinal":
      _ = try field.fields(always + ["sequence"])
      let choices = try Self.values("sequence", field)
      ordinals[name] = choices
      return .ordinal(choices)
    case "constant", "unparametrized":
      _ = try field.fields(always + ["value"])
      return .constant(try Self.need("value", field).value())
    default:
      throw SpaceError(
        "`\(type)` is not a type of hyperparameter of ConfigSpace",
        "the types are {uniform,normal,beta}_{float,int}, categorical, ordinal and constant")
    }
  }

  private func range(_ type: String, _ given: [String: Field], _ field: Field) throws -> Domain {
    guard let lower = given["lower"], let upper = given["upper"], !lower.isNull, !upper.isNull
    else {
      throw SpaceError("it has no bounds, so it has no finite range", "add `lower` and `upper`")
    }
    var fields = ParameterFields(type: type.hasSuffix("int") ? "int" : "float")
    fields.low = try lower.number()
    fields.high = try upper.number()
    if let log = given["log"], !log.isNull { fields.log = try log.flag() }
    if let step = given["q"], !step.isNull { fields.step = try step.number() }
    return try fields.domain()
  }

  // MARK: Conditions

  /// The child and what must hold for it.
  private func condition(_ field: Field) throws -> (child: String, text: String) {
    let child = try Self.need("child", field).text()
    let type = try Self.need("type", field).text()
    switch type {
    case "AND", "OR":
      _ = try field.fields(["child", "type", "conditions"])
      let parts = try Self.need("conditions", field).items().map { part in
        let (own, text) = try condition(part)
        guard own == child else {
          throw part.spaceError(
            "a condition on `\(own)` stands within one on `\(child)`", "give both the same child")
        }
        return text
      }
      return (child, try Self.joined(parts, by: type, field))
    case "IN":
      _ = try field.fields(["child", "type", "parent", "values"])
      let parent = try Self.need("parent", field).text()
      return (child, Self.membership(parent, try Self.values("values", field)))
    default:
      _ = try field.fields(["child", "type", "parent", "value"])
      let parent = try Self.need("parent", field).text()
      let signs = ["EQ": "==", "NEQ": "!=", "LT": "<", "GT": ">"]
      guard let sign = signs[type] else {
        throw field.spaceError(
          "`\(type)` is not a type of condition", "the types are EQ, NEQ, LT, GT, IN, AND and OR")
      }
      return (child, try comparison(parent, sign, try Self.need("value", field)))
    }
  }

  // MARK: Forbidden clauses

  private func clause(_ field: Field) throws -> String {
    let type = try Self.need("type", field).text()
    let signs = ["LT": "<", "LE": "<=", "EQ": "==", "GT": ">", "GE": ">="]
    switch type {
    case "AND", "OR":
      _ = try field.fields(["type", "clauses"])
      return try Self.joined(
        try Self.need("clauses", field).items().map { try clause($0) }, by: type, field)
    case "IN":
      _ = try field.fields(["type", "name", "values"])
      return Self.membership(
        try Self.need("name", field).text(), try Self.values("values", field))
    case "EQUALS", "CLAUSE_LT", "CLAUSE_LE", "CLAUSE_GT", "CLAUSE_GE":
      _ = try field.fields(["type", "name", "value"])
      let name = try Self.need("name", field).text()
      return try comparison(
        name, signs[String(type.suffix(2))] ?? "==", try Self.need("value", field))
    case "RELATION", "RELATION_LT", "RELATION_LE", "RELATION_EQ", "RELATION_GT", "RELATION_GE":
      _ = try field.fields(["type", "left", "right", "lambda"])
      // `lambda` held the relation before it became part of the type.
      let relation =
        type == "RELATION" ? try Self.need("lambda", field).text() : String(type.suffix(2))
      guard let sign = signs[relation] else {
        throw field.spaceError(
          "`\(relation)` is not a relation", "the relations are LT, LE, EQ, GT and GE")
      }
      let (left, right) = (try Self.need("left", field), try Self.need("right", field))
      return "`\(try left.text())` \(sign) `\(try right.text())`"
    default:
      throw field.spaceError(
        "`\(type)` is not a type of forbidden clause",
        "the types are EQUALS, IN, AND, OR, CLAUSE_... and RELATION_...")
    }
  }

  // MARK: Formulas

  /// Ordinals are compared by their order, everything else by value.
  private func comparison(_ name: String, _ sign: String, _ field: Field) throws -> String {
    let value = try field.value()
    guard sign != "==", sign != "!=", let choices = ordinals[name] else {
      return "`\(name)` \(sign) \(Self.spelled(value))"
    }
    guard let place = choices.firstIndex(where: { $0.matches(value) }) else {
      throw field.spaceError("`\(name)` is never `\(value)`", "use one of its values")
    }
    let isMeant: (Int) -> Bool =
      switch sign {
      case "<": { $0 < place }
      case "<=": { $0 <= place }
      case ">": { $0 > place }
      default: { $0 >= place }
      }
    let meant = choices.indices.filter(isMeant).map { choices[$0] }
    return meant.isEmpty ? "false" : Self.membership(name, meant)
  }

  private static func membership(_ name: String, _ values: [ParameterValue]) -> String {
    "`\(name)` in [\(values.map(spelled).joined(separator: ", "))]"
  }

  private static func joined(_ parts: [String], by type: String, _ field: Field) throws -> String {
    guard !parts.isEmpty else { throw field.spaceError("\(type) joins nothing", "list its parts") }
    return parts.map { "(\($0))" }.joined(separator: type == "AND" ? " and " : " or ")
  }

  private static func spelled(_ value: ParameterValue) -> String {
    if case .text(let text) = value { ParameterValue.quoted(text) } else { value.description }
  }

  private static func need(_ key: String, _ field: Field) throws -> Field {
    guard let value = try field.entries().first(where: { $0.key == key })?.value else {
      throw field.spaceError("the key `\(key)` is missing", "add it")
    }
    return value
  }

  private static func values(_ key: String, _ field: Field) throws -> [ParameterValue] {
    try need(key, field).items().map { try $0.value() }
  }
}

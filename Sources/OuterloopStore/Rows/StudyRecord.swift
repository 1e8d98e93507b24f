internal import OuterloopStudy
internal import OuterloopText

/// A study's specification in the column `specification`: lossless JSON, which keeps the difference
/// between the choices `16.0` and `16`, and seeds beyond 2^63.
struct StudyRecord {
  var specification: StudySpecification

  init(_ specification: StudySpecification) { self.specification = specification }

  var json: JSON {
    guard case .object(let members) = core else { return core }
    return .object(members + terms)
  }

  private var core: JSON {
    .object([
      "space": Self.json(specification.space),
      "objectives": .array(
        specification.objectives.map {
          .object(["metric": .text($0.metric), "direction": .text($0.direction.rawValue)])
        }),
      "method": Self.json(specification.method),
      "seed": .text(String(specification.seed)), "epochs": .int(specification.epochs),
      "retries": .int(specification.retries), "maxAttempts": .int(specification.maxAttempts),
    ])
  }

  /// The sampler, and the scheduler and the stopping rules where there are any.
  private static func json(_ method: MethodDescription) -> JSON {
    guard case .object(var members) = json(method.sampler) else { return .null }
    if method.scheduler != .fullTraining {
      members.append(JSON.Member(name: "scheduler", value: json(method.scheduler)))
    }
    if !method.stopRules.isEmpty {
      members.append(
        JSON.Member(name: "stopRules", value: .array(method.stopRules.map { json($0) })))
    }
    return .object(members)
  }

  private static func json(_ component: ComponentDescription) -> JSON {
    .object([
      "name": .text(component.name),
      "options": JSON(component.options) { JSON($0) },
    ])
  }

  /// - Throws: `JSONReader.Failure` if the JSON is invalid.
  private static func component(_ json: JSON) throws -> ComponentDescription {
    guard let name = json["name"]?.text else { throw JSONReader.Failure() }
    return ComponentDescription(name, json["options"]?.values(\.parameterValue) ?? [:])
  }

  /// The part that may change, for the column `settings`.
  static func json(_ settings: StudySettings) -> JSON {
    guard case .object(let members) = json(settings.budget) else { return .null }
    let attributes = JSON(settings.attributes) { .text($0) }
    return .object(members + [JSON.Member(name: "attributes", value: attributes)])
  }

  /// - Throws: `SpaceError`, `StudyError`, or `JSONReader.Failure` if the JSON is invalid.
  init(name: String, specification: String, settings: String) throws {
    guard let json = JSONReader.value(specification), let settings = JSONReader.value(settings),
      let space = json["space"], let method = json["method"],
      let seed = json["seed"]?.text.flatMap({ UInt64($0) }), let epochs = json["epochs"]?.int,
      let retries = json["retries"]?.int, let maxAttempts = json["maxAttempts"]?.int
    else { throw JSONReader.Failure() }
    let objectives = try (json["objectives"]?.array ?? []).map { item in
      guard let metric = item["metric"]?.text,
        let direction = item["direction"]?.text.flatMap(Objective.Direction.init(rawValue:))
      else { throw JSONReader.Failure() }
      return Objective(metric, direction)
    }
    self.specification = try StudySpecification(
      name: name, space: Self.space(space), objectives: objectives,
      constraints: Self.constraints(json["constraints"]), cost: Self.cost(json["cost"]),
      priors: Self.priors(json["priors"] ?? .array([])), earlier: Self.earlier(json["earlier"]),
      method: MethodDescription(
        Self.component(method),
        scheduler: method["scheduler"].map(Self.component) ?? .fullTraining,
        stopRules: (method["stopRules"]?.array ?? []).map(Self.component)), seed: seed,
      epochs: epochs, budget: Self.budget(settings), retries: retries, maxAttempts: maxAttempts,
      attributes: settings["attributes"]?.values(\.text) ?? [:])
  }
}

extension StudyRecord {
  static func json(_ space: SearchSpace) -> JSON {
    .object([
      "parameters": .array(space.parameters.map(json)),
      "forbidden": .array(space.forbidden.map { .text($0.description) }),
    ])
  }

  private static func json(_ parameter: Parameter) -> JSON {
    var members = [JSON.Member(name: "name", value: .text(parameter.name))]
    func add(_ name: String, _ value: JSON) { members.append(.init(name: name, value: value)) }
    switch parameter.domain {
    case .float(let range), .int(let range):
      add("type", .text(parameter.domain.isInteger ? "int" : "float"))
      add("low", JSON(parameter.domain.numeric(range.low)))
      add("high", JSON(parameter.domain.numeric(range.high)))
      if range.isLog { add("log", .bool(true)) }
      if let step = range.step { add("step", JSON(parameter.domain.numeric(step))) }
    case .ordinal(let choices):
      add("type", .text("ordinal"))
      add("choices", .array(choices.map { JSON($0) }))
    case .categorical(let choices):
      add("type", .text("categorical"))
      add("choices", .array(choices.map { JSON($0) }))
    case .constant(let value):
      add("type", .text("constant"))
      add("value", JSON(value))
    }
    if let condition = parameter.condition { add("if", .text(condition.description)) }
    return .object(members)
  }

  /// - Throws: `SpaceError` or `JSONReader.Failure` if the JSON is invalid.
  static func space(_ json: JSON) throws -> SearchSpace {
    let declarations = try (json["parameters"]?.array ?? []).map { item in
      guard let name = item["name"]?.text else { throw JSONReader.Failure() }
      return ParameterDeclaration(name, try domain(item), if: item["if"]?.text)
    }
    return try SearchSpace(
      declarations, forbidden: (json["forbidden"]?.array ?? []).compactMap(\.text))
  }

  private static func domain(_ json: JSON) throws -> Domain {
    func choices() throws -> [ParameterValue] {
      try (json["choices"]?.array ?? []).map {
        guard let value = $0.parameterValue else { throw JSONReader.Failure() }
        return value
      }
    }
    switch json["type"]?.text {
    case "float", "int":
      guard let low = json["low"]?.number, let high = json["high"]?.number else {
        throw JSONReader.Failure()
      }
      let range = try NumericRange(
        low, high, log: json["log"]?.bool ?? false, step: json["step"]?.number)
      return json["type"]?.text == "int" ? .int(range) : .float(range)
    case "ordinal": return .ordinal(try choices())
    case "categorical": return .categorical(try choices())
    case "constant":
      guard let value = json["value"]?.parameterValue else { throw JSONReader.Failure() }
      return .constant(value)
    default: throw JSONReader.Failure()
    }
  }
}

extension Domain {
  var isInteger: Bool { if case .int = self { true } else { false } }
}

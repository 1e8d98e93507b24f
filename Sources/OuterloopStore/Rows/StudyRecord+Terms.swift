internal import OuterloopStudy
internal import OuterloopText

// What a study may have apart from space and objectives: constraints on results, costs, priors. Each is
// in the JSON only if there is one.
extension StudyRecord {
  var terms: [JSON.Member] {
    var members: [JSON.Member] = []
    func add(_ name: String, _ value: JSON) { members.append(.init(name: name, value: value)) }
    if !specification.constraints.isEmpty {
      add(
        "constraints",
        .array(
          specification.constraints.map {
            .object([
              "metric": .text($0.metric), "relation": .text($0.relation.rawValue),
              "bound": .float($0.bound),
            ])
          }))
    }
    if let cost = specification.cost {
      add("cost", .object(["metric": .text(cost.metric), "horizon": Self.json(cost.horizon)]))
    }
    if !specification.priors.isEmpty { add("priors", .array(specification.priors.map(Self.json))) }
    if !specification.earlier.isEmpty {
      add("earlier", .array(specification.earlier.map(Self.json)))
    }
    return members
  }

  private static func json(_ result: KnownResult) -> JSON {
    .object([
      "params": JSON(result.params) { JSON($0) }, "values": JSON(result.values),
    ])
  }

  /// - Throws: `JSONReader.Failure` if the JSON is invalid.
  static func earlier(_ json: JSON?) throws -> [KnownResult] {
    try (json?.array ?? []).map { item in
      KnownResult(
        params: item["params"]?.values(\.parameterValue) ?? [:],
        values: try need(item["values"]?.numbers))
    }
  }

  /// - Throws: `JSONReader.Failure` if the JSON is invalid.
  static func constraints(_ json: JSON?) throws -> [OutcomeConstraint] {
    try (json?.array ?? []).map { item in
      guard let metric = item["metric"]?.text, let bound = item["bound"]?.number,
        let relation = item["relation"]?.text.flatMap(OutcomeConstraint.Relation.init(rawValue:))
      else { throw JSONReader.Failure() }
      return OutcomeConstraint(metric, relation, bound)
    }
  }

  static func cost(_ json: JSON?) -> TrialCost? {
    json.map { TrialCost($0["metric"]?.text, horizon: $0["horizon"].map(budget) ?? Budget()) }
  }

  static func json(_ budget: Budget) -> JSON {
    .object([
      "trials": .int(budget.trials), "epochs": .int(budget.epochs),
      "seconds": .float(budget.seconds),
    ])
  }

  static func budget(_ json: JSON) -> Budget {
    Budget(
      trials: json["trials"]?.int, epochs: json["epochs"]?.int, seconds: json["seconds"]?.number)
  }

  static func json(_ prior: ParameterPrior) -> JSON {
    var members = [
      JSON.Member(name: "parameter", value: .text(prior.parameter)),
      JSON.Member(name: "center", value: JSON(prior.center)),
    ]
    switch prior.spread {
    case nil: break
    case .factor(let factor): members.append(.init(name: "factor", value: .float(factor)))
    case .distance(let distance): members.append(.init(name: "distance", value: .float(distance)))
    }
    return .object(members)
  }

  /// - Throws: `JSONReader.Failure` if the JSON is invalid.
  static func priors(_ json: JSON) throws -> [ParameterPrior] {
    try (json.array ?? []).map { item in
      guard let parameter = item["parameter"]?.text, let center = item["center"]?.parameterValue
      else { throw JSONReader.Failure() }
      let spread =
        item["factor"]?.number.map(ParameterPrior.Spread.factor)
        ?? item["distance"]?.number.map(ParameterPrior.Spread.distance)
      return ParameterPrior(parameter, center, spread)
    }
  }
}

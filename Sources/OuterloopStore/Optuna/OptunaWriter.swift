internal import GRDB
internal import OuterloopStudy
internal import OuterloopText

/// Writes one study into Optuna's tables, as study 1.
struct OptunaWriter {
  private let db: Database
  private let specification: StudySpecification
  private let terms: OptunaTerms
  /// Whether the study was created by Optuna.
  private let isForeign: Bool
  /// By index of the parameter.
  private let names: [String]
  private let distributions: [String]

  init(_ db: Database, _ specification: StudySpecification) {
    self.db = db
    self.specification = specification
    let kept = OptunaTerms(of: specification)
    let terms = kept ?? OptunaTerms()
    self.terms = terms
    isForeign = kept != nil
    let parameters = specification.space.parameters
    names = parameters.map { terms.name(of: $0.name) }
    distributions = parameters.map { Self.distribution($0.domain, terms.choices[$0.name]).python }
  }

  func writeStudy() throws {
    try db.run("INSERT INTO studies VALUES (1, ?)", .text(specification.name))
    for (place, objective) in specification.objectives.enumerated() {
      try db.run(
        "INSERT INTO study_directions (direction, study_id, objective) VALUES (?, 1, ?)",
        .text(objective.direction == .minimize ? "MINIMIZE" : "MAXIMIZE"), .int(place))
    }
    let names = JSON.array(specification.objectives.map { .text($0.metric) }).description
    if let names = isForeign ? terms.metricNames : names {
      try db.run(
        #"INSERT INTO study_system_attributes (study_id, "key", value_json) VALUES (1, ?, ?)"#,
        .text(OptunaSchema.metricNamesKey), .text(names))
    }
    var attributes = terms.attributes
    attributes[OptunaSchema.specificationKey] = StudyRecord(specification).json.description
    attributes[OptunaSchema.settingsKey] =
      StudyRecord.json(specification.settings).description
    for (key, value) in attributes.sorted(by: { $0.key < $1.key }) {
      try db.run(
        #"INSERT INTO study_user_attributes (study_id, "key", value_json) VALUES (1, ?, ?)"#,
        .text(key), .text(value))
    }
  }

  func write(_ trial: Trial) throws {
    let id = Bound.int(trial.number + 1)
    try db.run(
      """
      INSERT INTO trials (trial_id, number, study_id, state, datetime_start, datetime_complete)
      VALUES (?, ?, 1, ?, ?, ?)
      """, id, .int(trial.number),
      .text(OptunaSchema.state(trial.state.name, values: trial.values ?? [])),
      .text(trial.started.map(LocalTime.text)), .text(trial.ended.map(LocalTime.text)))
    if trial.state == .waiting {
      // Optuna reads the parameters of a waiting trial from here.
      let given = zip(specification.space.parameters, trial.assignment.values).compactMap {
        parameter, value in value.map { self.given(parameter, $0) }
      }
      try attribute("system", OptunaSchema.fixedParametersKey, JSON.object(given).python, id)
    } else {
      try writeParameters(trial, id)
    }
    try writeValues(trial, id)
    try attribute("user", OptunaSchema.trialKey, extras(trial).description, id)
  }

  /// A parameter's value in Optuna's form.
  private func given(_ parameter: Parameter, _ value: ParameterValue) -> JSON.Member {
    let choice = terms.choices[parameter.name].flatMap { choices in
      parameter.domain.index(of: value).flatMap { $0 < choices.count ? choices[$0] : nil }
    }
    return JSON.Member(name: terms.name(of: parameter.name), value: choice ?? JSON(value))
  }

  private func writeParameters(_ trial: Trial, _ id: Bound) throws {
    for (index, value) in trial.assignment.values.enumerated() {
      guard let value else { continue }
      let parameter = specification.space.parameters[index]
      let place = parameter.domain.choices == nil ? nil : parameter.domain.index(of: value)
      guard let number = place.map(Double.init) ?? value.number else { continue }
      try db.run(
        """
        INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json)
        VALUES (?, ?, ?, ?)
        """, id, .text(names[index]), .real(number), .text(distributions[index]))
    }
  }

  private func writeValues(_ trial: Trial, _ id: Bound) throws {
    let metric = specification.objectives[0].metric
    var values = trial.values ?? []
    // A pruned trial's value is its last intermediate one.
    if trial.state == .pruned, specification.objectives.count == 1,
      let last = trial.reports.last?.values[metric]
    {
      values = [last]
    }
    if !values.contains(where: \.isNaN) {
      for (place, value) in values.enumerated() {
        let (number, type) = Self.typed(value)
        try db.run(
          "INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES (?, ?, ?, ?)",
          id, .int(place), number, type)
      }
    }
    try writeConstraints(trial, id)
    for report in trial.reports {
      guard let value = report.values[metric] else { continue }
      let (number, type) = Self.typed(value)
      try db.run(
        """
        INSERT INTO trial_intermediate_values
          (trial_id, step, intermediate_value, intermediate_value_type) VALUES (?, ?, ?, ?)
        """, id, .int(report.epoch - terms.shift), number, type)
    }
  }

  private func writeConstraints(_ trial: Trial, _ id: Bound) throws {
    guard isForeign else { return try writeExcesses(trial, id) }
    var constraints: [String: Double] = [:]
    for (metric, value) in trial.lastReport?.values ?? [:] {
      if let name = OptunaNotes.constraint(metric) { constraints[name] = value }
    }
    guard !constraints.isEmpty else { return }
    let key = OptunaSchema.constraintsKey
    let list = (0..<constraints.count).compactMap { constraints[String($0)] }
    if terms.listsConstraints, list.count == constraints.count {
      return try attribute("system", key, JSON.array(list.map(JSON.float)).python, id)
    }
    for (name, value) in constraints.sorted(by: { $0.key < $1.key }) {
      try attribute("system", "\(key):\(name)", JSON.float(value).python, id)
    }
  }

  /// Our bounds as Optuna's constraints: a number each, above 0 where the bound is violated. An unreported metric is an
  /// infinite violation.
  private func writeExcesses(_ trial: Trial, _ id: Bound) throws {
    guard trial.state == .complete || trial.state == .pruned else { return }
    for constraint in specification.constraints {
      let value = trial.lastReport?.values[constraint.metric] ?? .nan
      let excess =
        constraint.relation == .atMost ? value - constraint.bound : constraint.bound - value
      try attribute(
        "system", "\(OptunaSchema.constraintsKey):\(constraint)",
        JSON.float(excess.isNaN ? .infinity : excess).python, id)
    }
  }

  private func attribute(_ kind: String, _ key: String, _ text: String, _ id: Bound) throws {
    try db.run(
      #"INSERT INTO trial_\#(kind)_attributes (trial_id, "key", value_json) VALUES (?, ?, ?)"#, id,
      .text(key), .text(text))
  }

  /// What Optuna cannot represent: all of the trial except its configuration.
  private func extras(_ trial: Trial) -> JSON {
    .object([
      "state": .text(trial.state.name),
      "reason": .text(trial.state.reason?.rawValue), "message": .text(trial.message),
      "values": trial.values.map { .array($0.map(JSON.float)) } ?? .null,
      "created": .float(trial.created), "ended": .float(trial.ended),
      "through": .int(trial.through), "checkpoint": .int(trial.checkpoint),
      "seen": .int(trial.seen),
      "attempts": .array(trial.attempts.map(TrialRecord.json)),
      "reports": .array(trial.reports.map(TrialRecord.json)),
    ])
  }

  private static func typed(_ value: Double) -> (Bound, Bound) {
    if value.isFinite { return (.real(value), .text("FINITE")) }
    return (.null, .text(value.isNaN ? "NAN" : value > 0 ? "INF_POS" : "INF_NEG"))
  }

  /// - Parameter kept: the choices in Optuna's form, where they are restored.
  static func distribution(_ domain: Domain, _ kept: [JSON]?) -> JSON {
    func named(_ name: String, _ attributes: KeyValuePairs<String, JSON>) -> JSON {
      .object(["name": .text(name), "attributes": .object(attributes)])
    }
    if let choices = domain.choices {
      let known = kept?.count == choices.count ? kept : nil
      return named(
        "CategoricalDistribution", ["choices": .array(known ?? choices.map { JSON($0) })])
    }
    guard let range = domain.range else { return .null }
    if case .int = domain {
      // Optuna's integers have a step or a log scale, not both.
      return named(
        "IntDistribution",
        [
          "log": .bool(range.isLog),
          "step": range.isLog ? .int(1) : JSON(domain.numeric(range.step ?? 1)),
          "low": JSON(domain.numeric(range.low)), "high": JSON(domain.numeric(range.high)),
        ])
    }
    return named(
      "FloatDistribution",
      [
        "step": range.isLog ? .null : range.step.map(JSON.float) ?? .null, "low": .float(range.low),
        "high": .float(range.high), "log": .bool(range.isLog),
      ])
  }
}

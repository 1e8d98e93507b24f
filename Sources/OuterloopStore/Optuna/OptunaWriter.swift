internal import GRDB
internal import OuterloopStudy

/// Writes one study into Optuna's tables, as study 1.
struct OptunaWriter {
  private let db: Database
  private let specification: StudySpecification
  /// By index of the parameter.
  private let distributions: [String]

  init(_ db: Database, _ specification: StudySpecification) {
    self.db = db
    self.specification = specification
    distributions = specification.space.parameters.map { Self.distribution($0.domain).description }
  }

  func writeStudy() throws {
    try db.run("INSERT INTO studies VALUES (1, ?)", .text(specification.name))
    for (place, objective) in specification.objectives.enumerated() {
      try db.run(
        "INSERT INTO study_directions (direction, study_id, objective) VALUES (?, 1, ?)",
        .text(objective.direction == .minimize ? "MINIMIZE" : "MAXIMIZE"), .int(place))
    }
    let names = JSON.array(specification.objectives.map { .text($0.metric) })
    try db.run(
      #"INSERT INTO study_system_attributes (study_id, "key", value_json) VALUES (1, ?, ?)"#,
      .text(OptunaSchema.metricNamesKey), .text(names.description))
    for (key, value) in [
      (OptunaSchema.specificationKey, StudyRecord(specification).json),
      (OptunaSchema.settingsKey, StudyRecord.json(specification.settings)),
    ] {
      try db.run(
        #"INSERT INTO study_user_attributes (study_id, "key", value_json) VALUES (1, ?, ?)"#,
        .text(key), .text(value.description))
    }
  }

  func write(_ trial: Trial) throws {
    let id = Bound.int(trial.number + 1)
    try db.run(
      """
      INSERT INTO trials (trial_id, number, study_id, state, datetime_start, datetime_complete)
      VALUES (?, ?, 1, ?, ?, ?)
      """, id, .int(trial.number), .text(state(trial)), .text(trial.started.map(UTCTime.text)),
      .text(trial.ended.map(UTCTime.text)))
    if trial.state == .waiting {
      // Optuna takes the parameters of a waiting trial from here.
      let given = JSON.object(
        trial.assignment.active.map { JSON.Member(name: $0.name, value: JSON($0.value)) })
      try attribute("system", OptunaSchema.fixedParametersKey, given, id)
    } else {
      try writeParameters(trial, id)
    }
    try writeValues(trial, id)
    try attribute("user", OptunaSchema.trialKey, extras(trial), id)
  }

  private func state(_ trial: Trial) -> String {
    switch trial.state {
    case .waiting: "WAITING"
    case .running, .paused: "RUNNING"
    case .complete where trial.values?.contains(where: \.isNaN) == true: "FAIL"
    case .complete: "COMPLETE"
    case .pruned: "PRUNED"
    case .failed: "FAIL"
    }
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
        """, id, .text(parameter.name), .real(number), .text(distributions[index]))
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
    for report in trial.reports {
      guard let value = report.values[metric] else { continue }
      let (number, type) = Self.typed(value)
      try db.run(
        """
        INSERT INTO trial_intermediate_values
          (trial_id, step, intermediate_value, intermediate_value_type) VALUES (?, ?, ?, ?)
        """, id, .int(report.epoch), number, type)
    }
  }

  private func attribute(_ kind: String, _ key: String, _ value: JSON, _ id: Bound) throws {
    try db.run(
      #"INSERT INTO trial_\#(kind)_attributes (trial_id, "key", value_json) VALUES (?, ?, ?)"#, id,
      .text(key), .text(value.description))
  }

  /// What Optuna has no place for: all of the trial but its configuration.
  private func extras(_ trial: Trial) -> JSON {
    .object([
      "state": .text(trial.state.name),
      "reason": TrialWriter.reason(trial.state).map(JSON.text) ?? .null,
      "message": trial.message.map(JSON.text) ?? .null,
      "values": trial.values.map { .array($0.map(JSON.float)) } ?? .null,
      "created": .float(trial.created), "ended": trial.ended.map(JSON.float) ?? .null,
      "through": .int(trial.through), "checkpoint": .int(trial.checkpoint),
      "seen": trial.seen.map(JSON.int) ?? .null,
      "attempts": .array(trial.attempts.map(TrialWriter.json)),
      "reports": .array(trial.reports.map(TrialWriter.json)),
    ])
  }

  private static func typed(_ value: Double) -> (Bound, Bound) {
    if value.isFinite { return (.real(value), .text("FINITE")) }
    return (.null, .text(value.isNaN ? "NAN" : value > 0 ? "INF_POS" : "INF_NEG"))
  }

  private static func distribution(_ domain: Domain) -> JSON {
    func named(_ name: String, _ attributes: KeyValuePairs<String, JSON>) -> JSON {
      .object(["name": .text(name), "attributes": .object(attributes)])
    }
    if let choices = domain.choices {
      return named("CategoricalDistribution", ["choices": .array(choices.map { JSON($0) })])
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

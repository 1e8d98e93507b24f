internal import GRDB
internal import OuterloopStudy

/// Reads one study out of Optuna's tables.
struct OptunaReader {
  private let db: Database
  private let study: Int
  private let name: String

  init(_ db: Database, study: Int, name: String) {
    self.db = db
    self.study = study
    self.name = name
  }

  func read(method: MethodDescription, seed: UInt64) throws -> OptunaStudy {
    var attributes = try attributes(of: "study", study, "user")
    let record = attributes.removeValue(forKey: OptunaSchema.specificationKey)
    let settings = attributes.removeValue(forKey: OptunaSchema.settingsKey)
    let uses = try uses()
    let steps = try db.rows(
      """
      SELECT coalesce(min(step), 1), coalesce(max(step), 1) FROM trial_intermediate_values
      JOIN trials USING (trial_id) WHERE study_id = ?
      """, .int(study))
    guard let row = try steps.next(), let first = Self.step(row[0]), let last = Self.step(row[1])
    else { throw JSONReader.Failure() }
    // Steps may begin at 0, epochs at 1.
    let shift = max(1 - first, 0)

    let metricNames = try self.attributes(of: "study", study, "system")[
      OptunaSchema.metricNamesKey]
    var space: OptunaSpace
    var specification: StudySpecification
    if let record, let settings {
      specification =
        try StudyRecord(name: name, specification: record, settings: settings).specification
      space = try OptunaSpace(uses, of: specification)
      specification.space = space.space
    } else {
      guard !uses.isEmpty else {
        throw StudyError(
          "study `\(name)` has no trial with a parameter yet, so that its space is not known",
          "run a trial of it with Optuna first")
      }
      space = try OptunaSpace(uses, of: nil)
      (space.terms.shift, space.terms.attributes) = (shift, attributes)
      specification = try StudySpecification(
        name: name, space: space.space, objectives: objectives(metricNames), method: method,
        seed: seed, epochs: max(last + shift, 1))
    }
    var past = OptunaPast(specification, shift: shift)
    var notes = OptunaNotes(space)
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT trial_id, state, datetime_start, datetime_complete FROM trials WHERE study_id = ?
        ORDER BY number
        """, arguments: [study])
    while let row = try rows.next() {
      var trial = try trial(row, space)
      if !past.stillHolds(trial.extras, trial) { trial.extras = nil }
      notes.add(trial)
      past.add(trial)
    }
    let before = (OptunaTerms(of: specification) ?? OptunaTerms()).text
    if record == nil || space.terms.text != before {
      space.terms.metricNames = metricNames
      space.terms.listsConstraints = space.terms.listsConstraints || notes.listsConstraints
      specification.attributes[OptunaTerms.attribute] = space.terms.text
    }
    return OptunaStudy(specification: specification, events: past.events(), notes: notes.texts)
  }

  private static func step(_ number: Int) -> Int? { number.magnitude < 1 << 53 ? number : nil }

  private func trial(_ row: Row, _ space: OptunaSpace) throws -> OptunaTrial {
    let id: Int = row[0]
    var trial = OptunaTrial(state: row[1])
    trial.start = (row[2] as String?).flatMap(LocalTime.seconds)
    trial.end = (row[3] as String?).flatMap(LocalTime.seconds)
    var own = try attributes(of: "trial", id, "user")
    trial.extras = own.removeValue(forKey: OptunaSchema.trialKey).flatMap(JSONReader.value)
    trial.attributes = own.keys.sorted()
    let system = try attributes(of: "trial", id, "system")
    if ["WAITING", "RUNNING"].contains(trial.state),
      let fixed = system[OptunaSchema.fixedParametersKey]
    {
      for member in JSONReader.value(fixed)?.members ?? [] {
        trial.set(member.name, space.value(of: member.name) { $0.value(member.value, in: $1) })
      }
    }
    trial.readConstraints(system)
    let parameters = try db.rows(
      "SELECT param_name, param_value, distribution_json FROM trial_params WHERE trial_id = ?",
      .int(id))
    while let row = try parameters.next() {
      let (name, number, text): (String, Double, String) = (row[0], row[1], row[2])
      let own = try need(space.distributions[text])
      trial.set(name, space.value(of: name) { $0.value(number, under: own, in: $1) })
    }
    let values = try db.rows(
      "SELECT value, value_type FROM trial_values WHERE trial_id = ? ORDER BY objective", .int(id))
    while let row = try values.next() { trial.values.append(try Self.value(row[0], row[1])) }
    let steps = try db.rows(
      """
      SELECT step, intermediate_value, intermediate_value_type FROM trial_intermediate_values
      WHERE trial_id = ? ORDER BY step
      """, .int(id))
    while let row = try steps.next() {
      trial.steps.append((step: row[0], value: try Self.value(row[1], row[2])))
    }
    return trial
  }

  private static func value(_ number: Double?, _ type: String) throws -> Double {
    switch type {
    case "FINITE": try need(number)
    case "INF_POS": .infinity
    case "INF_NEG": -.infinity
    case "NAN": .nan
    default: throw JSONReader.Failure()
    }
  }

  /// Attributes of a study or trial, of the user or the system, as JSON.
  private func attributes(of thing: String, _ id: Int, _ kind: String) throws -> [String: String] {
    var found: [String: String] = [:]
    let rows = try db.rows(
      #"SELECT "key", value_json FROM \#(thing)_\#(kind)_attributes WHERE \#(thing)_id = ?"#,
      .int(id))
    while let row = try rows.next() { found[row[0]] = row[1] }
    return found
  }

  /// The distributions of each parameter, in the order in which parameters first occur, and the
  /// values that are farthest out.
  private func uses() throws -> [OptunaUse] {
    let rows = try db.rows(
      """
      SELECT param_name, distribution_json, min(param_value), max(param_value) FROM trial_params
      JOIN trials USING (trial_id) WHERE study_id = ? GROUP BY param_name, distribution_json
      ORDER BY min(param_id)
      """, .int(study))
    var uses: [OptunaUse] = []
    while let row = try rows.next() {
      uses.append(OptunaUse(name: row[0], distribution: row[1], values: [row[2], row[3]]))
    }
    // What is enqueued need not be inside of the range either.
    let enqueued = try db.rows(
      """
      SELECT value_json FROM trial_system_attributes JOIN trials USING (trial_id)
      WHERE study_id = ? AND "key" = ? AND state IN ('WAITING', 'RUNNING')
      """, .int(study), .text(OptunaSchema.fixedParametersKey))
    while let row = try enqueued.next() {
      for member in JSONReader.value(row[0])?.members ?? [] {
        guard let place = uses.firstIndex(where: { $0.name == member.name }),
          let number = member.value.number
        else { continue }
        uses[place].values.append(number)
      }
    }
    return uses
  }

  private func objectives(_ metricNames: String?) throws -> [Objective] {
    let directions = try String.fetchAll(
      db, sql: "SELECT direction FROM study_directions WHERE study_id = ? ORDER BY objective",
      arguments: [study])
    let names = metricNames.flatMap(JSONReader.value)?.array?.map { $0.text ?? "" } ?? []
    var objectives: [Objective] = []
    for (place, direction) in directions.enumerated() {
      var name = names.indices.contains(place) ? names[place] : ""
      if name.isEmpty || objectives.contains(where: { $0.metric == name }) {
        name = directions.count == 1 ? "value" : "value\(place)"
      }
      objectives.append(Objective(name, direction == "MAXIMIZE" ? .maximize : .minimize))
    }
    return objectives
  }
}

/// A trial as Optuna has it.
struct OptunaTrial {
  var state: String
  var start: Double?
  var end: Double?
  /// By our names.
  var parameters: [String: ParameterValue] = [:]
  /// Parameters that came with a value that means nothing here.
  var lost: [String] = []
  var values: [Double] = []
  var steps: [(step: Int, value: Double)] = []
  /// By name; kept at 0 or below.
  var constraints: [String: Double] = [:]
  var listsConstraints = false
  /// The names of its user attributes.
  var attributes: [String] = []
  /// What `OptunaWriter` kept beside it.
  var extras: JSON?

  init(state: String) { self.state = state }

  mutating func set(_ name: String, _ found: (name: String, value: ParameterValue)?) {
    if let found { parameters[found.name] = found.value } else { lost.append(name) }
  }

  /// Constraints are attributes of the system: one each, or (before Optuna 5) all in a list.
  mutating func readConstraints(_ system: [String: String]) {
    let list = OptunaSchema.constraintsKey
    if let values = system[list].flatMap(JSONReader.value)?.array {
      listsConstraints = true
      for (place, value) in values.enumerated() { constraints[String(place)] = value.number }
    }
    for (key, text) in system where key.hasPrefix(list + ":") {
      constraints[String(key.dropFirst(list.count + 1))] = JSONReader.value(text)?.number
    }
  }
}

internal import GRDB
internal import OuterloopStudy
internal import OuterloopText

/// Reads one study out of Optuna's tables.
struct OptunaReader {
  let db: Database
  let study: Int
  let name: String

  func read(method: MethodDescription, seed: UInt64) throws -> OptunaStudy {
    var attributes = try attributes(of: "study", study, "user")
    let record = attributes.removeValue(forKey: OptunaSchema.specificationKey)
    let settings = attributes.removeValue(forKey: OptunaSchema.settingsKey)
    let uses = try uses()
    let steps = try steps()
    // Steps may begin at 0, epochs at 1.
    let shift = max(1 - steps.lowerBound, 0)

    let metricNames = try self.attributes(of: "study", study, "system")[
      OptunaSchema.metricNamesKey]
    var space: OptunaSpace
    var specification: StudySpecification
    if record != nil || settings != nil {
      specification = try own(record, settings)
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
        seed: seed, epochs: max(steps.upperBound + shift, 1))
    }
    var past = OptunaHistory(specification, shift: shift)
    var notes = OptunaNotes(space)
    try readTrials { id, trial in
      var trial = trial
      try fill(&trial, id, space, objectives: specification.objectives.count)
      if !past.stillHolds(trial.extras, trial) { trial.extras = nil }
      notes.add(trial)
      past.add(trial)
    }
    if record == nil { specification.constraints = notes.bounds }
    let before = (OptunaTerms(of: specification) ?? OptunaTerms()).text
    if record == nil || space.terms.text != before {
      space.terms.metricNames = metricNames
      space.terms.listsConstraints = space.terms.listsConstraints || notes.listsConstraints
      specification.attributes[OptunaTerms.attribute] = space.terms.text
    }
    return OptunaStudy(specification: specification, events: past.events(), notes: notes.texts)
  }

  /// The specification that an export stored along with Optuna's data.
  private func own(_ record: String?, _ settings: String?) throws -> StudySpecification {
    let place = "`study_user_attributes`, key \(OptunaSchema.specificationKey)"
    guard let record, let settings else {
      throw OptunaFormatError(place, "it and \(OptunaSchema.settingsKey) belong together")
    }
    do {
      return try StudyRecord(name: name, specification: record, settings: settings).specification
    } catch is JSONReader.Failure {
      throw OptunaFormatError(place, "this is not what an export writes")
    }
  }

  // MARK: Trials

  private static let states: Set<String> = ["RUNNING", "COMPLETE", "PRUNED", "FAIL", "WAITING"]

  /// All trials, by number.
  private func readTrials(_ body: (_ id: Int, OptunaTrial) throws -> Void) throws {
    let rows = try db.rows(
      """
      SELECT trial_id, number, state, datetime_start, datetime_complete FROM trials
      WHERE study_id = ? ORDER BY number
      """, .int(study))
    var last: Int?
    while let row = try rows.next() {
      let (id, number): (Int, Int) = (row[0], row[1])
      let place = OptunaTable.trials.place(id, trial: number)
      guard number >= 0, number != last else {
        throw OptunaFormatError(
          place, number < 0 ? "its number is below 0" : "another trial has its number")
      }
      last = number
      let state: String = row[2]
      guard Self.states.contains(state) else {
        throw OptunaFormatError(
          place, "`state` is \(row.described(2)), which is no state of a trial")
      }
      var trial = OptunaTrial(number: number, state: state)
      trial.start = try time(row, 3, place, "datetime_start")
      trial.end = try time(row, 4, place, "datetime_complete")
      try body(id, trial)
    }
  }

  private func time(_ row: Columns, _ column: Int32, _ place: String, _ name: String) throws
    -> Double?
  {
    guard let text: String = row[column] else { return nil }
    guard let time = LocalTime.seconds(text) else {
      throw OptunaFormatError(place, "`\(name)` is \(row.described(column)), which is no time")
    }
    return time
  }

  private func fill(
    _ trial: inout OptunaTrial, _ id: Int, _ space: OptunaSpace, objectives: Int
  ) throws {
    var own = try attributes(of: "trial", id, "user")
    if let text = own.removeValue(forKey: OptunaSchema.trialKey) {
      trial.extras = try OptunaExtras.checked(text, ofTrial: trial.number)
    }
    trial.attributes = own.keys.sorted()
    let system = try attributes(of: "trial", id, "system")
    if ["WAITING", "RUNNING"].contains(trial.state) {
      for member in try fixed(system, trial.number) {
        trial.set(member.name, space.value(of: member.name) { $0.value(member.value, in: $1) })
      }
    }
    try trial.readConstraints(system)
    try readParameters(&trial, id, space)
    trial.values = try values(trial, id, objectives: objectives)
    let steps = try db.rows(
      """
      SELECT step, intermediate_value, intermediate_value_type, trial_intermediate_value_id
      FROM trial_intermediate_values WHERE trial_id = ? ORDER BY step
      """, .int(id))
    while let row = try steps.next() {
      let place = OptunaTable.steps.place(row[3], trial: trial.number)
      trial.steps.append((step: row[0], value: try Self.value(row, 1, place)))
    }
  }

  /// The values with which a trial was enqueued.
  private func fixed(_ system: [String: String], _ number: Int) throws -> [JSON.Member] {
    guard let text = system[OptunaSchema.fixedParametersKey] else { return [] }
    guard let members = JSONReader.value(text)?.members else {
      throw OptunaFormatError(
        "`trial_system_attributes`, key \(OptunaSchema.fixedParametersKey) (trial \(number))",
        "`value_json` is not an object of JSON")
    }
    return members
  }

  private func readParameters(_ trial: inout OptunaTrial, _ id: Int, _ space: OptunaSpace) throws {
    let rows = try db.rows(
      """
      SELECT param_name, param_value, distribution_json, param_id FROM trial_params
      WHERE trial_id = ?
      """, .int(id))
    while let row = try rows.next() {
      let place = OptunaTable.parameters.place(row[3], trial: trial.number)
      let (name, number): (String, Double) = (row[0], row[1])
      let own = try need(space.distributions[row[2]])
      if let problem = own.problem(with: number) {
        throw OptunaFormatError(
          place, "`param_value` of `\(name)` is \(row.described(1)), \(problem)")
      }
      trial.set(name, space.value(of: name) { $0.value(number, under: own, in: $1) })
    }
  }

  private func values(_ trial: OptunaTrial, _ id: Int, objectives: Int) throws -> [Double] {
    let rows = try db.rows(
      """
      SELECT value, value_type, objective, trial_value_id FROM trial_values WHERE trial_id = ?
      ORDER BY objective
      """, .int(id))
    var values: [Double] = []
    while let row = try rows.next() {
      let place = OptunaTable.values.place(row[3], trial: trial.number)
      guard (0..<objectives).contains(row[2] as Int) else {
        throw OptunaFormatError(
          place, "`objective` is \(row[2] as Int), and the study has \(objectives) objectives")
      }
      guard row[2] == values.count else {
        throw OptunaFormatError(place, "its objectives are not counted from 0 without gaps")
      }
      values.append(try Self.value(row, 0, place))
    }
    guard trial.state != "COMPLETE" || values.count == objectives else {
      throw OptunaFormatError(
        OptunaTable.trials.place(id, trial: trial.number),
        "it is COMPLETE with \(values.count) of \(objectives) values in `trial_values`")
    }
    return values
  }

  /// The value and its type, in two columns.
  private static func value(_ row: Columns, _ column: Int32, _ place: String) throws -> Double {
    let type: String = row[column + 1]
    switch type {
    case "FINITE":
      guard let number: Double = row[column] else {
        throw OptunaFormatError(place, "its value is NULL, and its type is FINITE")
      }
      return number
    case "INF_POS": return .infinity
    case "INF_NEG": return -.infinity
    case "NAN": return .nan
    default:
      throw OptunaFormatError(place, "the type of its value is \(row.described(column + 1))")
    }
  }

  // MARK: The study

  /// Attributes of a study or trial, of the user or the system, as JSON.
  private func attributes(of thing: String, _ id: Int, _ kind: String) throws -> [String: String] {
    var found: [String: String] = [:]
    let table = "\(thing)_\(kind)_attributes"
    let rows = try db.rows(
      #"SELECT "key", value_json, \#(thing)_\#(kind)_attribute_id FROM \#(table) WHERE \#(thing)_id = ?"#,
      .int(id))
    while let row = try rows.next() {
      guard let key = row.validText(0), let text = row.validText(1) else {
        throw OptunaFormatError(
          OptunaTable.attributes(of: thing, kind).place(row[2], trial: nil),
          "its key or value is not valid UTF-8")
      }
      found[key] = text
    }
    return found
  }

  /// The first and the last step of all trials, 1 if there is none.
  private func steps() throws -> ClosedRange<Int> {
    let rows = try db.rows(
      """
      SELECT step, trial_intermediate_value_id, number FROM trial_intermediate_values
      JOIN trials USING (trial_id) WHERE study_id = ?
      """, .int(study))
    var (first, last) = (Int.max, Int.min)
    while let row = try rows.next() {
      let step: Int = row[0]
      guard step.magnitude < 1 << 53 else {
        throw OptunaFormatError(
          OptunaTable.steps.place(row[1], trial: row[2]), "`step` is \(step), beyond 2^53")
      }
      (first, last) = (min(first, step), max(last, step))
    }
    return first <= last ? first...last : 1...1
  }

  /// The distributions of each parameter, in the order in which parameters first occur, and the
  /// values that are farthest out.
  private func uses() throws -> [OptunaUsage] {
    let rows = try db.rows(
      """
      SELECT param_name, distribution_json, min(param_value), max(param_value), min(param_id)
      FROM trial_params JOIN trials USING (trial_id) WHERE study_id = ?
      GROUP BY param_name, distribution_json ORDER BY min(param_id)
      """, .int(study))
    var uses: [OptunaUsage] = []
    while let row = try rows.next() {
      let place = OptunaTable.parameters.place(row[4], trial: nil)
      guard let name = row.validText(0), let distribution = row.validText(1) else {
        throw OptunaFormatError(place, "its name or distribution is not valid UTF-8")
      }
      guard (try? OptunaDistribution(distribution)) != nil else {
        throw OptunaFormatError(
          place,
          "parameter `\(name)` has a distribution that is not known: \(distribution.prefix(100)); "
            + "if it is of Optuna 2, `optuna storage upgrade` rewrites it")
      }
      uses.append(OptunaUsage(name: name, distribution: distribution, values: [row[2], row[3]]))
    }
    // Enqueued values need not be inside the range either.
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
    let rows = try db.rows(
      """
      SELECT direction, objective, study_direction_id FROM study_directions WHERE study_id = ?
      ORDER BY objective
      """, .int(study))
    var directions: [Objective.Direction] = []
    while let row = try rows.next() {
      let place = OptunaTable.directions.place(row[2], trial: nil)
      guard row[1] == directions.count else {
        throw OptunaFormatError(place, "the objectives are not counted from 0 without gaps")
      }
      switch row[0] as String {
      case "MINIMIZE": directions.append(.minimize)
      case "MAXIMIZE": directions.append(.maximize)
      default: throw OptunaFormatError(place, "`direction` is \(row.described(0))")
      }
    }
    guard !directions.isEmpty else {
      throw OptunaFormatError(
        "`study_directions`", "study `\(name)` has no row there, so no objective")
    }
    let names = try metricNames.map(Self.names) ?? []
    var objectives: [Objective] = []
    for (place, direction) in directions.enumerated() {
      var name = names.indices.contains(place) ? names[place] : ""
      if name.isEmpty || objectives.contains(where: { $0.metric == name }) {
        name = directions.count == 1 ? "value" : "value\(place)"
      }
      objectives.append(Objective(name, direction))
    }
    return objectives
  }

  private static func names(_ text: String) throws -> [String] {
    guard let items = JSONReader.value(text)?.array, items.allSatisfy({ $0.text != nil }) else {
      throw OptunaFormatError(
        "`study_system_attributes`, key \(OptunaSchema.metricNamesKey)",
        "`value_json` is not a list of texts")
    }
    return items.compactMap(\.text)
  }
}

/// A trial in Optuna's form.
struct OptunaTrial {
  let number: Int
  let state: String
  var start: Double?
  var end: Double?
  /// By our names.
  var parameters: [String: ParameterValue] = [:]
  /// Parameters with a value that cannot be represented here.
  var lost: [String] = []
  var values: [Double] = []
  var steps: [(step: Int, value: Double)] = []
  /// By name; satisfied at 0 or below.
  var constraints: [String: Double] = [:]
  var listsConstraints = false
  /// The names of its user attributes.
  var attributes: [String] = []
  /// What `OptunaWriter` stored along with it.
  var extras: JSON?

  mutating func set(_ name: String, _ found: (name: String, value: ParameterValue)?) {
    if let found { parameters[found.name] = found.value } else { lost.append(name) }
  }

  /// Constraints are attributes of the system: one each, or (before Optuna 5) all in a list.
  mutating func readConstraints(_ system: [String: String]) throws {
    let list = OptunaSchema.constraintsKey
    for (key, text) in system where key == list || key.hasPrefix(list + ":") {
      let json = JSONReader.value(text)
      let numbers = key == list ? json?.array?.map(\.number) : json.map { [$0.number] }
      guard let numbers, !numbers.contains(nil) else {
        throw OptunaFormatError(
          "`trial_system_attributes`, key \(key) (trial \(number))",
          "`value_json` is not \(key == list ? "a list of numbers" : "a number")")
      }
      if key == list {
        listsConstraints = true
        for (place, value) in numbers.enumerated() { constraints[String(place)] = value }
      } else {
        constraints[String(key.dropFirst(list.count + 1))] = numbers[0]
      }
    }
  }
}

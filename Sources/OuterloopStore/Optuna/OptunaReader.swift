internal import GRDB
internal import OuterloopStudy

/// Reads one study out of Optuna's tables.
struct OptunaReader {
  private let db: Database
  private let study: Int
  private let name: String
  private let method: MethodDescription
  private let seed: UInt64

  init(_ db: Database, study: Int, name: String, method: MethodDescription, seed: UInt64) {
    self.db = db
    self.study = study
    self.name = name
    self.method = method
    self.seed = seed
  }

  func read() throws -> (StudySpecification, [Event]) {
    let own = try attributes("study_user_attributes", "study_id", study)
    var parameters = try parameters()
    let specification: StudySpecification
    if let record = own[OptunaSchema.specificationKey], let settings = own[OptunaSchema.settingsKey]
    {
      specification =
        try StudyRecord(name: name, specification: record, settings: settings).specification
    } else {
      specification = try foreign(parameters)
    }
    // Steps may begin at 0, epochs at 1.
    let shift =
      try Int.fetchOne(
        db,
        sql: """
          SELECT min(step) < 1 FROM trial_intermediate_values JOIN trials USING (trial_id)
          WHERE study_id = ?
          """, arguments: [study]) ?? 0
    var past = OptunaPast(specification, shift: shift)
    parameters.removeAll()
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT trial_id, state, datetime_start, datetime_complete FROM trials WHERE study_id = ?
        ORDER BY number
        """, arguments: [study])
    while let row = try rows.next() { past.add(try trial(row, specification)) }
    return (specification, try past.events())
  }

  private func trial(_ row: Row, _ specification: StudySpecification) throws -> OptunaTrial {
    let id: Int = row[0]
    var trial = OptunaTrial(state: row[1])
    trial.start = (row[2] as String?).flatMap(UTCTime.seconds)
    trial.end = (row[3] as String?).flatMap(UTCTime.seconds)
    let own = try attributes("trial_user_attributes", "trial_id", id)
    trial.extras = own[OptunaSchema.trialKey].flatMap(JSONReader.value)
    let system = try attributes("trial_system_attributes", "trial_id", id)
    if trial.state == "WAITING", let fixed = system[OptunaSchema.fixedParametersKey] {
      for member in JSONReader.value(fixed)?.members ?? [] {
        trial.parameters[member.name] = Self.choice(member.value)
      }
    }
    let parameters = try db.rows(
      "SELECT param_name, param_value, distribution_json FROM trial_params WHERE trial_id = ?",
      .int(id))
    while let row = try parameters.next() {
      let domain = try Self.domain(row[2])
      let number: Double = row[1]
      let place = Int(exactly: number)
      trial.parameters[row[0]] =
        domain.choices.map { $0.indices.contains(place ?? -1) ? $0[place ?? 0] : nil }
        ?? domain.numeric(number)
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

  private func attributes(_ table: String, _ column: String, _ id: Int) throws -> [String: String] {
    var found: [String: String] = [:]
    let rows = try db.rows(
      #"SELECT "key", value_json FROM \#(table) WHERE \#(column) = ?"#, .int(id))
    while let row = try rows.next() { found[row[0]] = row[1] }
    return found
  }

  /// Parameters and domains, in the order in which they first occur.
  private func parameters() throws -> [ParameterDeclaration] {
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT param_name, distribution_json FROM trial_params JOIN trials USING (trial_id)
        WHERE study_id = ? GROUP BY param_name, distribution_json ORDER BY min(param_id)
        """, arguments: [study])
    var found: [ParameterDeclaration] = []
    while let row = try rows.next() {
      let domain = try Self.domain(row[1])
      if let place = found.firstIndex(where: { $0.name == row[0] }) {
        found[place].domain = try Self.union(found[place].domain, domain)
      } else {
        found.append(ParameterDeclaration(row[0], domain))
      }
    }
    return found
  }

  /// Ranges may differ from trial to trial: the smallest that holds them all.
  private static func union(_ a: Domain, _ b: Domain) throws -> Domain {
    guard let first = a.range, let second = b.range else { return a }
    let range = try NumericRange(
      min(first.low, second.low), max(first.high, second.high), log: first.isLog,
      step: first.step == second.step ? first.step : nil)
    return a.isInteger ? .int(range) : .float(range)
  }

  private static func domain(_ text: String) throws -> Domain {
    let json = try need(JSONReader.value(text))
    let attributes = try need(json["attributes"])
    if let choices = attributes["choices"]?.array {
      return .categorical(try choices.map { try need(choice($0)) })
    }
    let range = try NumericRange(
      need(attributes["low"]?.number), need(attributes["high"]?.number),
      log: attributes["log"]?.bool ?? false, step: attributes["step"]?.number)
    return json["name"]?.text == "IntDistribution" ? .int(range) : .float(range)
  }

  private static func choice(_ json: JSON) -> ParameterValue? {
    json == .null ? "None" : json.parameterValue
  }

  /// The specification of a study that Optuna made.
  private func foreign(_ parameters: [ParameterDeclaration]) throws -> StudySpecification {
    let directions = try String.fetchAll(
      db, sql: "SELECT direction FROM study_directions WHERE study_id = ? ORDER BY objective",
      arguments: [study])
    let names = try attributes("study_system_attributes", "study_id", study)[
      OptunaSchema.metricNamesKey
    ].flatMap(JSONReader.value)?.array?.compactMap(\.text)
    let objectives = directions.enumerated().map { place, direction in
      let name = names.flatMap { $0.indices.contains(place) ? $0[place] : nil }
      return Objective(
        name ?? (directions.count == 1 ? "value" : "value\(place)"),
        direction == "MAXIMIZE" ? .maximize : .minimize)
    }
    let epochs = try Int.fetchOne(
      db,
      sql: """
        SELECT max(step) + (min(step) < 1) FROM trial_intermediate_values
        JOIN trials USING (trial_id) WHERE study_id = ?
        """, arguments: [study])
    return try StudySpecification(
      name: name, space: SearchSpace(parameters), objectives: objectives, method: method,
      seed: seed,
      epochs: max(epochs ?? 1, 1))
  }
}

/// A trial as Optuna has it.
struct OptunaTrial {
  var state: String
  var start: Double?
  var end: Double?
  var parameters: [String: ParameterValue] = [:]
  var values: [Double] = []
  var steps: [(step: Int, value: Double)] = []
  /// What `OptunaWriter` kept beside it.
  var extras: JSON?

  init(state: String) { self.state = state }
}

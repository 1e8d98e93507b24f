internal import OuterloopStudy
internal import OuterloopText

/// Rows of `trials`, `attempts` and `reports` as trials.
enum TrialRow {
  static let columns = """
    number, state, reason, through, checkpoint, seen, created, ended, objectives, message,
    assignment, latest, retried
    """

  /// The trial of a row with `columns`, without attempts and reports.
  ///
  /// - Parameter coder: nil leaves the configuration out.
  static func trial(_ row: some StoreRows, _ coder: AssignmentCoder?) throws -> Trial {
    let assignment = try coder.map { coder in try row.bytes(10) { try coder.assignment($0) } }
    var trial = Trial(
      number: row[0], assignment: assignment ?? Assignment(ParameterNames(), values: []),
      through: row[3], seen: row[5], created: row[6])
    trial.state = try state(row[1], reason: row[2])
    trial.checkpoint = row[4]
    trial.ended = row[7]
    if !row.isNull(8) { trial.values = try row.bytes(8) { try JSONReader.numbers($0) } }
    trial.message = row[9]
    trial.latest = row[11]
    trial.attemptsBeforeRetry = row[12]
    return trial
  }

  static func state(_ name: String, reason: String?) throws -> TrialState {
    switch name {
    case "waiting": .waiting
    case "running": .running
    case "paused": .paused
    case "complete": .complete
    case "pruned": .pruned
    case "failed": .failed(try need(reason.flatMap(FailureReason.init(rawValue:))))
    default: throw JSONReader.Failure()
    }
  }

  static let attemptColumns = "trial, attempt, worker, started, ended, reason"

  static func attempt(_ row: some StoreRows) throws -> Attempt {
    var attempt = Attempt(worker: row[2], started: row[3])
    attempt.ended = row[4]
    if let reason: String = row[5] { attempt.reason = try need(FailureReason(rawValue: reason)) }
    return attempt
  }

  static let reportColumns = "trial, epoch, metric, value, value_type, seconds"

  /// Adds a row of `reports` to those of its trial, in the order of epochs.
  static func add(_ row: some StoreRows, to reports: inout [Report]) throws {
    let epoch: Int = row[1]
    if reports.last?.epoch != epoch {
      reports.append(Report(epoch: epoch, [:], seconds: row[5]))
    } else if reports[reports.count - 1].seconds == nil {
      // Rows that were added to a report may lack them.
      reports[reports.count - 1].seconds = row[5]
    }
    let type: String = row[4]
    guard type != "none" else { return }
    let value: Double
    switch type {
    case "finite": value = try need(row[3])
    case "nan": value = .nan
    case "inf": value = .infinity
    case "-inf": value = -.infinity
    default: throw JSONReader.Failure()
    }
    reports[reports.count - 1].values[row[2]] = value
  }

  /// A value and its type for two columns.
  static func typed(_ value: Double) -> (Bound, Bound) {
    if value.isFinite { return (.real(value), .text("finite")) }
    return (.null, .text(value.isNaN ? "nan" : value > 0 ? "inf" : "-inf"))
  }
}

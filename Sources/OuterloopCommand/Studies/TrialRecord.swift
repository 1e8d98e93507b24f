internal import OuterloopStudy

/// A trial as `--json` prints it. The names of the properties are the keys; they stay. What is not
/// known is null.
struct TrialRecord: Encodable {
  struct Report: Encodable {
    var epoch: Int
    var values: [String: Double]
    var seconds: Double?
  }

  var number: Int
  /// waiting, running, paused, complete, pruned or failed.
  var state: String
  /// Why it failed.
  var reason: String?
  var message: String?
  /// By metric: the objectives of a complete trial, else what was reported last.
  var values: [String: Double]
  var params: [String: ParameterValue]
  /// The last epoch that was reported.
  var epoch: Int?
  var attempts: Int
  /// When it was created and ended, in seconds since 1970.
  var created: Double
  var ended: Double?
  /// The time of its attempts.
  var seconds: Double
  /// Only in exports.
  var reports: [Report]?

  init(_ trial: Trial, _ specification: StudySpecification, withReports: Bool = false) {
    number = trial.number
    state = trial.state.name
    if case .failed(let why) = trial.state { reason = why.rawValue }
    message = trial.message
    values = trial.lastReport?.values ?? [:]
    for (objective, value) in zip(specification.objectives, trial.values ?? []) {
      values[objective.metric] = value
    }
    params = Dictionary(uniqueKeysWithValues: trial.assignment.active.map { ($0.name, $0.value) })
    epoch = trial.lastReport?.epoch
    attempts = trial.attempt
    created = trial.created
    ended = trial.ended
    seconds = trial.workingSeconds
    if withReports {
      reports = trial.reports.map {
        Report(epoch: $0.epoch, values: $0.values, seconds: $0.seconds)
      }
    }
  }

  enum CodingKeys: CodingKey {
    case number, state, reason, message, values, params, epoch, attempts, created, ended, seconds
    case reports
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(number, forKey: .number)
    try container.encode(state, forKey: .state)
    try container.encode(reason, forKey: .reason)
    try container.encode(message, forKey: .message)
    try container.encode(values, forKey: .values)
    try container.encode(params, forKey: .params)
    try container.encode(epoch, forKey: .epoch)
    try container.encode(attempts, forKey: .attempts)
    try container.encode(created, forKey: .created)
    try container.encode(ended, forKey: .ended)
    try container.encode(seconds, forKey: .seconds)
    try container.encodeIfPresent(reports, forKey: .reports)
  }
}

extension Trial {
  /// The time of its attempts that have ended.
  var workingSeconds: Double {
    attempts.reduce(0) { $0 + (($1.ended ?? $1.started) - $1.started) }
  }
}

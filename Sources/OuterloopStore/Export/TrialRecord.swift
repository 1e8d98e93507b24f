public import OuterloopStudy
package import OuterloopText

/// A trial as JSON, in the same format everywhere: an object with the keys `number`, `state`, `reason`
/// (of a failure), `message`, `values` (by metric: the objectives of a complete trial, otherwise those
/// of the last report), `params`, `epoch` (the last one reported), `through` (the epoch to train to),
/// `checkpoint` (the epoch from which it can continue), `attempts` (how many), `created`, `started`,
/// `ended` (seconds since 1970) and `seconds` (the time of its attempts); where known, `stale` tells
/// whether a running trial's worker is lost; where the study has constraints, `violation` is their
/// total violation.
///
/// A full record also has `reports` (each `epoch`, `values`, `seconds`) and `runs` (its attempts,
/// each `worker`, `started`, `ended`, `reason`).
///
/// The keys are always present. Missing values are null; non-finite numbers are `NaN`, `Infinity`
/// and `-Infinity`.
public struct TrialRecord: Sendable, Encodable {
  package let json: JSON

  /// A trial as the command prints it.
  public init(
    _ trial: Trial, _ specification: StudySpecification, isWhole: Bool = false,
    isStale: Bool? = nil
  ) {
    var values = trial.lastReport?.values ?? [:]
    for (objective, value) in zip(specification.objectives, trial.values ?? []) {
      values[objective.metric] = value
    }
    let params = trial.assignment.active.map { JSON.Member(name: $0.name, value: JSON($0.value)) }
    let common: KeyValuePairs<String, JSON> = [
      "number": .int(trial.number), "state": .text(trial.state.name),
      "reason": .text(trial.state.reason?.rawValue), "message": .text(trial.message),
      "values": JSON(values), "params": .object(params), "epoch": .int(trial.lastReport?.epoch),
      "through": .int(trial.through), "checkpoint": .int(trial.checkpoint),
      "attempts": .int(trial.attempt), "created": .float(trial.created),
      "started": .float(trial.started), "ended": .float(trial.ended),
      "seconds": .float(trial.workingSeconds),
    ]
    let whole: KeyValuePairs<String, JSON> = [
      "reports": .array(trial.reports.map(Self.json)),
      "runs": .array(trial.attempts.map(Self.json)),
    ]
    var members = isWhole ? Array(common) + Array(whole) : Array(common)
    if !specification.constraints.isEmpty {
      let violation = specification.violation(of: trial)
      members.append((key: "violation", value: .float(violation)))
    }
    if let isStale { members.append((key: "stale", value: .bool(isStale))) }
    json = .object(members.map { JSON.Member(name: $0.key, value: $0.value) })
  }

  /// On one line.
  public var text: String { json.description }

  /// Writes the keys that the command prints.
  ///
  /// - Throws: what the encoder throws.
  public func encode(to encoder: any Encoder) throws { try json.encode(to: encoder) }

  static func json(_ report: Report) -> JSON {
    .object([
      "epoch": .int(report.epoch), "values": JSON(report.values),
      "seconds": .float(report.seconds),
    ])
  }

  static func json(_ attempt: Attempt) -> JSON {
    .object([
      "worker": .text(attempt.worker), "started": .float(attempt.started),
      "ended": .float(attempt.ended), "reason": .text(attempt.reason?.rawValue),
    ])
  }
}

internal import OuterloopStudy

/// Trials of one study as lines.
struct TrialWriter {
  private let metrics: [String]
  private let parameters: [String]

  init(_ specification: StudySpecification) {
    metrics = specification.objectives.map(\.metric)
    parameters = specification.space.parameters.map(\.name)
  }

  var header: String {
    let names =
      ["number", "state", "reason"] + metrics.map { "value." + $0 }
      + parameters.map { "param." + $0 } + [
        "epoch", "through", "checkpoint", "attempts", "worker", "created", "started", "ended",
        "message",
      ]
    return names.map(Self.field).joined(separator: ",") + "\n"
  }

  func writeCSV(_ trial: Trial, to text: inout String) {
    var fields = [String(trial.number), trial.state.name, Self.reason(trial.state) ?? ""]
    for place in metrics.indices {
      let value = trial.values.flatMap { $0.indices.contains(place) ? $0[place] : nil }
      fields.append(value.map(Self.number) ?? "")
    }
    for value in trial.assignment.values { fields.append(value.map(Self.text) ?? "") }
    fields += [
      trial.lastReport.map { String($0.epoch) } ?? "", String(trial.through),
      String(trial.checkpoint), String(trial.attempt), trial.attempts.last?.worker ?? "",
      Self.number(trial.created), trial.started.map(Self.number) ?? "",
      trial.ended.map(Self.number) ?? "", trial.message ?? "",
    ]
    for (index, field) in fields.enumerated() {
      if index > 0 { text += "," }
      text += Self.field(field)
    }
    text += "\n"
  }

  func json(_ trial: Trial) -> JSON {
    .object([
      "number": .int(trial.number), "state": .text(trial.state.name),
      "reason": Self.reason(trial.state).map(JSON.text) ?? .null,
      "values": trial.values.map { values in
        .object(zip(metrics, values).map { JSON.Member(name: $0, value: .float($1)) })
      } ?? .null,
      "params": .object(
        trial.assignment.active.map { JSON.Member(name: $0.name, value: JSON($0.value)) }),
      "reports": .array(trial.reports.map(Self.json)), "through": .int(trial.through),
      "checkpoint": .int(trial.checkpoint), "attempts": .array(trial.attempts.map(Self.json)),
      "created": .float(trial.created), "started": trial.started.map(JSON.float) ?? .null,
      "ended": trial.ended.map(JSON.float) ?? .null,
      "message": trial.message.map(JSON.text) ?? .null,
    ])
  }

  static func json(_ report: Report) -> JSON {
    .object([
      "epoch": .int(report.epoch), "values": JSON(report.values),
      "seconds": report.seconds.map(JSON.float) ?? .null,
    ])
  }

  static func json(_ attempt: Attempt) -> JSON {
    .object([
      "worker": .text(attempt.worker), "started": .float(attempt.started),
      "ended": attempt.ended.map(JSON.float) ?? .null,
      "reason": (attempt.reason?.rawValue).map(JSON.text) ?? .null,
    ])
  }

  static func reason(_ state: TrialState) -> String? {
    if case .failed(let reason) = state { reason.rawValue } else { nil }
  }

  private static func number(_ value: Double) -> String {
    value.isFinite ? value.description : value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity"
  }

  private static func text(_ value: ParameterValue) -> String {
    if case .float(let value) = value { number(value) } else { value.description }
  }

  private static func field(_ text: String) -> String {
    guard text.utf8.contains(where: { [0x22, 0x2c, 0x0a, 0x0d].contains($0) }) else { return text }
    return "\""
      + text.split(separator: "\"", omittingEmptySubsequences: false)
      .joined(separator: "\"\"") + "\""
  }
}

internal import OuterloopStudy
internal import OuterloopText

/// Trials of one study as lines of CSV.
struct TrialWriter {
  /// Objectives first.
  private let metrics: [String]
  private let objectives: Int
  private let parameters: [String]

  /// - Parameter metrics: the names of all that was reported.
  init(_ specification: StudySpecification, metrics: [String]) {
    let names = specification.objectives.map(\.metric)
    objectives = names.count
    self.metrics = names + metrics.filter { !names.contains($0) }
    parameters = specification.space.parameters.map(\.name)
  }

  var header: String {
    let names =
      ["number", "state", "reason"] + metrics.map { "value." + $0 }
      + parameters.map { "param." + $0 } + [
        "epoch", "through", "checkpoint", "attempts", "worker", "created", "started", "ended",
        "message",
      ]
    return names.map(CSVField.quoted).joined(separator: ",") + "\n"
  }

  func write(_ trial: Trial, to text: inout String) {
    var fields = [String(trial.number), trial.state.name, trial.state.reason?.rawValue ?? ""]
    for (place, metric) in metrics.enumerated() {
      let value = trial.value(of: metric, objective: place < objectives ? place : nil)
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
      text += CSVField.quoted(field)
    }
    text += "\n"
  }

  private static func number(_ value: Double) -> String {
    value.isFinite ? value.description : value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity"
  }

  private static func text(_ value: ParameterValue) -> String {
    if case .float(let value) = value { number(value) } else { value.description }
  }
}

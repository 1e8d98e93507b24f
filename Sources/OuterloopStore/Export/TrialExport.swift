public import OuterloopStudy
internal import OuterloopText

/// The formats of exported trials.
///
/// CSV has a line for each trial, under a line with these names: `number`, `state`, `reason` (of a failure), `value.METRIC`
/// for each objective and then for each other metric (the results of a complete trial, otherwise those of the last report),
/// `param.NAME` for each parameter, `epoch` (the last one reported), `through`, `checkpoint`, `attempts`, `worker` (the last
/// one), `created`, `started`, `ended` (seconds since 1970), `message`. Missing fields are empty; non-finite numbers are
/// `NaN`, `Infinity` and `-Infinity`. Fields are quoted as in RFC 4180, lines end in a newline.
///
/// JSON lines have a full `TrialRecord` for each trial.
public enum TrialFormat: String, Sendable, CaseIterable {
  /// A header, and a line for each trial.
  case csv
  /// A JSON object on each line.
  case jsonLines = "jsonl"
}

extension TrialFormat {
  /// Trials as one text, in the order given.
  ///
  /// - Parameter metrics: the names of all metrics reported, for the columns of CSV.
  package func text(
    of trials: [Trial], in specification: StudySpecification, metrics: [String] = []
  ) -> String {
    let writer = TrialWriter(specification, metrics: metrics)
    var text = self == .csv ? writer.header : ""
    for trial in trials { writer.write(trial, as: self, in: specification, to: &text) }
    return text
  }
}

extension StudyStore {
  /// Writes the trials of a study by number.
  ///
  /// - Parameter sink: receives the text in pieces of complete lines.
  /// - Complexity: O(trials + reports) in time; memory for 1000 trials.
  /// - Throws: `StudyError` if there is no such study, and what access to the store and `sink`
  ///   throw.
  public func export(
    _ study: StudyID, as format: TrialFormat, matching query: TrialQuery = TrialQuery(),
    to sink: (String) throws -> Void
  ) async throws {
    let specification = try await specification(of: study)
    let metrics = format == .csv ? try await metrics(of: study) : []
    let writer = TrialWriter(specification, metrics: metrics)
    if format == .csv { try sink(writer.header) }
    var page = query
    page.newestFirst = false
    var left = query.limit
    while left > 0 {
      page.limit = min(left, 1000)
      let trials = try await trials(of: study, matching: page)
      var text = ""
      for trial in trials { writer.write(trial, as: format, in: specification, to: &text) }
      if !text.isEmpty { try sink(text) }
      guard trials.count == page.limit, let last = trials.last else { return }
      page.from = last.number + 1
      left -= trials.count
    }
  }
}

/// Trials of one study as lines.
struct TrialWriter {
  /// Objectives first.
  private let metrics: [String]
  private let objectives: Int
  private let parameters: [String]

  /// - Parameter metrics: the names of all metrics reported.
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

  func write(
    _ trial: Trial, as format: TrialFormat, in specification: StudySpecification,
    to text: inout String
  ) {
    switch format {
    case .csv: write(trial, to: &text)
    case .jsonLines:
      TrialRecord(trial, specification, isWhole: true).json.write(to: &text)
      text += "\n"
    }
  }

  private func write(_ trial: Trial, to text: inout String) {
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

public import OuterloopStudy
internal import OuterloopText

/// How trials are written for others to read.
///
/// CSV has a line for each trial, under a line with these names: `number`, `state`, `reason` (of a
/// failure), `value.METRIC` for each objective and then for each other metric (the results of a complete
/// trial, else what was reported last), `param.NAME` for each parameter, `epoch` (the last one reported), `through`, `checkpoint`, `attempts`, `worker` (the last one), `created`, `started`,
/// `ended` (seconds since 1970), `message`. What there is not is empty; numbers that are not finite
/// are `NaN`, `Infinity` and `-Infinity`. Fields are quoted as in RFC 4180, lines end in a newline.
///
/// JSON lines have a whole `TrialRecord` for each trial.
public enum TrialFormat: String, Sendable, CaseIterable {
  case csv
  case jsonLines = "jsonl"
}

extension StudyStore {
  /// Writes the trials of a study by number.
  ///
  /// - Parameter sink: takes the text in pieces that end with a line.
  /// - Complexity: O(trials + reports) in time; memory for 1000 trials.
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
      for trial in trials {
        switch format {
        case .csv: writer.write(trial, to: &text)
        case .jsonLines:
          TrialRecord(trial, specification, isWhole: true).json.write(to: &text)
          text += "\n"
        }
      }
      if !text.isEmpty { try sink(text) }
      guard trials.count == page.limit, let last = trials.last else { return }
      page.from = last.number + 1
      left -= trials.count
    }
  }
}

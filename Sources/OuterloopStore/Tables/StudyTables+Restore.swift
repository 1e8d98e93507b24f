package import OuterloopStudy

extension StudyTables {
  /// Creates a study with the events of another store or an earlier time: they keep their times and
  /// order and get new revisions. Its running trials have no worker here: the next `reap` releases
  /// them.
  ///
  /// - Throws: `StudyError` if a study of that name exists, or an event cannot have happened; then
  ///   nothing is stored.
  /// - Complexity: O(events) in time; memory for the open trials.
  package func restore(
    _ specification: StudySpecification, events: some Sequence<Event>, at time: Double
  ) throws -> StudyID {
    let study = try create(specification, at: time)
    var ledger = try Ledger(db, study, KnownStudy(specification), at: time)
    var open: [Int: Trial] = [:]
    var count = 0
    for event in events {
      if event.kind.isAboutStudy {
        try ledger.take(event.kind, at: event.time)
        continue
      }
      if Trial(event) != nil {
        guard event.trial == count else { throw impossible(event, "trial \(count) comes next") }
        open[count] = try ledger.create(count, by: event.kind, at: event.time)
        count += 1
        continue
      }
      guard var trial = try open[event.trial] ?? ledger.trial(event.trial) else {
        throw impossible(event, "there is no such trial")
      }
      guard trial.accepts(event.kind) == .accepted else {
        throw impossible(event, "the trial is \(trial.state.name)")
      }
      try ledger.take(event.kind, &trial, at: event.time)
      open[event.trial] = trial.state.isFinished ? nil : trial
    }
    for trial in open.values where trial.state == .running {
      try ledger.lease(trial.number, seconds: -1)
    }
    return study
  }
}

private func impossible(_ event: Event, _ why: String) -> StudyError {
  StudyError(
    "event \(event.revision) about trial \(event.trial) cannot have happened: \(why)",
    "look at where the events come from")
}

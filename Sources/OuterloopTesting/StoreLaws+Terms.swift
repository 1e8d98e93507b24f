internal import OuterloopStudy

// The terms of a study apart from its space and objectives, and changes during its lifetime.
extension StoreLaws {
  /// Constraints, costs, priors and rules are read back unchanged; the best trial is feasible; notes about
  /// the study are in the log in order.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkTerms(_ row: StoreCase) async throws {
    let test = try await StoreTrial(row)
    let store = test.store
    let priors = [
      ParameterPrior("x", 0.25, .distance(0.125)), ParameterPrior("units", 64),
      ParameterPrior("act", "t\"a\\n\u{1}h"),
    ]
    var specification = try StudySpecification(
      name: "terms", space: test.space, objectives: [.minimize("loss")],
      constraints: [
        OutcomeConstraint("memory \"ü\"", .atMost, 8.1),
        OutcomeConstraint("recall", .atLeast, -0.5),
      ], cost: TrialCost("price", horizon: Budget(trials: 9, seconds: 2.5)), priors: priors,
      earlier: [
        KnownResult(params: ["x": 0.5, "act": true, "none": 3, "units": 0], values: ["loss": 0.1]),
        KnownResult(params: ["x": 0.25, "act": 1.5], values: ["loss": -3, "other": 2]),
        KnownResult(params: ["x": 0.25], values: ["loss": .nan]),
      ],
      method: MethodDescription(
        ComponentDescription("tpe", ["startup": 3]),
        stopRules: [ComponentDescription("plateau", ["trials": 5]), ComponentDescription("ü")]),
      seed: 1)
    let study = try await store.create(specification)
    let kept = try await store.specification(of: study)
    try test.require(kept == specification, "the terms came back as \(kept)")
    let comparable = [
      KnownResult(params: ["x": 0.5, "act": true], values: ["loss": 0.1]),
      KnownResult(params: ["x": 0.25, "act": 1.5], values: ["loss": -3]),
    ]
    try test.require(kept.earlier == comparable, "the earlier results are \(kept.earlier)")
    (specification.name, specification.cost) = ("plain", TrialCost())
    let other = try await store.create(specification)
    try test.require(
      try await store.specification(of: other) == specification, "the cost by time was not kept")

    for (loss, memory) in [(3.0, 2.0), (1.0, 9.0), (2.0, 8.1), (0.5, 8.2)] {
      let claim = try await store.add(
        test.suggestion(), asTrial: nil, to: study, claimedBy: Claimant(worker: "w"))
      let report = Report(epoch: 9, ["loss": loss, "memory \"ü\"": memory, "recall": 0])
      let answer = try await store.append(
        [.reported(attempt: 1, report), .finished(attempt: 1, .complete([loss]))],
        to: claim?.trial.number ?? -1, of: study)
      try test.require(answer == .accepted, "a complete trial is \(answer)")
    }
    let best = try await store.summary(of: study).best
    try test.require(best == StudySummary.Best(trial: 2, value: 2), "the best is \(best as Any)")

    let before = try await store.events(of: study, after: 0, limit: .max).count
    let notes: [Event.Kind] = [
      .hinted(priors), .chosen("ü, for \"'\n"), .stopped(reason: "ü \"'\n"), .reopened,
      .suspended, .resumed,
    ]
    for note in notes { try await store.note(note, in: study) }
    let events = try await store.events(of: study, after: before, limit: .max)
    try test.require(events.map(\.kind) == notes, "the notes came back as \(events)")
    try test.require(
      events.map(\.revision) == Array(before + 1...before + 6)
        && events.allSatisfy { $0.trial == 4 },
      "the notes stand at \(events)")
    for wrong in [
      Event.Kind.retried, .widened(test.space), .budgeted(Budget()), .annotated(trial: nil, ""),
      try test.suggestion(),
    ] {
      try await requireError(test, "\(wrong) as a note") { try await store.note(wrong, in: study) }
    }
    try test.require(
      try await store.events(of: study, after: 0, limit: .max).count == before + 6,
      "a refused note is in the log")
  }

  /// A new budget and new notes are events; other attributes and unchanged values are not.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkSettings(_ row: StoreCase) async throws {
    let test = try await StoreTrial(row)
    let (store, study) = (test.store, test.study)
    let before = try await store.events(of: study, after: 0, limit: .max).count
    let budget = Budget(trials: 7, epochs: 9, seconds: 2.5)
    let changes: [@Sendable (inout StudySettings) -> Void] = [
      { $0.budget = budget }, { $0.budget = budget }, { $0.attributes["program"] = "x" },
      {
        $0.attributes["notes"] = "ü \"'\n"
        $0.attributes["notes.2"] = "*good*"
        $0.attributes["notes.x"] = "not a trial's"
      }, { $0.attributes["notes.2"] = nil },
      {
        $0.budget = Budget()
        $0.attributes["notes"] = "new"
      },
    ]
    for change in changes { try await store.update(study, change) }
    let events = try await store.events(of: study, after: before, limit: .max)
    let wanted: [Event.Kind] = [
      .budgeted(budget), .annotated(trial: nil, "ü \"'\n"), .annotated(trial: 2, "*good*"),
      .annotated(trial: 2, ""), .budgeted(Budget()), .annotated(trial: nil, "new"),
    ]
    try test.require(events.map(\.kind) == wanted, "the changes are in the log as \(events)")
    try test.require(
      events.map(\.revision) == Array(before + 1...before + wanted.count),
      "the changes stand at \(events)")
    try test.require(
      try await store.history(of: study).budget == Budget(), "the history has another budget")
  }
}

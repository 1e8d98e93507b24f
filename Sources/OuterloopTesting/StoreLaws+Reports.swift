internal import OuterloopStudy

// Reports that grow line by line, and durations.
extension StoreLaws {
  /// Additions are merged into the report of their epoch; the last report is the one that arrived
  /// last.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkAdditions(_ row: StoreCase) async throws {
    let test = try await StoreTrial(row)
    let number = try await test.begin().trial.number
    for kinds: [Event.Kind] in [
      [.reported(attempt: 1, Report(epoch: 1, ["a": 1, "loss": .nan], seconds: 2))],
      [.extended(attempt: 1, Report(epoch: 1, ["b": 2]))],
      [.extended(attempt: 1, Report(epoch: 1, ["loss": 3, "0": .infinity], seconds: 4))],
      [.reported(attempt: 1, Report(epoch: 2, ["loss": 5]))],
      [.extended(attempt: 1, Report(epoch: 2, ["a": 6], seconds: 7))],
      [.extended(attempt: 1, Report(epoch: 4, ["loss": 8]))],
      [.reported(attempt: 1, Report(epoch: 3, [:], seconds: 9))],
      [
        .extended(attempt: 1, Report(epoch: 3, ["loss": 10])),
        .extended(attempt: 1, Report(epoch: 3, ["loss": 11, "b": -.infinity])),
      ],
    ] {
      let answer = try await test.store.append(kinds, to: number, of: test.study)
      try test.require(answer == .accepted, "\(kinds) is \(answer)")
    }
    let trial = try await test.trial(number)
    try test.require(
      trial.reports
        == [
          Report(epoch: 1, ["a": 1, "b": 2, "loss": 3, "0": .infinity], seconds: 4),
          Report(epoch: 2, ["loss": 5, "a": 6], seconds: 7), Report(epoch: 4, ["loss": 8]),
          Report(epoch: 3, ["loss": 11, "b": -.infinity], seconds: 9),
        ].sorted { $0.epoch < $1.epoch }, "reports are \(trial.reports)")
    try test.require(
      trial.lastReport?.epoch == 3 && trial.epoch == 4,
      "the last is \(String(describing: trial.latest))")
    try test.require(
      try await test.append(.extended(attempt: 2, Report(["loss": 1])), to: number)
        == .refused(.overtaken), "an addition by nobody")
    try await test.requireConsistent()

    // Reports beyond the checkpoint are dropped with the next attempt.
    _ = try await test.append(
      .checkpointed(attempt: 1, epoch: 2), .released(attempt: 1, .lost), to: number)
    _ = try await test.store.claim(in: test.study, by: Claimant(worker: "v", lease: 10))
    try test.require(
      try await test.trial(number).lastReport?.epoch == 2, "the last report of another attempt")
    try await test.requireConsistent()
  }

  /// The cost of a report that grows line by line is proportional to its lines: neither events nor
  /// tables repeat what is known.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkGrowth(_ row: StoreCase) async throws {
    let test = try await StoreTrial(row)
    let number = try await test.begin().trial.number
    _ = try await test.append(.reported(attempt: 1, Report(epoch: 1, ["m0": 0])), to: number)
    for metric in 1..<200 {
      let more = Report(epoch: 1, ["m\(metric)": Double(metric)])
      _ = try await test.append(.extended(attempt: 1, more), to: number)
    }
    try test.require(
      try await test.trial(number).reports.first?.values.count == 200, "metrics are lost")
    let values = try await test.events().reduce(0) { sum, event in
      switch event.kind {
      case .reported(_, let report), .extended(_, let report): sum + report.values.count
      default: sum
      }
    }
    try test.require(values == 200, "the log holds \(values) values for 200 lines")
    try await test.requireConsistent()
  }

  /// The duration of an attempt is what its worker measured, whatever the store's clock did; without a
  /// measurement, a clock that was set back gives no negative duration.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkDurations(_ row: StoreCase) async throws {
    let test = try await StoreTrial(row)
    for (jump, measured, seconds) in [
      (3600.0, 2.5, 2.5), (-86_400, 0.5, 0.5), (4, nil, 4), (-86_400, nil, 0),
    ] as [(Double, Double?, Double)] {
      for end: Event.Kind in [
        .finished(attempt: 1, .complete([1, 2]), seconds: measured),
        .finished(attempt: 1, .failed(.error, message: nil), seconds: measured),
        .finished(attempt: 1, .pruned, seconds: measured),
        .released(attempt: 1, .cancelled, seconds: measured),
        .paused(attempt: 1, seconds: measured),
      ] {
        let claim = try await test.begin()
        test.clock.move(by: jump)
        _ = try await test.append(end, to: claim.trial.number)
        try test.require(try await test.events().last?.kind == end, "\(end) came back changed")
        let found = try await test.trial(claim.trial.number).workingSeconds
        try test.require(abs(found - seconds) < 1e-4, "\(end) after \(jump) s took \(found) s")
      }
    }
    try await test.requireConsistent()
  }
}

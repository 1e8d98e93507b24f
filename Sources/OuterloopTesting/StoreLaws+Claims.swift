internal import OuterloopStudy

// Who works on a trial, and for how long.
extension StoreLaws {
  /// Waiting trials are claimed in order, each once, also by many workers at the same time.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkClaims(_ row: StoreCase) async throws {
    let test = try await StoreTrial(row)
    let (store, study) = (test.store, test.study)
    try test.require(
      try await store.claim(in: study, by: Claimant(worker: "w")) == nil, "a claim on nothing")
    for waiting in [1, 5] {
      for _ in 0..<waiting {
        _ = try await store.add(test.suggestion(), asTrial: nil, to: study, claimedBy: nil)
      }
      let claims = try await withThrowingTaskGroup(of: Claim?.self) { group in
        for index in 0..<64 {
          group.addTask { try await store.claim(in: study, by: Claimant(worker: "w\(index)")) }
        }
        return try await group.reduce(into: [Claim]()) { if let claim = $1 { $0.append(claim) } }
      }
      try test.require(claims.count == waiting, "\(claims.count) claims on \(waiting) trials")
      try test.require(Set(claims.map(\.trial.number)).count == waiting, "a trial is claimed twice")
      for claim in claims {
        try test.require(claim.attempt == 1 && claim.trial.state == .running, "\(claim)")
        try test.require(
          try await test.trial(claim.trial.number) == claim.trial, "a claim has another trial")
      }
    }
    try await test.requireConsistent()
  }

  /// Events are accepted if `Trial.accepts` them, several all or none; refusals change nothing.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkAcceptance(_ row: StoreCase) async throws {
    let test = try await StoreTrial(row)
    let trial = try await test.begin().trial.number
    let report = Event.Kind.reported(attempt: 1, Report(["loss": 1]))
    let count = try await test.events().count
    func requireRefused(_ reason: Acceptance.Refusal, _ kinds: [Event.Kind], _ number: Int)
      async throws
    {
      let answer = try await test.store.append(kinds, to: number, of: test.study)
      try test.require(answer == .refused(reason), "\(kinds) is \(answer), not refused: \(reason)")
    }
    try await requireRefused(.unknown, [report], 7)
    try await requireRefused(.unknown, [report], -1)
    try await requireRefused(.exists, [test.suggestion()], trial)
    try await requireRefused(.notPaused, [.continued(through: 9, seen: 0)], trial)
    try await requireRefused(.taken, [.claimed(attempt: 2, worker: "v")], trial)
    try await requireRefused(.overtaken, [.reported(attempt: 2, Report(["loss": 1]))], trial)
    // All or none.
    try await requireRefused(.overtaken, [report, .paused(attempt: 2)], trial)
    try await requireRefused(.finished, [report, .finished(attempt: 1, .pruned), report], trial)
    try test.require(try await test.events().count == count, "a refused event is in the log")
    try test.require(try await test.trial(trial).reports.isEmpty, "a refused report is kept")

    try test.require(
      try await test.append(
        report, .checkpointed(attempt: 1, epoch: 1), .paused(attempt: 1), to: trial)
        == .accepted, "a pause is refused")
    try test.require(try await test.trial(trial).state == .paused, "it does not pause")
    try test.require(
      try await test.store.claim(in: test.study, by: Claimant(worker: "w")) == nil,
      "a trial that rests is claimed")
    try test.require(
      try await test.append(.continued(through: 12, seen: 4), to: trial) == .accepted, "continued")
    let again = try await test.store.claim(in: test.study, by: Claimant(worker: "v"))
    try test.require(
      again?.attempt == 2 && again?.trial.through == 12 && again?.trial.reports.count == 1
        && again?.trial.checkpoint == 1, "it goes on as \(String(describing: again))")
    try await requireRefused(.overtaken, [report], trial)
    let result = Event.Kind.finished(attempt: 2, .complete([1, 2]))
    try test.require(try await test.append(result, to: trial) == .accepted, "the result")
    try await requireRefused(.finished, [result], trial)
    try await requireRefused(.finished, [.finished(attempt: 1, .complete([3, 4]))], trial)
    try test.require(try await test.trial(trial).values == [1, 2], "the result changed")

    // A paused trial may be ended by the attempt after which it was paused.
    let resting = try await test.begin().trial.number
    _ = try await test.append(report, .paused(attempt: 1), to: resting)
    try await requireRefused(.overtaken, [.finished(attempt: 2, .pruned)], resting)
    try test.require(
      try await test.append(.finished(attempt: 1, .pruned), to: resting) == .accepted, "pruned")
    let pruned = try await test.trial(resting)
    try test.require(
      pruned.state == .pruned && pruned.ended != nil && pruned.reports.count == 1, "\(pruned)")
    try await requireRefused(.notPaused, [.continued(through: 12, seen: 9)], resting)
    try await test.requireConsistent()
  }

  /// A trial whose worker was lost waits again, continues from its checkpoint, or fails in the end;
  /// a late result of its worker is accepted if no one else has delivered one.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkReaping(_ row: StoreCase) async throws {
    let test = try await StoreTrial(row, maxAttempts: 3)
    let (store, study) = (test.store, test.study)
    let first = try await test.begin(lease: 10)
    let number = first.trial.number
    test.clock.move(by: 9)
    try test.require(try await store.reap(study).isEmpty, "reaped within its lease")
    test.clock.move(by: 2)
    try test.require(try await store.reap(study) == [number], "not reaped after its lease")
    try test.require(try await store.reap(study).isEmpty, "reaped twice")
    var trial = try await test.trial(number)
    try test.require(
      trial.state == .waiting && trial.attempts.first?.reason == .lost, "lost: \(trial)")
    try test.require(try await store.renew(first, seconds: 10) == false, "a lost lease is renewed")
    let report = Event.Kind.reported(attempt: 1, Report(["loss": 1]))
    try test.require(
      try await test.append(report, to: number) == .refused(.overtaken), "a lost worker reports")

    // The second attempt leaves a checkpoint behind, and a report beyond it.
    let second = try await store.claim(in: study, by: Claimant(worker: "v", lease: 10))
    try test.require(second?.attempt == 2, "second attempt: \(String(describing: second))")
    _ = try await test.append(
      .reported(attempt: 2, Report(epoch: 1, ["loss": 3])), .checkpointed(attempt: 2, epoch: 1),
      .reported(attempt: 2, Report(epoch: 2, ["loss": 2])), to: number)
    test.clock.move(by: 11)
    try test.require(try await store.reap(study) == [number], "the second attempt is not reaped")
    trial = try await test.trial(number)
    try test.require(trial.state == .paused && trial.reports.count == 2, "paused: \(trial)")
    let third = try await store.claim(in: study, by: Claimant(worker: "u", lease: 10))
    try test.require(
      third?.attempt == 3 && third?.trial.checkpoint == 1
        && third?.trial.reports.map(\.epoch) == [1], "third: \(String(describing: third))")
    test.clock.move(by: 11)
    try test.require(try await store.reap(study) == [number], "the third attempt is not reaped")
    try test.require(try await test.trial(number).state == .failed(.lost), "it is not given up")
    try test.require(
      try await test.append(.finished(attempt: 2, .complete([1, 2])), to: number) == .accepted,
      "a late result is refused")
    try test.require(try await test.trial(number).state == .complete, "a late result is lost")
    try await test.requireConsistent()
  }

  /// Renewals and reports extend a lease; the end of an attempt removes it; a clock that is set
  /// back does not prolong a lease.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkLeases(_ row: StoreCase) async throws {
    let test = try await StoreTrial(row)
    let (store, study) = (test.store, test.study)
    let claim = try await test.begin(lease: 10)
    let number = claim.trial.number
    for _ in 0..<3 {
      test.clock.move(by: 8)
      try test.require(try await store.renew(claim, seconds: 10), "a renewal is refused")
      test.clock.move(by: 8)
      _ = try await test.append(.reported(attempt: 1, Report(["loss": 1])), to: number)
      try test.require(try await store.reap(study).isEmpty, "reaped in spite of signs of life")
    }
    let lease = Lease(trial: number, attempt: 1, worker: "w", until: test.clock.now + 10)
    let leases = try await store.leases(of: study)
    try test.require(leases == [lease], "the leases are \(leases)")
    let overtaken = Claim(study: study, trial: claim.trial, attempt: 2)
    try test.require(try await store.renew(overtaken, seconds: 1) == false, "another's lease")

    // Set back by a day: the lease would last that long.
    test.clock.move(by: -86_400)
    try test.require(try await store.reap(study).isEmpty, "reaped because the clock was set back")
    test.clock.move(by: 9)
    try test.require(try await store.reap(study).isEmpty, "reaped within its lease")
    test.clock.move(by: 2)
    try test.require(try await store.reap(study) == [number], "kept after the clock was set back")

    // Set forward: all leases have expired; a live worker continues as the second attempt, or
    // delivers the result of the first.
    let second = try await store.claim(in: study, by: Claimant(worker: "v", lease: 10))
    test.clock.move(by: 86_400)
    try test.require(
      try await store.reap(study) == [number], "kept after the clock was set forward")
    _ = try await test.append(.finished(attempt: 2, .complete([1, 2])), to: number)
    try test.require(try await test.trial(number).values == [1, 2], "the result is lost")
    try test.require(second?.attempt == 2, "\(String(describing: second))")

    for end: Event.Kind in [
      .finished(attempt: 1, .pruned), .finished(attempt: 1, .failed(.memory, message: "m")),
      .paused(attempt: 1), .released(attempt: 1, .cancelled),
      .finished(attempt: 1, .complete([1, 2])),
    ] {
      let claim = try await test.begin(lease: 1)
      _ = try await test.append(end, to: claim.trial.number)
      test.clock.move(by: 100)
      try test.require(try await store.reap(study).isEmpty, "reaped after \(end)")
      try test.require(try await store.leases(of: study).isEmpty, "a lease after \(end)")
    }
    try await test.requireConsistent()
  }
}

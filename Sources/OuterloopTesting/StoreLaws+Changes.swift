internal import OuterloopStudy

// Changes to a running study.
extension StoreLaws {
  /// Failed trials, and no others, run again when someone retries them; earlier lost attempts no
  /// longer count.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkRetries(_ row: StoreCase) async throws {
    let test = try await StoreTrial(row, maxAttempts: 2)
    let (store, study) = (test.store, test.study)
    for end: Event.Kind in [
      .finished(attempt: 1, .complete([1, 2])), .finished(attempt: 1, .pruned),
      .paused(attempt: 1), .released(attempt: 1, .error),
    ] {
      let number = try await test.begin().trial.number
      try test.require(
        try await test.append(.retried, to: number) == .refused(.notFailed), "a running trial")
      _ = try await test.append(end, to: number)
      try test.require(
        try await test.append(.retried, to: number) == .refused(.notFailed), "retried after \(end)")
    }
    _ = try await store.claim(in: study, by: Claimant(worker: "w", lease: 1e6))
    for reason in FailureReason.allCases {
      let number = try await test.begin().trial.number
      let failure = Event.Kind.finished(attempt: 1, .failed(reason, message: "m"))
      _ = try await test.append(
        .reported(attempt: 1, Report(epoch: 1, ["loss": 3])), .checkpointed(attempt: 1, epoch: 1),
        .reported(attempt: 1, Report(epoch: 2, ["loss": 2])), failure, to: number)
      try test.require(
        try await test.append(.retried, to: number) == .accepted, "\(reason) is not retried")
      let trial = try await test.trial(number)
      try test.require(
        trial.state == .paused && trial.message == nil && trial.ended == nil
          && trial.attemptsBeforeRetry == 1 && trial.attempts.count == 1, "retried: \(trial)")
      try test.require(
        try await test.append(.retried, to: number) == .refused(.notFailed), "retried twice")
      let again = try await store.claim(in: study, by: Claimant(worker: "v", lease: 10))
      try test.require(
        again?.trial.number == number && again?.attempt == 2
          && again?.trial.reports.map(\.epoch) == [1], "it goes on as \(String(describing: again))")
      try test.require(
        try await test.append(failure, to: number) == .refused(.overtaken), "the first fails it")
      // Two workers may be lost before the trial is, whatever happened before it was retried.
      test.clock.move(by: 11)
      try test.require(try await store.reap(study) == [number], "not reaped")
      try test.require(try await test.trial(number).state == .paused, "lost too soon")
      _ = try await store.claim(in: study, by: Claimant(worker: "u", lease: 10))
      test.clock.move(by: 11)
      try test.require(try await store.reap(study) == [number], "not reaped again")
      try test.require(try await test.trial(number).state == .failed(.lost), "not lost in the end")
    }
    try await test.requireConsistent()
  }

  /// An extended space applies to everything that follows, also for clients that opened the old
  /// one; existing trials stay. A space is never narrowed.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkExtensions(_ row: StoreCase) async throws {
    let test = try await StoreTrial(row)
    let (store, study) = (test.store, test.study)
    _ = try await test.begin()
    let before = try await test.trial(0).assignment
    let count = try await test.events().count
    for (name, domain) in [
      ("x", Domain.float(try NumericRange(-1, 0.5))), ("act", .categorical(["relu"])),
      ("size", .ordinal([16.0, 64.5, 32.0])), ("units", try .int(1, 1 << 51)),
    ] {
      do {
        let narrow = try SearchSpace(
          test.space.parameters.map {
            ParameterDeclaration(
              $0.name, $0.name == name ? domain : $0.domain, if: $0.condition?.description)
          }, forbidden: test.space.forbidden.map(\.description))
        try await store.extend(study, to: narrow)
      } catch is SpaceError { continue }
      throw Violation("\(test.name): `\(name)` was narrowed to \(domain)")
    }
    try test.require(try await test.events().count == count, "a refused extension is in the log")

    for high in [2.0, 3.0] {
      let wide = try await store.specification(of: study).space.extended(by: [
        ParameterDeclaration("x", .float(NumericRange(-2, high))),
        ParameterDeclaration(
          "act", .categorical(["silu", "relu", "t\"a\\n\u{1}h", "über🙂", true, 1.5])),
      ])
      try await store.extend(study, to: wide)
      for _ in 0..<2 {
        try test.require(
          try await store.specification(of: study).space == wide, "the space is not the wide one")
      }
      let far = try wide.assignment([
        "x": .float(high), "units": 3, "act": "silu", "size": 32, "momentum": 0.5,
      ])
      let claim = try await store.add(
        .suggested(far, through: 9, seen: 0), asTrial: nil, to: study, claimedBy: nil)
      for _ in 0..<2 {
        let number = claim?.trial.number ?? -1
        try test.require(
          try await test.trial(number).assignment == far, "\(far) was not kept")
      }
      try test.require(try await test.events().last?.trial == claim?.trial.number, "its event")
    }
    try test.require(try await test.trial(0).assignment == before, "what was tried has changed")
    let spaces = try await test.events().compactMap { event -> SearchSpace? in
      if case .widened(let space) = event.kind { space } else { nil }
    }
    try test.require(spaces.map { $0.parameters[0].domain.range?.high } == [2, 3], "\(spaces)")
    try await test.requireConsistent()
  }

  /// A trial gets values of parameters that its objective defines as it runs: they stay with it, the space
  /// includes them, and only the running attempt may add them.
  package static func checkSupplements(_ row: StoreCase) async throws {
    let test = try await StoreTrial(row)
    let (store, study) = (test.store, test.study)
    _ = try await test.begin()
    _ = try await test.begin()
    let before = try await test.trial(0).assignment
    let space = try await store.grow(study, by: ParameterDeclaration(parsing: "late=int(1, 9)"))
    try test.require(
      try await store.grow(study, by: ParameterDeclaration(parsing: "late=int(2, 5)")) == space,
      "the space has grown by what it has")
    let whole = try space.supplementing(before, "late", 7)
    for attempt in [2, 1] {
      let answer = try await test.append(.supplemented(attempt: attempt, whole), to: 1)
      try test.require(
        answer == (attempt == 1 ? .accepted : .refused(.overtaken)), "attempt \(attempt): \(answer)"
      )
    }
    for _ in 0..<2 {
      try test.require(try await test.trial(1).assignment == whole, "it is not kept")
      try test.require(
        try await test.trial(0).assignment.active.map(\.name) == before.active.map(\.name),
        "another trial has changed")
    }
    _ = try await test.append(.finished(attempt: 1, .complete([1, 2])), to: 1)
    try test.require(
      try await test.append(.supplemented(attempt: 1, before), to: 1) == .refused(.finished),
      "a trial that has ended was supplemented")
    let claim = try await store.add(
      .suggested(whole, through: 9, seen: 0), asTrial: nil, to: study, claimedBy: nil)
    let number = claim?.trial.number ?? -1
    try test.require(try await test.trial(number).assignment == whole, "\(whole) was not kept")
    try await test.requireConsistent()
  }
}

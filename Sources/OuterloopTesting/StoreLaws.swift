internal import OuterloopStudy

/// What every store must satisfy, as functions that throw a `Violation`.
public enum StoreLaws {
  /// A violated law, as text.
  public struct Violation: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
  }

  /// Names, studies, their specifications and settings.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkStudies(_ row: StoreCase) async throws {
    let test = try await StoreTrial(row)
    let store = test.store
    let first = try StoreTrial.specification("study")
    let kept = try await store.specification(of: test.study)
    try test.require(kept == first, "the specification came back as \(kept)")
    try test.require(kept.difference(from: first) == nil, "it differs")
    try await requireError(test, "two studies of one name") { _ = try await store.create(first) }
    var ids = [test.study]
    for name in ["Ähnlich 🙂", "a'b\"c\\", String(repeating: "n", count: 300), " "] {
      ids.append(try await store.create(StoreTrial.specification(name)))
      try test.require(try await store.study(named: name) == ids.last, "`\(name)` is not found")
    }
    try test.require(try await store.studies() == ids, "studies in order of creation")
    try test.require(try await store.study(named: "none") == nil, "a study that is not there")

    let budget = Budget(trials: 7, epochs: nil, seconds: 2.5)
    var changed = first
    changed.settings = try await store.update(test.study) {
      $0.budget = budget
      $0.attributes = ["a": "ü\n"]
    }
    try test.require(
      changed.settings == StudySettings(budget: budget, attributes: ["a": "ü\n"]),
      "what changed is returned")
    try test.require(
      try await store.specification(of: test.study) == changed, "budget and attributes change")

    // Concurrent changes all take effect.
    try await withThrowingTaskGroup(of: Void.self) { group in
      for key in 0..<20 {
        group.addTask { try await store.update(test.study) { $0.attributes["k\(key)"] = "" } }
      }
      try await group.waitForAll()
    }
    try test.require(
      try await store.specification(of: test.study).attributes.count == 21, "a change is lost")

    // Studies are independent; a deleted one is removed with all its data.
    let other = ids[1]
    _ = try await test.begin()
    _ = try await store.add(
      test.suggestion(), asTrial: 0, to: other, claimedBy: Claimant(worker: "v"))
    try test.require(try await store.events(of: other, after: 0, limit: 9).count == 2, "events mix")
    try await store.delete(test.study)
    try test.require(try await store.study(named: "study") == nil, "a deleted study is found")
    try test.require(
      try await store.studies() == Array(ids.dropFirst()), "a deleted study is listed")
    try await requireError(test, "events of a deleted study") { _ = try await test.events() }
    try await requireError(test, "a deleted study is deleted") {
      try await store.delete(test.study)
    }
    try await requireError(test, "a trial of a deleted study") { _ = try await test.begin() }
    try await requireError(test, "a claim in a deleted study") {
      _ = try await store.claim(in: test.study, by: Claimant(worker: "w"))
    }
    try await requireError(test, "a deleted study is reaped") {
      _ = try await store.reap(test.study)
    }
    try await requireError(test, "a deleted study is changed") {
      try await store.update(test.study) { $0.attributes = [:] }
    }
    try test.require(
      try await store.events(of: other, after: 0, limit: 9).count == 2, "lost events")
    let again = try await store.create(first)
    try test.require(try await store.events(of: again, after: 0, limit: 9).isEmpty, "old events")
  }

  /// Trials are numbered from 0, whichever worker asks; a number is never reused.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkNumbering(_ row: StoreCase) async throws {
    let test = try await StoreTrial(row)
    let (store, study) = (test.store, test.study)
    let suggestion = try test.suggestion()
    for number in 0..<3 {
      let claim = try await store.add(suggestion, asTrial: number, to: study, claimedBy: nil)
      try test.require(claim?.trial.number == number && claim?.attempt == 0, "trial \(number)")
    }
    for number in [0, 2, 4, -1] {
      let claim = try await store.add(
        suggestion, asTrial: number, to: study, claimedBy: Claimant(worker: "w"))
      try test.require(claim == nil, "number \(number) is given after 3 trials")
    }
    let enqueued = try await store.add(
      .enqueued(test.assignment(0.1), through: 2), asTrial: nil, to: study, claimedBy: nil)
    try test.require(enqueued?.trial.number == 3 && enqueued?.trial.seen == nil, "enqueued")

    let count = 200
    let numbers = try await withThrowingTaskGroup(of: Int?.self) { group in
      for index in 0..<count {
        group.addTask {
          try await store.add(
            suggestion, asTrial: nil, to: study, claimedBy: Claimant(worker: "w\(index)")
          )?.trial.number
        }
      }
      return try await group.reduce(into: [Int]()) { if let number = $1 { $0.append(number) } }
    }
    try test.require(numbers.sorted() == Array(4..<4 + count), "numbers of parallel trials")
    try await test.requireConsistent()
  }

  /// Configurations, values and texts of all kinds are read back unchanged.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkValues(_ row: StoreCase) async throws {
    let test = try await StoreTrial(row)
    var written: [Assignment] = []
    for choice: ParameterValue in ["relu", "t\"a\\n\u{1}h", "über🙂", true, 1.5] {
      for (units, x) in [
        (1, -1.0), (1 << 52, 0.1 + 0.2), ((1 << 52) - 1, .leastNonzeroMagnitude), (2, -0.0),
      ] {
        let assignment = try test.space.assignment([
          "x": .float(x), "units": .int(units), "act": choice, "size": 16, "momentum": 1e-300,
        ])
        written.append(assignment)
        _ = try await test.store.add(
          .suggested(assignment, through: 3, seen: written.count), asTrial: nil, to: test.study,
          claimedBy: nil)
      }
    }
    let events = try await test.events()
    for (event, assignment) in zip(events, written) {
      guard case .suggested(let found, 3, _) = event.kind else {
        throw Violation("\(row): \(event) is not the suggestion")
      }
      try test.require(
        found == assignment && found.names == assignment.names, "\(assignment) became \(found)")
      try test.require(
        try await test.trial(event.trial).assignment == assignment, "\(assignment) in the trial")
    }

    let claim = try await test.begin()
    let number = claim.trial.number
    let values = [
      "loss": Double.nan, "up": .infinity, "down": -.infinity, "small": .leastNonzeroMagnitude,
      "big": 1.7e308,
      "zero": -0.0, "ü \"'": 0.1 + 0.2, "": 1, "NaN": 2,
    ]
    let accepted = try await test.append(
      .reported(attempt: 1, Report(epoch: 1, values, seconds: .infinity)),
      .reported(attempt: 1, Report(epoch: 3, [:], seconds: 0.1)),
      .reported(attempt: 1, Report(epoch: 2, ["loss": 1])),
      .reported(attempt: 1, Report(epoch: 2, ["accuracy": 2], seconds: 1)), to: number)
    try test.require(accepted == .accepted, "reports are \(accepted)")
    let reports = try await test.trial(number).reports
    try test.require(reports.map(\.epoch) == [1, 2, 3], "reports are in the order of epochs")
    let metrics = try await test.store.metrics(of: test.study)
    try test.require(
      metrics == (values.keys + ["accuracy"]).sorted(), "the metrics are \(metrics)")
    for (name, value) in values {
      let found = reports[0].values[name]
      try test.require(
        found == value || (value.isNaN && found?.isNaN == true),
        "\(name) = \(value) came back as \(String(describing: found))")
    }
    try test.require(reports[0].values.count == values.count, "a report has more values")
    try test.require(reports[0].seconds == .infinity, "infinite seconds")
    try test.require(
      reports[1] == Report(epoch: 2, ["accuracy": 2], seconds: 1), "a report is replaced whole")
    try test.require(reports[2] == Report(epoch: 3, [:], seconds: 0.1), "a report without values")
    _ = try await test.append(
      .finished(attempt: 1, .complete([-.infinity, .nan])), to: number)
    let found = try await test.trial(number).values ?? []
    try test.require(
      found.count == 2 && found[0] == -.infinity && found[1].isNaN, "values came back as \(found)")
    for message in [nil, "", "Überlauf: \"x\"\n\u{0}\t\\ 🙂"] {
      let claim = try await test.begin()
      let failed = Event.Kind.finished(attempt: 1, .failed(.error, message: message))
      _ = try await test.append(failed, to: claim.trial.number)
      try test.require(try await test.events().last?.kind == failed, "\(failed) came back changed")
      try test.require(try await test.trial(claim.trial.number).message == message, "message")
    }
    try await test.requireConsistent()
  }

  /// The best trial: NaN is ignored, zero is a value, the earliest of ties.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkBest(_ row: StoreCase) async throws {
    let cases: [[Double]] = [
      [.nan], [.nan, 2, 0, -0.0, 0], [.infinity], [3, -.infinity, -.infinity], [1, 1],
    ]
    for values in cases {
      let test = try await StoreTrial(row)
      for value in values {
        let claim = try await test.begin()
        _ = try await test.append(
          .finished(attempt: 1, .complete([value, 0])), to: claim.trial.number)
      }
      let pruned = try await test.begin()
      _ = try await test.append(
        .reported(attempt: 1, Report(["loss": -.infinity])), .finished(attempt: 1, .pruned),
        to: pruned.trial.number)
      try await test.requireConsistent()
    }
  }

  /// The log is read in pages of any size, and lists in pages by number and state.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkPaging(_ row: StoreCase) async throws {
    let test = try await StoreTrial(row)
    for index in 0..<20 {
      let claim = try await test.begin()
      if index % 3 == 0 {
        _ = try await test.append(.finished(attempt: 1, .pruned), to: claim.trial.number)
      }
    }
    let events = try await test.events()
    for size in [1, 2, 7, 46, 47, 48, .max] {
      var read: [Event] = []
      while true {
        let page = try await test.store.events(of: test.study, after: read.count, limit: size)
        read += page
        if page.count < size || read.count > events.count { break }
      }
      try test.require(read == events, "pages of \(size)")
    }
    try test.require(
      try await test.store.events(of: test.study, after: events.count, limit: 5).isEmpty, "the end")
    func numbers(_ query: TrialQuery) async throws -> [Int] {
      try await test.store.trials(of: test.study, matching: query).map(\.number)
    }
    let pruned = Array(stride(from: 0, to: 20, by: 3))
    try test.require(try await numbers(TrialQuery(states: [.pruned])) == pruned, "by state")
    try test.require(try await numbers(TrialQuery(states: [])).isEmpty, "no state")
    try test.require(try await numbers(TrialQuery(from: 18)) == [18, 19], "from 18")
    try test.require(
      try await numbers(TrialQuery(states: [.pruned], from: 4, limit: 2)) == [6, 9], "limit")
    try test.require(
      try await numbers(TrialQuery(states: [.pruned], from: 4, limit: 2, newestFirst: true))
        == [18, 15], "newest first")
    try test.require(try await numbers(TrialQuery(limit: 0)).isEmpty, "none")
  }

  static func requireError(
    _ test: StoreTrial, _ what: String, _ body: () async throws -> Void
  ) async throws {
    do { try await body() } catch is StudyError { return }
    throw Violation("\(test.name): \(what): no error")
  }
}

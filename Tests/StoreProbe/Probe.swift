import OuterloopStore
import OuterloopStudy

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

func exitFailed() -> Never { exit(1) }

/// A line that is out when the call returns, whatever happens to the process afterwards.
func say(_ line: String) {
  let bytes = Array((line + "\n").utf8)
  _ = write(1, bytes, bytes.count)
}

/// What a test has other processes do with a store.
struct Probe {
  let path: String
  let arguments: [String]

  func run(_ command: String) async throws {
    switch command {
    case "work": try await work()
    case "view": try await view()
    case "wait": try await wait()
    case "nobody": try await nobody()
    case "fixture": try await fixture()
    case "mixture": try await mixture()
    case "lines": try await lines()
    case "optuna-out":
      let store = try SQLiteStore(path, .read)
      let study = try await store.study(named: arguments.count > 1 ? arguments[1] : "s")
      guard let study else { exitFailed() }
      try await OptunaFile.write(study, of: store, to: arguments[0])
    case "optuna-in":
      let read = try OptunaFile.read(
        arguments[0], study: arguments.count > 1 ? arguments[1] : nil)
      _ = try await SQLiteStore(path, .create).restore(read.specification, events: read.events)
    case "race": try await race()
    case "fill": try await fill()
    case "speed": try await speed()
    case "list": try await list()
    default: fatalError("there is no `\(command)`")
    }
  }

  private func number(_ place: Int, _ otherwise: Int) -> Int {
    arguments.count > place ? Int(arguments[place]) ?? otherwise : otherwise
  }

  static func specification(_ name: String = "s") throws -> StudySpecification {
    var space = SearchSpace()
    _ = try space.float("lr", 1e-5...1e-1, log: true)
    _ = try space.float("momentum", 0...0.99)
    _ = try space.int("layers", 1...8)
    _ = try space.int("units", 16...1024, log: true)
    _ = try space.choice("act", ["relu", "tanh", "gelu"])
    return try StudySpecification(
      name: name, space: space, objectives: [.minimize("loss")],
      method: MethodDescription("random"), seed: 0, maxAttempts: 1_000_000)
  }

  private func open(_ access: SQLiteStore.Access = .create) async throws
    -> (SQLiteStore, StudyID, StudySpecification)
  {
    let store = try SQLiteStore(path, access)
    let specification = try Self.specification()
    if let id = try await store.study(named: specification.name) {
      return (store, id, specification)
    }
    do { return (store, try await store.create(specification), specification) } catch {
      guard let id = try await store.study(named: specification.name) else { throw error }
      return (store, id, specification)
    }
  }

  private func suggestion(_ space: SearchSpace) throws -> Event.Kind {
    let assignment = space.assignment { _, domain in domain.value(atUnit: .random(in: 0..<1)) }
    guard let assignment else { throw StudyError("no assignment", "none") }
    return .suggested(assignment, through: 3, seen: 0)
  }

  /// Works until it is killed; prints what was acknowledged, a line each, after it was.
  private func work() async throws {
    let (store, id, specification) = try await open()
    let me = "w\(getpid())"
    while true {
      var found: Claim?
      if let claim = try await store.claim(in: id, by: Claimant(worker: me, lease: 0.2)) {
        found = claim
      } else {
        found = try await store.add(
          suggestion(specification.space), asTrial: nil, to: id,
          claimedBy: Claimant(worker: me, lease: 0.2))
        if let found { say("added \(found.trial.number)") }
      }
      guard let claim = found else { continue }
      let (number, attempt) = (claim.trial.number, claim.attempt)
      say("claimed \(number) \(attempt)")
      for epoch in 1...3 {
        let value = Double(number) + Double(epoch) / 10
        let answer = try await store.append(
          [.reported(attempt: attempt, Report(epoch: epoch, ["loss": value], seconds: 1))],
          to: number, of: id)
        if answer == .accepted { say("reported \(number) \(attempt) \(epoch)") }
      }
      let answer = try await store.append(
        [.finished(attempt: attempt, .complete([Double(number)]))], to: number, of: id)
      if answer == .accepted { say("finished \(number) \(attempt)") }
      for number in try await store.reap(id) { say("reaped \(number)") }
    }
  }

  /// Reads all there is over and over, for some seconds.
  private func view() async throws {
    let end = SystemClock.now() + (arguments.first.flatMap { Double($0) } ?? 1)
    let store = try SQLiteStore(path, .read)
    var reads = 0
    while SystemClock.now() < end {
      for id in try await store.studies() {
        let trials = try await store.trials(of: id, matching: TrialQuery())
        let summary = try await store.summary(of: id)
        let events = try await store.events(of: id, after: 0, limit: .max)
        guard summary.trials >= trials.count, events.count >= summary.revision else {
          throw StudyError("the viewer went back in time", "none")
        }
        reads += 1
      }
    }
    say("read \(reads)")
  }

  /// Adds so many trials that wait.
  private func wait() async throws {
    let (store, id, specification) = try await open()
    for _ in 0..<number(0, 1) {
      _ = try await store.add(
        suggestion(specification.space), asTrial: nil, to: id, claimedBy: nil)
    }
  }

  /// Reads as someone without rights, and tries to write.
  private func nobody() async throws {
    if getuid() == 0 {
      guard setgid(65534) == 0, setuid(65534) == 0 else { exitFailed() }
    }
    let store = try SQLiteStore(path, .read)
    for id in try await store.studies() {
      let count = try await store.trials(of: id, matching: TrialQuery()).count
      say("\(count) trials")
    }
    do {
      _ = try SQLiteStore(path, .write)
      say("writing: nothing is said")
    } catch let error as StudyError { say("writing: \(error.what)") }
  }

  /// The file that is kept of every schema: five complete trials of fixed values.
  private func fixture() async throws {
    let store = try SQLiteStore(path, .create)
    let specification = try Self.specification()
    let id = try await store.create(specification)
    for number in 0..<5 {
      let u = Double(number) / 4
      let assignment = specification.space.assignment { index, domain in
        domain.value(atUnit: index == 4 ? 0.5 : u)
      }
      guard let assignment else { exitFailed() }
      _ = try await store.add(
        .suggested(assignment, through: 1, seen: 0), asTrial: nil, to: id,
        claimedBy: Claimant(worker: "w"))
      _ = try await store.append(
        [
          .reported(attempt: 1, Report(epoch: 1, ["loss": u, "time": .infinity], seconds: 1)),
          .finished(attempt: 1, .complete([u])),
        ], to: number, of: id)
    }
  }

  /// Trials of every state.
  private func mixture() async throws {
    let (store, id, specification) = try await open()
    for number in 0..<12 {
      let claim = try await store.add(
        suggestion(specification.space), asTrial: nil, to: id,
        claimedBy: number == 10 ? nil : Claimant(worker: "w\(number % 3)"))
      guard claim != nil, number != 10 else { continue }
      var kinds: [Event.Kind] = (1...3).map {
        .reported(
          attempt: 1,
          Report(
            epoch: $0,
            ["loss": number == 6 ? .infinity : .random(in: 0..<1), "other": 0.1 * Double($0)],
            seconds: 0.5))
      }
      switch number {
      case 1: kinds.append(.finished(attempt: 1, .pruned))
      case 2: kinds.append(.finished(attempt: 1, .failed(.memory, message: "9 \"GB\"\n")))
      case 3: kinds += [.checkpointed(attempt: 1, epoch: 3), .paused(attempt: 1)]
      case 4: kinds = []
      case 5: kinds.append(.finished(attempt: 1, .complete([-.infinity])))
      default: kinds.append(.finished(attempt: 1, .complete([.random(in: 0..<1)])))
      }
      if !kinds.isEmpty { _ = try await store.append(kinds, to: number, of: id) }
    }
  }

  /// The trials of the first study as JSON lines.
  private func lines() async throws {
    let store = try SQLiteStore(path, .read)
    guard let id = try await store.studies().first else { return }
    var text = ""
    try await store.export(id, as: .jsonLines) { text += $0 }
    say(String(text.dropLast()))
  }

  /// Claims until nothing waits; prints what it got.
  private func race() async throws {
    let (store, id, _) = try await open(.write)
    let claimants = number(0, 8)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<claimants {
        group.addTask {
          while let claim = try await store.claim(in: id, by: Claimant(worker: "r\(index)")) {
            say("claimed \(claim.trial.number) \(claim.attempt)")
          }
        }
      }
      try await group.waitForAll()
    }
  }

  /// Adds finished trials until there are so many, or the disk is full.
  private func fill() async throws {
    let (store, id, specification) = try await open()
    var added = try await store.summary(of: id).trials
    while added < number(0, 1000) {
      let claim = try await store.add(
        suggestion(specification.space), asTrial: nil, to: id, claimedBy: Claimant(worker: "f"))
      guard let claim else { continue }
      let number = claim.trial.number
      _ = try await store.append(
        [
          .reported(attempt: 1, Report(epoch: 1, ["loss": .random(in: 0..<1)], seconds: 1)),
          .finished(attempt: 1, .complete([.random(in: 0..<1)])),
        ], to: number, of: id)
      say("finished \(number) 1")
      added += 1
    }
  }

  private func seconds(_ body: () async throws -> Void) async rethrows -> Double {
    let clock = ContinuousClock()
    let start = clock.now
    try await body()
    return start.duration(to: clock.now) / .seconds(1)
  }

  /// How fast one process writes: trials (ask, report, finish), and reports.
  private func speed() async throws {
    let (store, id, specification) = try await open()
    let count = number(0, 5000)
    let trials = try await seconds {
      for _ in 0..<count {
        _ = try await store.reap(id)
        _ = try await store.claim(in: id, by: Claimant(worker: "w"))
        guard
          let claim = try await store.add(
            suggestion(specification.space), asTrial: nil, to: id, claimedBy: Claimant(worker: "w"))
        else { continue }
        let number = claim.trial.number
        _ = try await store.append(
          [.reported(attempt: 1, Report(epoch: 1, ["loss": 0.5], seconds: 1))], to: number, of: id)
        _ = try await store.append(
          [.finished(attempt: 1, .complete([0.5]))], to: number, of: id)
      }
    }
    say("trials per second: \(Int(Double(count) / trials))")
    guard
      let claim = try await store.add(
        suggestion(specification.space), asTrial: nil, to: id, claimedBy: Claimant(worker: "w"))
    else { return }
    let reports = try await seconds {
      for epoch in 1...count {
        _ = try await store.append(
          [.reported(attempt: 1, Report(epoch: epoch, ["loss": 0.5], seconds: 1))],
          to: claim.trial.number, of: id)
      }
    }
    say("reports per second: \(Int(Double(count) / reports))")
  }

  /// How fast a large study is read.
  private func list() async throws {
    let opened = try await seconds { _ = try SQLiteStore(path, .read) }
    let (store, id, _) = try await open(.read)
    var count = 0
    let listed = try await seconds {
      count = try await store.trials(of: id, matching: TrialQuery(reports: false)).count
    }
    let full = try await seconds {
      count = try await store.trials(of: id, matching: TrialQuery()).count
    }
    let summed = try await seconds { _ = try await store.summary(of: id) }
    var events = 0
    let folded = try await seconds { events = try await store.history(of: id).revision }
    say(
      """
      open \(opened) s; \(count) trials: \(listed) s, with reports \(full) s; summary \(summed) s; \
      \(events) events folded in \(folded) s
      """)
  }
}

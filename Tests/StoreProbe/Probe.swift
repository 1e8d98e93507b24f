import OuterloopPlatform
import OuterloopPostgres
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

/// The store in a file, or at a URL.
func openStore(_ place: String, _ access: StoreAccess) throws -> any RestoringStore {
  if let address = PostgresAddress(place) { return try PostgresStore(address, access) }
  return try SQLiteStore(place, access)
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
      let store = try openStore(path, .read)
      let study = try await store.study(named: arguments.count > 1 ? arguments[1] : "s")
      guard let study else { exitFailed() }
      try await OptunaFile.write(study, of: store, to: arguments[0])
    case "optuna-in":
      let read = try OptunaFile.read(
        arguments[0], study: arguments.count > 1 ? arguments[1] : nil)
      _ = try await openStore(path, .create).restore(read.specification, events: read.events)
    case "race": try await race()
    case "fill": try await fill()
    case "speed": try await speed()
    case "list": try await list()
    case "serve": try await StoreServer(path: path).run()
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

  /// A study in its store.
  private struct Opened {
    let store: any StudyStore
    let id: StudyID
    let space: SearchSpace

    /// Adds a trial somewhere in the space.
    func add(by claimant: Claimant?) async throws -> Claim? {
      let assignment = space.assignment { _, domain in domain.value(atUnit: .random(in: 0..<1)) }
      guard let assignment else { throw StudyError("no assignment", "none") }
      return try await store.add(
        .suggested(assignment, through: 3, seen: 0), asTrial: nil, to: id, claimedBy: claimant)
    }

    @discardableResult
    func append(_ kinds: Event.Kind..., to trial: Int) async throws -> Acceptance {
      try await store.append(kinds, to: trial, of: id)
    }
  }

  private func open(_ access: StoreAccess = .create) async throws -> Opened {
    let store = try openStore(path, access)
    let specification = try Self.specification()
    var id = try await store.study(named: specification.name)
    if id == nil {
      do { id = try await store.create(specification) } catch {
        // Another process was faster.
        id = try await store.study(named: specification.name)
        if id == nil { throw error }
      }
    }
    guard let id else { exitFailed() }
    return Opened(store: store, id: id, space: specification.space)
  }

  /// Works until it is killed; prints what was acknowledged, a line each, after it was.
  private func work() async throws {
    let study = try await open()
    let me = Claimant(worker: "w\(getpid())", lease: 0.2)
    while true {
      var found = try await study.store.claim(in: study.id, by: me)
      if found == nil {
        found = try await study.add(by: me)
        if let found { say("added \(found.trial.number)") }
      }
      guard let claim = found else { continue }
      let (number, attempt) = (claim.trial.number, claim.attempt)
      say("claimed \(number) \(attempt)")
      for epoch in 1...3 {
        let value = Double(number) + Double(epoch) / 10
        let report = Report(epoch: epoch, ["loss": value], seconds: 1)
        let answer = try await study.append(.reported(attempt: attempt, report), to: number)
        if answer == .accepted { say("reported \(number) \(attempt) \(epoch)") }
      }
      let answer = try await study.append(
        .finished(attempt: attempt, .complete([Double(number)])), to: number)
      if answer == .accepted { say("finished \(number) \(attempt)") }
      for number in try await study.store.reap(study.id) { say("reaped \(number)") }
    }
  }

  /// Reads all there is over and over, for some seconds.
  private func view() async throws {
    let end = SystemClock.now() + (arguments.first.flatMap { Double($0) } ?? 1)
    let store = try openStore(path, .read)
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
    let study = try await open()
    for _ in 0..<number(0, 1) { _ = try await study.add(by: nil) }
  }

  /// Reads as someone without rights, and tries to write.
  private func nobody() async throws {
    if getuid() == 0 {
      guard setgid(65534) == 0, setuid(65534) == 0 else { exitFailed() }
    }
    let store = try openStore(path, .read)
    for id in try await store.studies() {
      let count = try await store.trials(of: id, matching: TrialQuery()).count
      say("\(count) trials")
    }
    do {
      _ = try openStore(path, .write)
      say("writing: nothing is said")
    } catch let error as StudyError { say("writing: \(error.what)") }
  }

  /// The file that is kept of every schema: five complete trials of fixed values.
  private func fixture() async throws {
    let store = try openStore(path, .create)
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
    let study = try await open()
    for number in 0..<12 {
      let claim = try await study.add(
        by: number == 10 ? nil : Claimant(worker: "w\(number % 3)"))
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
      if !kinds.isEmpty { _ = try await study.store.append(kinds, to: number, of: study.id) }
    }
  }

  /// The trials of the first study as JSON lines.
  private func lines() async throws {
    let store = try openStore(path, .read)
    guard let id = try await store.studies().first else { return }
    var text = ""
    try await store.export(id, as: .jsonLines) { text += $0 }
    say(String(text.dropLast()))
  }

  /// Claims until nothing waits; prints what it got.
  private func race() async throws {
    let study = try await open(.write)
    let claimants = (0..<number(0, 8)).map { Claimant(worker: "r\($0)") }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for claimant in claimants {
        group.addTask {
          while let claim = try await study.store.claim(in: study.id, by: claimant) {
            say("claimed \(claim.trial.number) \(claim.attempt)")
          }
        }
      }
      try await group.waitForAll()
    }
  }

  /// Adds finished trials until there are so many, or the disk is full.
  private func fill() async throws {
    let study = try await open()
    var added = try await study.store.summary(of: study.id).trials
    while added < number(0, 1000) {
      guard let claim = try await study.add(by: Claimant(worker: "f")) else { continue }
      let number = claim.trial.number
      try await study.append(
        .reported(attempt: 1, Report(epoch: 1, ["loss": .random(in: 0..<1)], seconds: 1)),
        .finished(attempt: 1, .complete([.random(in: 0..<1)])), to: number)
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
    let study = try await open()
    let (count, me) = (number(0, 5000), Claimant(worker: "w"))
    func report(_ epoch: Int) -> Event.Kind {
      .reported(attempt: 1, Report(epoch: epoch, ["loss": 0.5], seconds: 1))
    }
    let trials = try await seconds {
      for _ in 0..<count {
        _ = try await study.store.reap(study.id)
        _ = try await study.store.claim(in: study.id, by: me)
        guard let claim = try await study.add(by: me) else { continue }
        try await study.append(report(1), to: claim.trial.number)
        try await study.append(.finished(attempt: 1, .complete([0.5])), to: claim.trial.number)
      }
    }
    say("trials per second: \(Int(Double(count) / trials))")
    guard let claim = try await study.add(by: me) else { return }
    let reports = try await seconds {
      for epoch in 1...count {
        try await study.append(report(epoch), to: claim.trial.number)
      }
    }
    say("reports per second: \(Int(Double(count) / reports))")
  }

  /// How fast a large study is read.
  private func list() async throws {
    let opened = try await seconds { _ = try openStore(path, .read) }
    let study = try await open(.read)
    let (store, id) = (study.store, study.id)
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

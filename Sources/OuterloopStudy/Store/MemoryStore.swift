private import Synchronization

/// A store that lives as long as the process: the simplest implementation of the contract, and the
/// reference that other stores are tested against.
public final class MemoryStore: StudyStore {
  private struct Term {
    let seconds: Double
    private(set) var end: Double

    init(seconds: Double, at time: Double) {
      self.seconds = seconds
      end = time + seconds
    }

    mutating func renew(at time: Double) { end = time + seconds }
  }

  private struct Record {
    var specification: StudySpecification
    var history = History()
    var events: [Event] = []
    /// The leases of running trials.
    var leases: [Int: Term] = [:]

    mutating func take(_ kind: Event.Kind, _ trial: Int, at time: Double) {
      let event = Event(revision: events.count + 1, time: time, trial: trial, kind)
      events.append(event)
      history.apply(event)
      if kind.isAboutStudy { return }
      if history.trials[trial].state != .running { leases[trial] = nil }
      switch kind {
      case .reported, .extended: leases[trial]?.renew(at: time)
      default: break
      }
    }

    /// Converts configurations of the narrower space to this one.
    mutating func layOut(for space: SearchSpace) {
      for place in events.indices { events[place].kind.layOut(for: space) }
      history.layOut(for: space)
    }

    mutating func claim(_ trial: Int, _ claimant: Claimant, at time: Double) -> Int {
      let attempt = history.trials[trial].attempt + 1
      take(.claimed(attempt: attempt, worker: claimant.worker), trial, at: time)
      leases[trial] = Term(seconds: claimant.lease, at: time)
      return attempt
    }
  }

  private let records = Mutex<[StudyID: Record]>([:])
  private let clock: @Sendable () -> Double

  /// - Parameter clock: seconds since 1970; tests pass their own.
  public init(clock: @escaping @Sendable () -> Double = SystemClock.now) { self.clock = clock }

  public func now() -> Double { clock() }

  public func create(_ specification: StudySpecification) throws -> StudyID {
    try records.withLock { records in
      guard !records.values.contains(where: { $0.specification.name == specification.name }) else {
        throw StudyError(
          "study `\(specification.name)` exists", "resume it, or choose another name")
      }
      let id = StudyID(rawValue: (records.keys.map(\.rawValue).max() ?? 0) + 1)
      records[id] = Record(specification: specification)
      return id
    }
  }

  public func study(named name: String) -> StudyID? {
    records.withLock { $0.first { $0.value.specification.name == name }?.key }
  }

  public func studies() -> [StudyID] {
    records.withLock { $0.keys.sorted { $0.rawValue < $1.rawValue } }
  }

  public func specification(of study: StudyID) throws -> StudySpecification {
    try with(study) { $0.specification }
  }

  @discardableResult
  public func update(
    _ study: StudyID, _ change: @Sendable (inout StudySettings) -> Void
  ) throws -> StudySettings {
    try with(study) { record in
      let before = record.specification.settings
      change(&record.specification.settings)
      let settings = record.specification.settings
      for kind in settings.changes(since: before) {
        record.take(kind, record.history.trials.count, at: clock())
      }
      return settings
    }
  }

  public func extend(_ study: StudyID, to space: SearchSpace) throws {
    try with(study) { record in
      try record.specification.space.checkExtension(to: space)
      record.take(.widened(space), record.history.trials.count, at: clock())
      record.specification.space = space
      record.layOut(for: space)
    }
  }

  public func note(_ kind: Event.Kind, in study: StudyID) throws {
    try kind.checkNote()
    try with(study) { $0.take(kind, $0.history.trials.count, at: clock()) }
  }

  public func leases(of study: StudyID) throws -> [Lease] {
    try with(study) { record in
      record.leases.sorted { $0.key < $1.key }.map { number, lease in
        let trial = record.history.trials[number]
        return Lease(
          trial: number, attempt: trial.attempt, worker: trial.attempts.last?.worker ?? "",
          until: lease.end)
      }
    }
  }

  public func delete(_ study: StudyID) throws {
    try with(study) { _ in }
    records.withLock { $0[study] = nil }
  }

  public func events(of study: StudyID, after revision: Int, limit: Int) throws -> [Event] {
    try with(study) { Array($0.events.dropFirst(max(revision, 0)).prefix(max(limit, 0))) }
  }

  public func add(
    _ kind: Event.Kind, asTrial number: Int?, to study: StudyID, claimedBy claimant: Claimant?
  ) throws -> Claim? {
    try with(study) { record in
      let next = record.history.trials.count
      guard number == nil || number == next else { return nil }
      let time = clock()
      var kind = kind
      kind.layOut(for: record.specification.space)
      guard Trial(Event(revision: 0, time: time, trial: next, kind)) != nil else {
        throw StudyError("a trial is created by a suggestion", "suggest or enqueue it")
      }
      record.take(kind, next, at: time)
      let attempt = claimant.map { record.claim(next, $0, at: time) } ?? 0
      return Claim(study: study, trial: record.history.trials[next], attempt: attempt)
    }
  }

  public func append(
    _ kinds: [Event.Kind], to trial: Int, of study: StudyID
  ) throws -> Acceptance {
    try with(study) { record in
      guard record.history.trials.indices.contains(trial) else { return .refused(.unknown) }
      let time = clock()
      // All or none: the events are first applied to a copy of the trial, without its reports, which
      // acceptance does not depend on.
      var preview = record.history.trials[trial]
      preview.reports = []
      for kind in kinds {
        let answer = preview.accepts(kind)
        guard answer == .accepted else { return answer }
        if kinds.count > 1 { preview.apply(Event(revision: 0, time: time, trial: trial, kind)) }
      }
      for var kind in kinds {
        kind.layOut(for: record.specification.space)
        record.take(kind, trial, at: time)
      }
      return .accepted
    }
  }

  public func claim(in study: StudyID, by claimant: Claimant) throws -> Claim? {
    try with(study) { record in
      guard record.history.claimableCount > 0,
        let place = record.history.trials.firstIndex(where: \.isClaimable)
      else { return nil }
      let attempt = record.claim(place, claimant, at: clock())
      return Claim(study: study, trial: record.history.trials[place], attempt: attempt)
    }
  }

  public func renew(_ claim: Claim, seconds: Double) throws -> Bool {
    try with(claim.study) { record in
      guard record.history.trials.indices.contains(claim.trial.number) else { return false }
      let trial = record.history.trials[claim.trial.number]
      guard trial.state == .running, trial.attempt == claim.attempt else { return false }
      record.leases[trial.number] = Term(seconds: seconds, at: clock())
      return true
    }
  }

  public func reap(_ study: StudyID) throws -> [Int] {
    try with(study) { record in
      let time = clock()
      let lost = record.leases.filter { $0.value.end < time }.keys.sorted()
      for (number, lease) in record.leases where lease.end > time + lease.seconds {
        record.leases[number]?.renew(at: time)
      }
      for number in lost {
        let end = record.specification.endOfLost(record.history.trials[number])
        record.take(end, number, at: time)
      }
      return lost
    }
  }

  private func with<T>(_ study: StudyID, _ body: (inout Record) throws -> T) throws -> T {
    try records.withLock { records in
      guard var record = records.removeValue(forKey: study) else {
        throw StudyError("study \(study.rawValue) does not exist", "it may have been deleted")
      }
      defer { records[study] = record }
      return try body(&record)
    }
  }
}

extension StudySpecification {
  /// The event that ends an attempt whose worker was lost. Only workers lost since the trial was last paused
  /// count, not attempts that were stopped or failed: a trial that advances from rung to rung does not cause the
  /// losses.
  public func endOfLost(_ trial: Trial) -> Event.Kind {
    let attempt = trial.attempt
    let times = trial.lostSincePause + 1
    return times < maxAttempts
      ? .released(attempt: attempt, .lost)
      : .finished(
        attempt: attempt,
        .failed(.lost, message: "its worker was lost \(times) times"))
  }
}

extension Trial {
  /// The attempts whose worker was lost since the trial was created, last retried, or last paused.
  fileprivate var lostSincePause: Int {
    attempts.dropFirst(attemptsBeforeRetry).reversed()
      .prefix { $0.ended == nil || $0.reason != nil }.count { $0.reason == .lost }
  }

  /// Whether a worker may claim it: it is waiting, or it is paused short of its target epoch
  /// because its last worker was lost.
  public var isClaimable: Bool {
    state == .waiting || (state == .paused && attempts.last?.reason != nil)
  }
}

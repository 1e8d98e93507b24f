import OuterloopStudy
import OuterloopTesting

extension AbuseRoom {
  /// Laws are for stores that break them: each is told so, whatever the store answers.
  mutating func addStoreLaws() {
    let laws: [(String, @Sendable (StoreCase) async throws -> Void)] = [
      ("checkTerms", StoreLaws.checkTerms), ("checkSettings", StoreLaws.checkSettings),
      ("checkStudies", StoreLaws.checkStudies),
      ("checkNumbering", StoreLaws.checkNumbering),
      ("checkValues", StoreLaws.checkValues), ("checkBest", StoreLaws.checkBest),
      ("checkPaging", StoreLaws.checkPaging), ("checkClaims", StoreLaws.checkClaims),
      ("checkAcceptance", StoreLaws.checkAcceptance), ("checkReaping", StoreLaws.checkReaping),
      ("checkLeases", StoreLaws.checkLeases), ("checkRetries", StoreLaws.checkRetries),
      ("checkExtensions", StoreLaws.checkExtensions), ("checkAdditions", StoreLaws.checkAdditions),
      ("checkGrowth", StoreLaws.checkGrowth), ("checkDurations", StoreLaws.checkDurations),
    ]
    let faults = FaultyStore.Fault.allCases
    for (name, law) in laws {
      add("StoreLaws.\(name)", faults) { fault in
        try await law(StoreCase("\(fault)") { FaultyStore(MemoryStore(clock: $0), fault) })
      }
      refuse("StoreLaws.\(name)", [""]) { _ in
        try await law(StoreCase("none") { _ in throw StudyError("no store", "make one") })
      }
    }
    add("StoreCase.init", Studies.texts) { text in
      let row = StoreCase(text) { MemoryStore(clock: $0) }
      return [row.description, "\(try row.make { .nan })"]
    }
  }
}

/// A store in memory with one thing that is wrong.
private struct FaultyStore: StudyStore {
  enum Fault: String, CaseIterable {
    case noEvents, sameEvents, oneTrial, strangeTrials, noTrials, bareTrials, noClaims
    case refuses, accepts, othersReap
  }

  let store: MemoryStore
  let fault: Fault

  init(_ store: MemoryStore, _ fault: Fault) { (self.store, self.fault) = (store, fault) }

  func create(_ specification: StudySpecification) throws -> StudyID {
    try store.create(specification)
  }
  func study(named name: String) -> StudyID? { store.study(named: name) }
  func studies() -> [StudyID] { store.studies() }
  func specification(of study: StudyID) throws -> StudySpecification {
    try store.specification(of: study)
  }
  func update(
    _ study: StudyID, _ change: @Sendable (inout StudySettings) -> Void
  ) throws -> StudySettings { try store.update(study, change) }
  func extend(_ study: StudyID, to space: SearchSpace) throws {
    try store.extend(study, to: space)
  }
  func note(_ kind: Event.Kind, in study: StudyID) throws { try store.note(kind, in: study) }
  func delete(_ study: StudyID) throws { try store.delete(study) }

  func events(of study: StudyID, after revision: Int, limit: Int) throws -> [Event] {
    switch fault {
    case .noEvents: []
    // The same page again and again.
    case .sameEvents: try Array(store.events(of: study, after: 0, limit: .max).prefix(limit))
    // Of trials that are not there, and those that are again.
    case .oneTrial, .strangeTrials:
      try store.events(of: study, after: revision, limit: limit).map {
        Event(
          revision: $0.revision, time: $0.time, trial: fault == .oneTrial ? 0 : .max - $0.trial,
          $0.kind)
      }
    default: try store.events(of: study, after: revision, limit: limit)
    }
  }

  func trials(of study: StudyID, matching query: TrialQuery) async throws -> [Trial] {
    let trials = try await store.trials(of: study, matching: query)
    return switch fault {
    case .noTrials: []
    // Without what they went through.
    case .bareTrials:
      trials.map {
        Trial(
          number: $0.number, assignment: $0.assignment, through: $0.through, seen: $0.seen,
          created: $0.created)
      }
    default: trials
    }
  }

  func add(
    _ kind: Event.Kind, asTrial number: Int?, to study: StudyID, claimedBy claimant: Claimant?
  ) throws -> Claim? {
    let claim = try store.add(kind, asTrial: number, to: study, claimedBy: claimant)
    return fault == .noClaims ? nil : claim
  }
  func append(_ kinds: [Event.Kind], to trial: Int, of study: StudyID) throws -> Acceptance {
    switch fault {
    case .refuses: .refused(.unknown)
    case .accepts: .accepted
    default: try store.append(kinds, to: trial, of: study)
    }
  }
  func claim(in study: StudyID, by claimant: Claimant) throws -> Claim? {
    fault == .noClaims ? nil : try store.claim(in: study, by: claimant)
  }
  func renew(_ claim: Claim, seconds: Double) throws -> Bool {
    try store.renew(claim, seconds: seconds)
  }
  func leases(of study: StudyID) throws -> [Lease] { try store.leases(of: study) }
  func reap(_ study: StudyID) throws -> [Int] {
    fault == .othersReap ? [.max, -1] : try store.reap(study)
  }
  func now() -> Double { store.now() }
}

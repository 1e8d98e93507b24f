import OuterloopStudy
import Synchronization

/// Two connections to one store that take turns: what one wrote, the other must know.
final class AlternatingStore: StudyStore {
  /// What the store is in, which goes with it.
  private let home: any Sendable
  private let stores: [any StudyStore]
  private let turn = Mutex(0)

  init(in home: any Sendable, _ make: () throws -> any StudyStore) rethrows {
    self.home = home
    stores = [try make(), try make()]
  }

  private var next: any StudyStore {
    turn.withLock { turn in
      turn += 1
      return stores[turn % 2]
    }
  }

  func create(_ specification: StudySpecification) async throws -> StudyID {
    try await next.create(specification)
  }
  func study(named name: String) async throws -> StudyID? { try await next.study(named: name) }
  func studies() async throws -> [StudyID] { try await next.studies() }
  func specification(of study: StudyID) async throws -> StudySpecification {
    try await next.specification(of: study)
  }
  func update(
    _ study: StudyID, _ change: @Sendable (inout StudySettings) -> Void
  ) async throws -> StudySettings {
    try await next.update(study, change)
  }
  func extend(_ study: StudyID, to space: SearchSpace) async throws {
    try await next.extend(study, to: space)
  }
  func note(_ kind: Event.Kind, in study: StudyID) async throws {
    try await next.note(kind, in: study)
  }
  func leases(of study: StudyID) async throws -> [Lease] { try await next.leases(of: study) }
  func delete(_ study: StudyID) async throws { try await next.delete(study) }
  func events(of study: StudyID, after revision: Int, limit: Int) async throws -> [Event] {
    try await next.events(of: study, after: revision, limit: limit)
  }
  func trials(of study: StudyID, matching query: TrialQuery) async throws -> [Trial] {
    try await next.trials(of: study, matching: query)
  }
  func summary(of study: StudyID) async throws -> StudySummary {
    try await next.summary(of: study)
  }
  func metrics(of study: StudyID) async throws -> [String] {
    try await next.metrics(of: study)
  }
  func add(
    _ kind: Event.Kind, asTrial number: Int?, to study: StudyID, claimedBy claimant: Claimant?
  ) async throws -> Claim? {
    try await next.add(kind, asTrial: number, to: study, claimedBy: claimant)
  }
  func append(_ kinds: [Event.Kind], to trial: Int, of study: StudyID) async throws -> Acceptance {
    try await next.append(kinds, to: trial, of: study)
  }
  func claim(in study: StudyID, by claimant: Claimant) async throws -> Claim? {
    try await next.claim(in: study, by: claimant)
  }
  func renew(_ claim: Claim, seconds: Double) async throws -> Bool {
    try await next.renew(claim, seconds: seconds)
  }
  func reap(_ study: StudyID) async throws -> [Int] { try await next.reap(study) }
  func now() async throws -> Double { try await next.now() }
}

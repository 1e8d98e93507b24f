internal import OuterloopStore
public import OuterloopStudy

extension PostgresStore {
  public func add(
    _ kind: Event.Kind, asTrial number: Int?, to study: StudyID, claimedBy claimant: Claimant?
  ) async throws -> Claim? {
    try await write(study, announcing: Self.first(study)) {
      try $0.add(kind, asTrial: number, to: study, claimedBy: claimant, at: $1)
    }
  }

  public func append(
    _ kinds: [Event.Kind], to number: Int, of study: StudyID
  ) async throws -> Acceptance {
    try await write(study, announcing: Self.first(study, trial: number)) {
      try $0.append(kinds, to: number, of: study, at: $1)
    }
  }

  public func claim(in study: StudyID, by claimant: Claimant) async throws -> Claim? {
    // Usually no trial is waiting, which is checked without the lock.
    guard try await peek({ try $0.hasClaimable(study) }) else { return nil }
    let first = Self.first(study) + [StudyQuery.claimable(study)]
    return try await write(study, announcing: first) {
      try $0.claim(in: study, by: claimant, at: $1)
    }
  }

  public func renew(_ claim: Claim, seconds: Double) async throws -> Bool {
    try await write(
      claim.study, announcing: Self.first(claim.study, trial: claim.trial.number)
    ) { try $0.renew(claim, seconds: seconds, at: $1) }
  }

  public func leases(of study: StudyID) async throws -> [Lease] {
    try await read { try $0.leases(of: study) }
  }

  public func reap(_ study: StudyID) async throws -> [Int] {
    let time = try await recentTime()
    guard try await peek({ try $0.hasDue(study, at: time) }), !isRecovering else { return [] }
    return try await write(study, announcing: Self.first(study)) { [weak self] tables, time in
      // The outage may be that of this very call.
      if self?.isRecovering == true { return [] }
      return try tables.reap(study, at: time)
    }
  }

  private static func first(_ study: StudyID, trial number: Int) -> [StoreQuery] {
    [
      StudyQuery.widened(study), StudyQuery.revision(study), StudyQuery.trial(number, study),
      StudyQuery.attempts(number, study),
    ]
  }
}

public import OuterloopStudy

extension SQLiteStore {
  public func add(
    _ kind: Event.Kind, asTrial number: Int?, to study: StudyID, claimedBy claimant: Claimant?
  ) async throws -> Claim? {
    try write { try $0.add(kind, asTrial: number, to: study, claimedBy: claimant, at: $1) }
  }

  public func append(
    _ kinds: [Event.Kind], to number: Int, of study: StudyID
  ) async throws -> Acceptance {
    try write { try $0.append(kinds, to: number, of: study, at: $1) }
  }

  public func claim(in study: StudyID, by claimant: Claimant) async throws -> Claim? {
    // Usually no trial is waiting, which is checked without the write lock.
    guard try peek({ try $0.hasClaimable(study) }) else { return nil }
    return try write { try $0.claim(in: study, by: claimant, at: $1) }
  }

  public func renew(_ claim: Claim, seconds: Double) async throws -> Bool {
    try write { try $0.renew(claim, seconds: seconds, at: $1) }
  }

  public func leases(of study: StudyID) async throws -> [Lease] {
    try read { try $0.leases(of: study) }
  }

  public func reap(_ study: StudyID) async throws -> [Int] {
    guard try peek({ try $0.hasDue(study, at: clock()) }) else { return [] }
    return try write { try $0.reap(study, at: $1) }
  }
}

internal import OuterloopStudy

/// Trials that are running by the store and that nobody runs: their lease has run out, or their worker
/// was a process of this machine that is no more. Whoever goes on with the study runs them again.
enum StaleTrials {
  /// Their numbers.
  static func of(_ study: StudyID, in store: any StudyStore) async throws -> Set<Int> {
    let now = try await store.now()
    return Set(
      try await store.leases(of: study).filter { lease in
        lease.until < now || WorkerName.isGone(lease.worker)
      }.map(\.trial))
  }

  static func of(_ found: StudyChoice.Found) async throws -> Set<Int> {
    try await of(found.id, in: found.store)
  }
}

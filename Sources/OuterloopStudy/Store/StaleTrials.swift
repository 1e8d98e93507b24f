extension StudyStore {
  /// The trials that the store lists as running although nobody runs them: their lease has expired, or their worker
  /// has exited. The next worker of the study runs them again.
  ///
  /// - Parameter isGone: whether a worker is known to have ended.
  package func staleTrials(
    of study: StudyID, isGone: (_ worker: String) -> Bool
  ) async throws -> Set<Int> {
    let now = try await now()
    return Set(
      try await leases(of: study).filter { $0.until < now || isGone($0.worker) }.map(\.trial))
  }
}

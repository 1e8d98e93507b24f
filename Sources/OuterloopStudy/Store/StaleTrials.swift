extension StudyStore {
  /// The trials that are running by the store and that nobody runs: their lease has run out, or their worker is gone.
  /// Whoever goes on with the study runs them again.
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

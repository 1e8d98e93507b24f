internal import OuterloopStudy

/// The studies of a store, each followed from its first request on.
actor FollowedStudies {
  let store: any StudyStore
  private let isGone: @Sendable (String) -> Bool
  private var followed: [StudyID: Task<FollowedStudy, any Error>] = [:]

  init(_ store: any StudyStore, isGone: @escaping @Sendable (String) -> Bool) {
    self.store = store
    self.isGone = isGone
  }

  /// The study, brought up to date.
  /// - Throws: `RequestError` if there is no study of this number.
  func study(_ number: Int) async throws -> FollowedStudy {
    let id = StudyID(rawValue: number)
    guard try await store.studies().contains(id) else {
      followed[id] = nil
      throw RequestError(
        .notFound, "the store has no study \(number)", "it may have been deleted; see the list")
    }
    let store = store
    let task = followed[id] ?? Task { try await FollowedStudy(id, in: store) }
    followed[id] = task
    do {
      let study = try await task.value
      try await study.refresh()
      return study
    } catch {
      followed[id] = nil
      throw error
    }
  }

  /// The study as it was at its last request, if there was one.
  func known(_ id: StudyID) async -> FollowedStudy? { try? await followed[id]?.value }

  /// The stale trials of a study.
  func stale(in id: StudyID) async throws -> Set<Int> {
    try await store.staleTrials(of: id, isGone: isGone)
  }
}

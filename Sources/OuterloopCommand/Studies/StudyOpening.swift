internal import OuterloopStudy

/// Goes on with the study of a name if it is the one that is described, and begins it if there is none.
struct StudyOpening {
  let specification: StudySpecification
  /// Whether the seed is part of what is described; else that of the study there is will do.
  let isSeedGiven: Bool
  let place: StoreOptions

  /// - Throws: `Complaint` or `StudyError` if the search could not make a first trial.
  func check() async throws { _ = try await FirstTrials.of(specification, count: 1) }

  /// - Throws: `Complaint` if the store has another study of that name.
  func study(
    in store: any StudyStore
  ) async throws -> (found: StudyChoice.Found, isNew: Bool) {
    let name = specification.name
    if let id = try await store.study(named: name) { return (try await kept(id, store), false) }
    do {
      let id = try await store.create(specification)
      return (
        StudyChoice.Found(store: store, id: id, specification: specification, place: place), true
      )
    } catch let error as StudyError {
      // Another process may have been first.
      guard let id = try await store.study(named: name) else { throw error }
      return (try await kept(id, store), false)
    }
  }

  private func kept(_ id: StudyID, _ store: any StudyStore) async throws -> StudyChoice.Found {
    let kept = try await store.specification(of: id)
    var wanted = specification
    wanted.budget = kept.budget
    if !isSeedGiven { wanted.seed = kept.seed }
    // Said again in another order they are the same: the study keeps its own.
    if Set(wanted.objectives) == Set(kept.objectives) { wanted.objectives = kept.objectives }
    // What a space has grown by since it was begun is part of it.
    if wanted.isGrowing, kept.isGrowing { wanted.space = kept.space }
    if let difference = kept.difference(from: wanted) {
      let found = StudyChoice.Found(store: store, id: id, specification: kept, place: place)
      let extend = Extend.command(found, to: wanted.space).map { "; to widen it: \($0)" } ?? ""
      let change = kept.space.difference(from: wanted.space).map { ": \($0)" } ?? ""
      throw Complaint(
        "the store \(place.name) has a study `\(kept.name)` with \(difference)\(change)",
        hint: "leave the options of the study out, or name another with --study\(extend)")
    }
    return StudyChoice.Found(store: store, id: id, specification: kept, place: place)
  }
}

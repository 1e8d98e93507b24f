internal import OuterloopStudy

/// Resumes the study of a name if it matches the description, and creates it if there is none.
struct StudyOpening {
  let specification: StudySpecification
  /// Whether the seed is part of the description; otherwise the existing study's seed is accepted.
  let isSeedGiven: Bool
  let place: StoreOptions

  /// - Throws: `CommandError` or `StudyError` if the search could not make a first trial.
  func check() async throws { _ = try await TrialPreview.of(specification, count: 1) }

  /// - Throws: `CommandError` if the store has another study of that name.
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
    // A different order is no difference: the study keeps its own.
    if Set(wanted.objectives) == Set(kept.objectives) { wanted.objectives = kept.objectives }
    // Parameters added since the study was created belong to its space.
    if wanted.isGrowing, kept.isGrowing { wanted.space = kept.space }
    if let difference = kept.difference(from: wanted) {
      let found = StudyChoice.Found(store: store, id: id, specification: kept, place: place)
      let extend = Extend.command(found, to: wanted.space).map { "; to widen it: \($0)" } ?? ""
      let change = kept.space.difference(from: wanted.space).map { ": \($0)" } ?? ""
      throw CommandError(
        "the store \(place.name) has a study `\(kept.name)` with \(difference)\(change)",
        hint: "leave the options of the study out, or name another with --study\(extend)")
    }
    return StudyChoice.Found(store: store, id: id, specification: kept, place: place)
  }
}

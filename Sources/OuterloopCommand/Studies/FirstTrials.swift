internal import OuterloopSearch
internal import OuterloopStudy

/// The first trials of a study, proposed in memory: what cannot be searched is found before it is
/// stored.
enum FirstTrials {
  /// At most `count`; fewer if the budget or the space has fewer.
  ///
  /// - Parameter known: configurations that come first.
  /// - Throws: `Complaint` about wrong usage; where constraints forbid everything, about work that
  ///   cannot be done.
  static func of(
    _ specification: StudySpecification, after known: [Assignment] = [], count: Int
  ) async throws -> [Claim] {
    let store = MemoryStore()
    let id = try store.create(specification)
    for assignment in known {
      _ = try store.add(
        .enqueued(assignment, through: specification.epochs), asTrial: nil, to: id, claimedBy: nil)
    }
    var claims: [Claim] = []
    do {
      let asker = try await Asker(id, in: store, by: .named(specification.method))
      while claims.count < count {
        let work = try await asker.next(
          for: Claimant(worker: "dry run"), within: specification.budget)
        guard case .trial(let claim) = work else { break }
        claims.append(claim)
      }
    } catch let error as StudyError where error.cause == .infeasible {
      throw error
    } catch { try Complaint.usage { throw error } }
    return claims
  }
}

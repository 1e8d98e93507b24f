package import OuterloopStudy
internal import Synchronization

/// What rarely changes in a study, kept so that rows can be read without reading the study first.
struct KnownStudy: Sendable {
  let specification: StudySpecification
  let coder: AssignmentCoder
  /// The revision of the event that widened its space last; 0: none did.
  let widened: Int

  init(_ specification: StudySpecification, widened: Int = 0) {
    self.specification = specification
    self.widened = widened
    coder = AssignmentCoder(specification.space)
  }
}

/// What a connection knows of its studies.
package final class StudyCache: Sendable {
  private let studies = Mutex<[StudyID: KnownStudy]>([:])

  /// What is known of the study; read once, and again when its space was widened.
  func known(_ study: StudyID, _ db: some StoreConnection) throws -> KnownStudy {
    let widened = try db.integer(StudyQuery.widened(study)) ?? 0
    if let known = studies.withLock({ $0[study] }), known.widened == widened { return known }
    let found = KnownStudy(try db.specification(of: study), widened: widened)
    studies.withLock { $0[study] = found }
    return found
  }

  package init() {}

  package func forget(_ study: StudyID) { studies.withLock { $0[study] = nil } }
}

package import OuterloopStudy
internal import Synchronization

/// The parts of a study that rarely change, cached so that rows can be read without reading the
/// study first.
struct KnownStudy: Sendable {
  let specification: StudySpecification
  let coder: AssignmentCoder
  /// The revision of the event that last extended its space; 0: none.
  let widened: Int

  init(_ specification: StudySpecification, widened: Int = 0) {
    self.specification = specification
    self.widened = widened
    coder = AssignmentCoder(specification.space)
  }
}

/// A connection's cache of studies.
package final class StudyCache: Sendable {
  private let studies = Mutex<[StudyID: KnownStudy]>([:])

  /// The cached study; read once, and again when its space was extended.
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

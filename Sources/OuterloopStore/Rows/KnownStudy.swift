internal import GRDB
internal import OuterloopStudy
internal import Synchronization

/// What never changes in a study, kept so that rows can be read without reading the study first.
struct KnownStudy: Sendable {
  private let specification: StudySpecification
  let coder: AssignmentCoder

  init(_ specification: StudySpecification) {
    self.specification = specification
    coder = AssignmentCoder(specification.space)
  }

  var objectives: [Objective] { specification.objectives }

  func endOfLost(_ trial: Trial) -> Event.Kind { specification.endOfLost(trial) }
}

/// What a connection knows of its studies.
final class StudyCache: Sendable {
  private let studies = Mutex<[StudyID: KnownStudy]>([:])

  /// What never changes in the study; read once.
  func known(_ study: StudyID, _ db: Database) throws -> KnownStudy {
    if let known = studies.withLock({ $0[study] }) { return known }
    let found = KnownStudy(try SQLiteStore.specification(of: study, db))
    studies.withLock { $0[study] = found }
    return found
  }

  func forget(_ study: StudyID) { studies.withLock { $0[study] = nil } }
}

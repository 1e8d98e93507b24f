package import OuterloopStudy

/// The queries that run at almost every change of a study. They have several callers and may be
/// announced: see `StoreConnection.announce`.
package enum StudyQuery {
  package static func exists(_ study: StudyID) -> StoreQuery {
    StoreQuery("SELECT 1 FROM studies WHERE id = ?", id(study))
  }

  /// The revision of the event that last extended the space.
  package static func widened(_ study: StudyID) -> StoreQuery {
    StoreQuery(
      """
      SELECT max(revision) FROM events INDEXED BY events_widened
      WHERE study = ? AND kind = 'widened'
      """, id(study))
  }

  package static func revision(_ study: StudyID) -> StoreQuery {
    StoreQuery("SELECT max(revision) FROM events WHERE study = ?", id(study))
  }

  /// The number of the last trial.
  package static func lastTrial(_ study: StudyID) -> StoreQuery {
    StoreQuery("SELECT max(number) FROM trials WHERE study = ?", id(study))
  }

  package static func trial(_ number: Int, _ study: StudyID) -> StoreQuery {
    StoreQuery(
      "SELECT \(TrialRow.columns) FROM trials WHERE study = ? AND number = ?", id(study),
      .int(number))
  }

  package static func attempts(_ number: Int, _ study: StudyID) -> StoreQuery {
    StoreQuery(
      """
      SELECT \(TrialRow.attemptColumns) FROM attempts WHERE study = ? AND trial = ?
      ORDER BY attempt
      """, id(study), .int(number))
  }

  static func reports(_ number: Int, _ study: StudyID) -> StoreQuery {
    StoreQuery(
      "SELECT \(TrialRow.reportColumns) FROM reports WHERE study = ? AND trial = ? ORDER BY epoch",
      id(study), .int(number))
  }

  /// The waiting trial of the lowest number. (The planner would otherwise scan all trials.)
  package static func claimable(_ study: StudyID) -> StoreQuery {
    StoreQuery(
      """
      SELECT number FROM trials INDEXED BY trials_claimable WHERE study = ? AND claimable = 1
      ORDER BY number LIMIT 1
      """, id(study))
  }

  /// Invalid leases: expired, or so far ahead that the clock must have been set back.
  package static func due(_ study: StudyID, at time: Double) -> StoreQuery {
    StoreQuery(
      """
      SELECT number, lease_until >= ?2 FROM trials INDEXED BY trials_leased
      WHERE study = ?1 AND state = 'running' AND lease_until IS NOT NULL
        AND (lease_until < ?2 OR lease_until > ?2 + lease_seconds)
      ORDER BY number
      """, id(study), .real(time))
  }

  static func id(_ study: StudyID) -> Bound { .int(study.rawValue) }
}

internal import GRDB
public import OuterloopStudy

extension SQLiteStore {
  public func add(
    _ kind: Event.Kind, asTrial number: Int?, to study: StudyID, claimedBy claimant: Claimant?
  ) async throws -> Claim? {
    try write { db, time in
      var ledger = try Ledger(db, study, cache.known(study, db), at: time)
      let next = try ledger.nextNumber()
      guard number == nil || number == next else { return Claim?.none }
      var trial = try ledger.create(next, by: kind)
      guard let claimant else { return Claim(study: study, trial: trial, attempt: 0) }
      return try ledger.claim(&trial, claimant)
    }
  }

  public func append(
    _ kinds: [Event.Kind], to number: Int, of study: StudyID
  ) async throws -> Acceptance {
    try write { db, time in
      var ledger = try Ledger(db, study, cache.known(study, db), at: time)
      guard var trial = try ledger.trial(number) else { return .refused(.unknown) }
      // All or none: the events are tried on a copy of the trial first.
      var preview = trial
      for kind in kinds {
        let answer = preview.accepts(kind)
        guard answer == .accepted else { return answer }
        if kinds.count > 1 { preview.apply(Event(revision: 0, time: time, trial: number, kind)) }
      }
      for kind in kinds { try ledger.take(kind, &trial) }
      return .accepted
    }
  }

  public func claim(in study: StudyID, by claimant: Claimant) async throws -> Claim? {
    // Most of the time no trial waits: that is seen without the write lock.
    // (The planner would rather go through all trials.)
    let query = """
      SELECT number FROM trials INDEXED BY trials_claimable WHERE study = ? AND claimable = 1
      ORDER BY number LIMIT 1
      """
    let waits = try peek { db in
      if try db.integer(query, id(study)) != nil { return true }
      try db.require(study)
      return false
    }
    guard waits else { return nil }
    return try write { db, time in
      let known = try cache.known(study, db)
      guard let number = try db.integer(query, id(study)),
        var trial = try db.trial(number, of: study, coder: known.coder)
      else { return Claim?.none }
      var ledger = try Ledger(db, study, known, at: time)
      return try ledger.claim(&trial, claimant)
    }
  }

  public func renew(_ claim: Claim, seconds: Double) async throws -> Bool {
    try write { db, time in
      let ledger = try Ledger(db, claim.study, cache.known(claim.study, db), at: time)
      guard let trial = try ledger.trial(claim.trial.number), trial.state == .running,
        trial.attempt == claim.attempt
      else { return false }
      try ledger.lease(trial.number, seconds: seconds)
      return true
    }
  }

  public func leases(of study: StudyID) async throws -> [Lease] {
    try read { db in
      try db.require(study)
      let rows = try db.rows(
        """
        SELECT number, attempt, worker, lease_until FROM trials INDEXED BY trials_leased
        JOIN attempts ON attempts.study = trials.study AND attempts.trial = trials.number
        WHERE trials.study = ? AND lease_until IS NOT NULL AND attempts.ended IS NULL
        ORDER BY number
        """, id(study))
      var leases: [Lease] = []
      while let row = try rows.next() {
        leases.append(Lease(trial: row[0], attempt: row[1], worker: row[2], until: row[3]))
      }
      return leases
    }
  }

  public func reap(_ study: StudyID) async throws -> [Int] {
    // Out of order: expired, or so far ahead that the clock must have been set back.
    let query = """
      SELECT number, lease_until >= ?2 FROM trials INDEXED BY trials_leased
      WHERE study = ?1 AND lease_until IS NOT NULL
        AND (lease_until < ?2 OR lease_until > ?2 + lease_seconds)
      ORDER BY number
      """
    let isDue = try peek { db in
      if try db.rows(query, id(study), .real(clock())).next() != nil { return true }
      try db.require(study)
      return false
    }
    guard isDue else { return [] }
    return try write { db, time in
      var ledger = try Ledger(db, study, cache.known(study, db), at: time)
      var lost: [Int] = []
      var ahead: [Int] = []
      let due = try db.rows(query, id(study), .real(time))
      while let row = try due.next() {
        if row[1] { ahead.append(row[0]) } else { lost.append(row[0]) }
      }
      for number in ahead {
        try db.run(
          "UPDATE trials SET lease_until = ? + lease_seconds WHERE study = ? AND number = ?",
          .real(time), id(study), .int(number))
      }
      for number in lost {
        guard var trial = try ledger.trial(number) else { continue }
        try ledger.take(ledger.known.specification.endOfLost(trial), &trial)
      }
      return lost
    }
  }
}

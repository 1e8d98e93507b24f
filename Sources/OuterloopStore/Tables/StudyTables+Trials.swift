package import OuterloopStudy

extension StudyTables {
  package func add(
    _ kind: Event.Kind, asTrial number: Int?, to study: StudyID, claimedBy claimant: Claimant?,
    at time: Double
  ) throws -> Claim? {
    var ledger = try ledger(study, at: time)
    let next = try ledger.nextNumber()
    guard number == nil || number == next else { return nil }
    var trial = try ledger.create(next, by: kind)
    guard let claimant else { return Claim(study: study, trial: trial, attempt: 0) }
    return try ledger.claim(&trial, claimant)
  }

  package func append(
    _ kinds: [Event.Kind], to number: Int, of study: StudyID, at time: Double
  ) throws -> Acceptance {
    var ledger = try ledger(study, at: time)
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

  /// Whether a trial is waiting, checked without blocking writers.
  package func hasClaimable(_ study: StudyID) throws -> Bool {
    if try db.integer(StudyQuery.claimable(study)) != nil { return true }
    try require(study)
    return false
  }

  package func claim(in study: StudyID, by claimant: Claimant, at time: Double) throws -> Claim? {
    let known = try known(study)
    guard let number = try db.integer(StudyQuery.claimable(study)) else { return nil }
    var ledger = try Ledger(db, study, known, at: time)
    guard var trial = try db.trial(number, of: study, coder: known.coder) else { return nil }
    return try ledger.claim(&trial, claimant)
  }

  package func renew(_ claim: Claim, seconds: Double, at time: Double) throws -> Bool {
    let ledger = try ledger(claim.study, at: time)
    guard let trial = try ledger.trial(claim.trial.number), trial.state == .running,
      trial.attempt == claim.attempt
    else { return false }
    try ledger.lease(trial.number, seconds: seconds)
    return true
  }

  package func leases(of study: StudyID) throws -> [Lease] {
    let query = StoreQuery(
      """
      SELECT number, attempt, worker, lease_until FROM trials INDEXED BY trials_leased
      JOIN attempts ON attempts.study = trials.study AND attempts.trial = trials.number
      WHERE trials.study = ? AND trials.state = 'running' AND lease_until IS NOT NULL
        AND attempts.ended IS NULL
      ORDER BY number
      """, id(study))
    try db.announce([StudyQuery.exists(study), query])
    try require(study)
    let rows = try db.rows(query)
    var leases: [Lease] = []
    while let row = try rows.next() {
      leases.append(Lease(trial: row[0], attempt: row[1], worker: row[2], until: row[3]))
    }
    return leases
  }

  /// Whether a lease is invalid, checked without blocking writers.
  package func hasDue(_ study: StudyID, at time: Double) throws -> Bool {
    if try db.rows(StudyQuery.due(study, at: time)).next() != nil { return true }
    try require(study)
    return false
  }

  package func reap(_ study: StudyID, at time: Double) throws -> [Int] {
    var ledger = try ledger(study, at: time)
    var lost: [Int] = []
    var ahead: [Int] = []
    let due = try db.rows(StudyQuery.due(study, at: time))
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

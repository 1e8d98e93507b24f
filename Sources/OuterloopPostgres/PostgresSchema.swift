internal import OuterloopStore
internal import OuterloopStudy

/// The tables in the schema `outerloop` of a database, as a list of steps to them. Steps are only ever
/// appended; the table `store` holds the number of steps applied.
///
/// They are SQLite's tables (see `Schema` of `OuterloopStore`) with PostgreSQL's types. Apart from the
/// key, indexes cover only what is rare among trials, and no column that every report changes: such a
/// change then stays within its page.
struct PostgresSchema: Sendable {
  var steps: [[String]]

  var version: Int { steps.count }

  static let current = PostgresSchema(steps: [
    [
      """
      CREATE TABLE outerloop.studies (
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        created DOUBLE PRECISION NOT NULL,
        specification TEXT NOT NULL,
        settings TEXT NOT NULL
      )
      """,
      """
      CREATE TABLE outerloop.events (
        study BIGINT NOT NULL REFERENCES outerloop.studies (id) ON DELETE CASCADE,
        revision BIGINT NOT NULL,
        time DOUBLE PRECISION NOT NULL,
        trial BIGINT NOT NULL,
        kind TEXT NOT NULL,
        attempt BIGINT,
        epoch BIGINT,
        seen BIGINT,
        body TEXT,
        PRIMARY KEY (study, revision)
      )
      """,
      """
      CREATE INDEX events_widened ON outerloop.events (study, revision) WHERE kind = 'widened'
      """,
      """
      CREATE TABLE outerloop.trials (
        study BIGINT NOT NULL REFERENCES outerloop.studies (id) ON DELETE CASCADE,
        number BIGINT NOT NULL,
        state TEXT NOT NULL
          CHECK (state IN ('waiting', 'running', 'paused', 'complete', 'pruned', 'failed')),
        reason TEXT,
        through BIGINT NOT NULL,
        checkpoint BIGINT NOT NULL DEFAULT 0,
        seen BIGINT,
        created DOUBLE PRECISION NOT NULL,
        ended DOUBLE PRECISION,
        objective DOUBLE PRECISION,
        objectives TEXT,
        message TEXT,
        assignment TEXT NOT NULL,
        claimable BIGINT NOT NULL,
        lease_until DOUBLE PRECISION,
        lease_seconds DOUBLE PRECISION,
        latest BIGINT,
        retried BIGINT NOT NULL DEFAULT 0,
        violation DOUBLE PRECISION NOT NULL DEFAULT 0,
        PRIMARY KEY (study, number)
      ) WITH (fillfactor = 70)
      """,
      "CREATE INDEX trials_claimable ON outerloop.trials (study, number) WHERE claimable = 1",
      "CREATE INDEX trials_running ON outerloop.trials (study, number) WHERE state = 'running'",
      """
      CREATE TABLE outerloop.attempts (
        study BIGINT NOT NULL,
        trial BIGINT NOT NULL,
        attempt BIGINT NOT NULL,
        worker TEXT NOT NULL,
        started DOUBLE PRECISION NOT NULL,
        ended DOUBLE PRECISION,
        reason TEXT,
        PRIMARY KEY (study, trial, attempt),
        FOREIGN KEY (study, trial) REFERENCES outerloop.trials (study, number) ON DELETE CASCADE
      )
      """,
      """
      CREATE TABLE outerloop.reports (
        study BIGINT NOT NULL,
        trial BIGINT NOT NULL,
        epoch BIGINT NOT NULL,
        metric TEXT NOT NULL,
        value DOUBLE PRECISION,
        value_type TEXT NOT NULL CHECK (value_type IN ('finite', 'nan', 'inf', '-inf', 'none')),
        seconds DOUBLE PRECISION,
        PRIMARY KEY (study, trial, epoch, metric),
        FOREIGN KEY (study, trial) REFERENCES outerloop.trials (study, number) ON DELETE CASCADE
      )
      """,
    ]
  ])

  /// The advisory locks for migrating the tables and creating studies.
  static let lock = 0x4F75_744C

  /// Checks or migrates the tables for `access`.
  ///
  /// - Throws: `StudyError` if the database has none, or those of a newer version.
  func open(_ db: PostgresConnection, _ access: PostgresStore.Access, _ address: PostgresAddress)
    throws
  {
    let seen = try version(db)
    try check(seen, address)
    if seen == version { return }
    if seen == 0, access != .create {
      throw StudyError(
        "there is no store in \(address)", "check the name of the database, or create it by `tune`")
    }
    guard access != .read else {
      throw StudyError(
        "the store \(address) was written by an older version (schema \(seen), this one reads "
          + "\(version))", "open it for writing once, which brings it up to date")
    }
    try db.run("BEGIN")
    do {
      try migrate(db, address)
      try db.run("COMMIT")
      try db.collect()
    } catch {
      if db.isConnected {
        try db.run("ROLLBACK")
        try db.collect()
      }
      throw error
    }
  }

  private func migrate(_ db: PostgresConnection, _ address: PostgresAddress) throws {
    _ = try db.rows("SELECT pg_advisory_xact_lock(?)", .int(Self.lock))
    if try db.integer("SELECT 1 FROM pg_namespace WHERE nspname = 'outerloop'") == nil {
      try db.run("CREATE SCHEMA outerloop")
    }
    try db.run("CREATE TABLE IF NOT EXISTS outerloop.store (version BIGINT NOT NULL)")
    let seen = try db.integer("SELECT version FROM outerloop.store") ?? 0
    try check(seen, address)
    for statement in steps.dropFirst(seen).joined() {
      try db.run(statement)
      // Each step is prepared once the tables of the previous one exist.
      try db.collect()
    }
    try db.run("DELETE FROM outerloop.store")
    try db.run("INSERT INTO outerloop.store (version) VALUES (?)", .int(version))
  }

  /// The number of steps applied to the database.
  private func version(_ db: PostgresConnection) throws -> Int {
    guard try db.integer("SELECT to_regclass('outerloop.store')::oid::bigint") != nil else {
      return 0
    }
    return try db.integer("SELECT version FROM outerloop.store") ?? 0
  }

  private func check(_ seen: Int, _ address: PostgresAddress) throws {
    guard seen <= version else {
      throw StudyError(
        "the store \(address) was written by a newer version (schema \(seen), this one knows "
          + "\(version))", "update Outerloop, or name another store")
    }
  }
}

internal import GRDB
internal import OuterloopFiles

/// The tables, as a list of named steps to them. Steps are only ever appended; the file's
/// `user_version` is the number of steps applied.
///
/// The log `events` is the source of truth. `trials`, `attempts` and `reports` are derived from it,
/// so that a trial can be judged, claimed and listed without reading its events.
///
/// Numbers that may be NaN or infinite have an additional column for the type, since SQLite stores NaN as
/// NULL (and zero without its sign); inside JSON they are the texts `NaN`, `Infinity` and `-Infinity`.
struct Schema: Sendable {
  struct Step: Sendable {
    var name: String
    var sql: String
  }

  var steps: [Step]

  var version: Int { steps.count }

  /// In the header of every store: "OutL".
  static let applicationID = DatabaseFile.storeMark

  static let current = Schema(steps: [
    Step(
      name: "studies, events and trials",
      sql: """
        CREATE TABLE studies (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          name TEXT NOT NULL UNIQUE,
          created REAL NOT NULL,
          specification TEXT NOT NULL,
          settings TEXT NOT NULL
        ) STRICT;

        CREATE TABLE events (
          study INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
          revision INTEGER NOT NULL,
          time REAL NOT NULL,
          trial INTEGER NOT NULL,
          kind TEXT NOT NULL,
          attempt INTEGER,
          epoch INTEGER,
          seen INTEGER,
          body TEXT,
          PRIMARY KEY (study, revision)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE trials (
          study INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
          number INTEGER NOT NULL,
          state TEXT NOT NULL
            CHECK (state IN ('waiting', 'running', 'paused', 'complete', 'pruned', 'failed')),
          reason TEXT,
          through INTEGER NOT NULL,
          checkpoint INTEGER NOT NULL DEFAULT 0,
          seen INTEGER,
          created REAL NOT NULL,
          ended REAL,
          objective REAL,
          objectives TEXT,
          message TEXT,
          assignment TEXT NOT NULL,
          claimable INTEGER NOT NULL,
          lease_until REAL,
          lease_seconds REAL,
          PRIMARY KEY (study, number)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX trials_claimable ON trials (study, number) WHERE claimable = 1;
        CREATE INDEX trials_leased ON trials (study, number) WHERE lease_until IS NOT NULL;

        CREATE TABLE attempts (
          study INTEGER NOT NULL,
          trial INTEGER NOT NULL,
          attempt INTEGER NOT NULL,
          worker TEXT NOT NULL,
          started REAL NOT NULL,
          ended REAL,
          reason TEXT,
          PRIMARY KEY (study, trial, attempt),
          FOREIGN KEY (study, trial) REFERENCES trials (study, number) ON DELETE CASCADE
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE reports (
          study INTEGER NOT NULL,
          trial INTEGER NOT NULL,
          epoch INTEGER NOT NULL,
          metric TEXT NOT NULL,
          value REAL,
          value_type TEXT NOT NULL CHECK (value_type IN ('finite', 'nan', 'inf', '-inf', 'none')),
          seconds REAL,
          PRIMARY KEY (study, trial, epoch, metric),
          FOREIGN KEY (study, trial) REFERENCES trials (study, number) ON DELETE CASCADE
        ) STRICT, WITHOUT ROWID;
        """),
    // Since then events `extended` add to reports, and the body of an event that ends an attempt is an
    // object with its `seconds`.
    Step(
      name: "the report that came last",
      sql: """
        ALTER TABLE trials ADD COLUMN latest INTEGER;
        UPDATE trials SET latest = last.epoch
        FROM (
          SELECT study, trial, epoch, max(revision) FROM events WHERE kind = 'reported'
          GROUP BY study, trial
        ) AS last
        WHERE trials.study = last.study AND trials.number = last.trial AND EXISTS (
          SELECT 1 FROM reports
          WHERE reports.study = trials.study AND trial = number AND reports.epoch = last.epoch);
        """),
    Step(
      name: "trials that are retried, spaces that are widened",
      sql: """
        ALTER TABLE trials ADD COLUMN retried INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX events_widened ON events (study, revision) WHERE kind = 'widened';
        """),
    // The constraint violation of a complete trial; 0: it is feasible.
    Step(
      name: "constraints on results",
      sql: "ALTER TABLE trials ADD COLUMN violation REAL NOT NULL DEFAULT 0;"),
  ])

  /// Migrates the tables, inside the caller's transaction.
  func migrate(_ db: Database) throws {
    let seen = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    for step in steps.dropFirst(seen) { try db.execute(sql: step.sql) }
    try db.execute(sql: "PRAGMA user_version = \(version)")
  }
}

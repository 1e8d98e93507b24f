import OuterloopPostgres
import OuterloopStore
import OuterloopStudy
import OuterloopTesting
import PostgresServer
import Testing

/// The laws of stores, over the table of stores.
@Suite struct StoreLawTests {
  static let rows =
    [
      StoreCase.memory,
      StoreCase("SQLite") { clock in
        let folder = Folder()
        return try SQLiteStore(folder["a.db"], .create) {
          // The folder lives as long as the store.
          _ = folder
          return clock()
        }
      },
      // Every call by another connection than the last one.
      StoreCase("SQLite, two connections") { clock in
        let folder = Folder()
        return try AlternatingStore(in: folder) {
          try SQLiteStore(folder["a.db"], .create, clock: clock)
        }
      },
    ] + (PostgresServer.shared.map(servers) ?? [])

  private static func servers(_ server: PostgresServer) -> [StoreCase] {
    [
      StoreCase("PostgreSQL") { clock in
        let database = try PostgresDatabase(server)
        return try database.store {
          _ = database
          return clock()
        }
      },
      StoreCase("PostgreSQL, two connections") { clock in
        let database = try PostgresDatabase(server)
        return try AlternatingStore(in: database) { try database.store(clock: clock) }
      },
    ]
  }

  /// Shows why the rows of PostgreSQL are not among them where they are not.
  @Test(.enabled(if: PostgresServer.missing == nil, "\(PostgresServer.missing ?? "")"))
  func serverRuns() throws {
    #expect(try #require(PostgresServer.shared).query("SELECT 1") == "1")
    #expect(Self.rows.count == 5)
  }

  @Test(arguments: rows) func studies(_ row: StoreCase) async throws {
    try await StoreLaws.checkStudies(row)
  }

  @Test(arguments: rows) func numbering(_ row: StoreCase) async throws {
    try await StoreLaws.checkNumbering(row)
  }

  @Test(arguments: rows) func values(_ row: StoreCase) async throws {
    try await StoreLaws.checkValues(row)
  }

  @Test(arguments: rows) func additions(_ row: StoreCase) async throws {
    try await StoreLaws.checkAdditions(row)
  }

  @Test(arguments: rows) func growth(_ row: StoreCase) async throws {
    try await StoreLaws.checkGrowth(row)
  }

  @Test(arguments: rows) func durations(_ row: StoreCase) async throws {
    try await StoreLaws.checkDurations(row)
  }

  @Test(arguments: rows) func best(_ row: StoreCase) async throws {
    try await StoreLaws.checkBest(row)
  }

  @Test(arguments: rows) func paging(_ row: StoreCase) async throws {
    try await StoreLaws.checkPaging(row)
  }

  @Test(arguments: rows) func claims(_ row: StoreCase) async throws {
    try await StoreLaws.checkClaims(row)
  }

  @Test(arguments: rows) func acceptance(_ row: StoreCase) async throws {
    try await StoreLaws.checkAcceptance(row)
  }

  @Test(arguments: rows) func reaping(_ row: StoreCase) async throws {
    try await StoreLaws.checkReaping(row)
  }

  @Test(arguments: rows) func retries(_ row: StoreCase) async throws {
    try await StoreLaws.checkRetries(row)
  }

  @Test(arguments: rows) func extensions(_ row: StoreCase) async throws {
    try await StoreLaws.checkExtensions(row)
  }

  @Test(arguments: rows) func supplements(_ row: StoreCase) async throws {
    try await StoreLaws.checkSupplements(row)
  }

  @Test(arguments: rows) func terms(_ row: StoreCase) async throws {
    try await StoreLaws.checkTerms(row)
  }

  @Test(arguments: rows) func settings(_ row: StoreCase) async throws {
    try await StoreLaws.checkSettings(row)
  }

  @Test(arguments: rows) func leases(_ row: StoreCase) async throws {
    try await StoreLaws.checkLeases(row)
  }
}

extension PostgresDatabase {
  /// A store in it.
  func store(
    _ access: StoreAccess = .create, patience: Double = 300,
    clock: (@Sendable () -> Double)? = nil
  ) throws -> PostgresStore {
    let address = try #require(PostgresAddress(url))
    return try PostgresStore(address, access, patience: patience, clock: clock)
  }
}

import OuterloopStore
import OuterloopStudy
import OuterloopTesting
import Testing

/// The laws of stores, over the table of stores.
@Suite struct StoreLawTests {
  static let rows = [
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
    StoreCase("SQLite, two connections") { try AlternatingStore(clock: $0) },
  ]

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

import PostgresServer
import Testing

/// Public functions given values that nobody should pass: 0, -1, the largest and the smallest
/// numbers, NaN, empty, of the wrong rank or type. Each throws, or gives a value; none traps.
@Suite struct AbuseTests {
  static let rooms = [
    "OuterloopNumerics", "OuterloopAutodiff", "OuterloopLearning", "OuterloopBilevel",
    "OuterloopStudy", "OuterloopSearch", "OuterloopStore", "OuterloopSpaces", "OuterloopCharts",
    "OuterloopTesting", "OuterloopTuning", "OuterloopPostgres",
  ]

  @Test(arguments: rooms) func nothingTraps(_ room: String) throws {
    let database =
      room == "OuterloopPostgres" ? try PostgresServer.shared.map(PostgresDatabase.init) : nil
    let run = try AbuseRun(room, store: database?.url)
    #expect(run.count > 100)
    #expect(run.faults.isEmpty, "\n\(run.faults.joined(separator: "\n"))\n")
  }

  /// The table names every public function, or says why not.
  @Test(arguments: rooms) func theTableIsComplete(_ room: String) throws {
    let table = Set(try AbuseRun.lines("names", room))
    let exclusions = Dictionary(
      try AbuseRun.lines("exclusions", room).map { line in
        let parts = line.split(separator: "\t")
        return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
      }, uniquingKeysWith: { first, _ in first })
    let names = try PublicFunctions(of: room).names
    #expect(!names.isEmpty)
    let missing = names.subtracting(table).subtracting(exclusions.keys).sorted()
    #expect(missing.isEmpty, "no cases for \(missing.joined(separator: ", "))")
    #expect(exclusions.values.allSatisfy { !$0.isEmpty })
    let unknown = Set(exclusions.keys).subtracting(names).sorted()
    #expect(unknown.isEmpty, "excluded, but not there: \(unknown.joined(separator: ", "))")
  }

  /// A trap, a call that does not return and a bad value that is taken are each noticed, and the
  /// cases behind them are run.
  @Test func faultsAreNoticed() throws {
    let run = try AbuseRun("Harness", patience: 3)
    #expect(run.count == 6)
    #expect(run.faults.count == 3)
    #expect(run.faults.contains { $0.hasPrefix("traps 3: signal") }, "\(run.faults)")
    #expect(run.faults.contains("accepts -1: accepted"), "\(run.faults)")
    #expect(run.faults.contains("hangs (): no answer"), "\(run.faults)")
  }
}

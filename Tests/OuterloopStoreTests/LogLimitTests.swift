import Foundation
import GRDB
import OuterloopStore
import OuterloopStudy
import Synchronization
import Testing

/// The log beside a store stays short, whoever reads.
@Suite struct LogLimitTests {
  private let folder = Folder()
  private var path: String { folder["a.db"] }
  private static let megabyte = 1 << 20

  private func makeStudy() async throws -> (SQLiteStore, StudyID) {
    let space = try SearchSpace([ParameterDeclaration("x", .int(1, 3))])
    let store = try SQLiteStore(path, .create)
    let study = try await store.create(
      StudySpecification(
        name: "s", space: space, objectives: [.minimize("loss")],
        method: MethodDescription("random"), seed: 0))
    return (store, study)
  }

  /// A connection that may stay in a transaction between two calls.
  private static func openReader(_ path: String) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.allowsUnsafeTransactions = true
    return try DatabaseQueue(path: path, configuration: configuration)
  }

  private var logSize: Int {
    (try? FileManager.default.attributesOfItem(atPath: path + "-wal"))?[.size] as? Int ?? 0
  }

  /// Writes about `megabytes`; returns the largest size that the log had.
  private func write(_ megabytes: Int, to study: StudyID, in store: SQLiteStore) async throws -> Int
  {
    var largest = 0
    for index in 0..<(4 * megabytes) {
      let text = String(repeating: "\(index % 10)", count: Self.megabyte / 4)
      try await store.update(study) { $0.attributes["note"] = text }
      largest = max(largest, logSize)
    }
    return largest
  }

  /// Each reader begins before the last one ends: there is always one that reads the log.
  @Test func readersWithoutGap() async throws {
    let (store, study) = try await makeStudy()
    let isOver = Mutex(false)
    let path = path
    let readers = Thread {
      do {
        let queues = try (0..<2).map { _ in try Self.openReader(path) }
        func read(_ queue: DatabaseQueue) throws {
          try queue.inDatabase { db in
            try db.beginTransaction(.deferred)
            _ = try Int.fetchOne(db, sql: "SELECT count(*) FROM events")
          }
        }
        try read(queues[0])
        for turn in 1... {
          usleep(5000)
          try read(queues[turn % 2])
          try queues[1 - turn % 2].inDatabase { try $0.commit() }
          if isOver.withLock({ $0 }) { break }
        }
      } catch { Issue.record("\(error)") }
    }
    readers.start()
    let largest = try await write(200, to: study, in: store)
    isOver.withLock { $0 = true }
    #expect(largest < 100 * Self.megabyte, "\(largest)")
    while !readers.isFinished { usleep(1000) }
  }

  /// One reader that never ends keeps its state, and writers go on: the log grows, and is emptied when
  /// that reader is gone.
  @Test func aReaderThatStays() async throws {
    let (store, study) = try await makeStudy()
    let queue = try Self.openReader(path)
    let before = try queue.inDatabase { db in
      try db.beginTransaction(.deferred)
      return try Int.fetchOne(db, sql: "SELECT count(*) FROM events")
    }
    let begin = ContinuousClock.now
    let largest = try await write(100, to: study, in: store)
    #expect(largest > 90 * Self.megabyte, "there is no log to be kept for the reader")
    #expect(ContinuousClock.now - begin < .seconds(60))
    let after = try queue.inDatabase { db in
      let count = try Int.fetchOne(db, sql: "SELECT count(*) FROM events")
      try db.commit()
      return count
    }
    #expect(before == after)
    _ = try await write(20, to: study, in: store)
    #expect(logSize <= 64 * Self.megabyte)
  }
}

import Foundation
import GRDB
import OuterloopPostgres
import OuterloopStore
import OuterloopStudy
import PostgresServer
import Testing

/// Where processes meet.
enum SharedStore: String, CaseIterable, CustomTestStringConvertible {
  case file, server

  static let all = allCases.filter { $0 == .file || PostgresServer.missing == nil }

  var testDescription: String { rawValue }

  /// A new store's name, and what it is in.
  func make(in folder: Folder) throws -> (name: String, home: any Sendable) {
    guard self == .server else { return (folder["a.db"], folder) }
    let database = try PostgresDatabase(try #require(PostgresServer.shared))
    return (database.url, database)
  }

  static func open(_ name: String, _ access: StoreAccess = .write) throws -> any RestoringStore {
    if let address = PostgresAddress(name) { return try PostgresStore(address, access) }
    return try SQLiteStore(name, access)
  }
}

/// Real processes on one store, killed, raced and watched.
@Suite(.serialized) struct CrashTests {
  private let folder = Folder()

  /// How long writers are killed; the suite's own time is short, `OUTERLOOP_KILL_SECONDS` makes it
  /// longer.
  static let seconds =
    ProcessInfo.processInfo.environment["OUTERLOOP_KILL_SECONDS"].flatMap { Double($0) } ?? 8

  /// Whoever is killed and when: nothing that was acknowledged is lost, no number is given twice,
  /// each trial ends once, the file is sound, and a viewer that reads throughout bothers no one.
  @Test(arguments: SharedStore.all) func killedWriters(_ place: SharedStore) async throws {
    let (path, home) = try place.make(in: folder)
    defer { withExtendedLifetime(home) {} }
    var processes: [ProbeProcess] = []
    var running: [ProbeProcess] = []
    let end = Date().addingTimeInterval(Self.seconds)
    var viewer: ProbeProcess?
    var kills = 0
    while Date() < end {
      while running.count < 3 { running.append(try ProbeProcess("work", path, in: folder)) }
      if viewer == nil, place == .server || FileManager.default.fileExists(atPath: path) {
        viewer = try? ProbeProcess("view", path, ["\(Self.seconds / 2)"], in: folder)
      }
      try await Task.sleep(for: .milliseconds(Int.random(in: 0...120)))
      let victim = running.remove(at: .random(in: running.indices))
      victim.kill()
      processes.append(victim)
      kills += 1
    }
    for process in running { process.kill() }
    processes += running
    if let viewer {
      // It may have looked before the file was whole.
      let status = viewer.wait()
      let said = try viewer.lines
      #expect(
        status == 0
          || said.contains { $0.contains("is empty") || $0.contains("there is no store") },
        "\(said)")
    }
    let said = Acknowledged(try processes.flatMap { try $0.lines })
    #expect(said.errors.isEmpty)
    #expect(kills > 0)
    try await Self.check(path, said)
  }

  /// What processes were told is in the store, once, and all of it is sound.
  static func check(_ path: String, _ said: Acknowledged) async throws {
    let store = try SharedStore.open(path, .create)
    guard let id = try await store.study(named: "s") else {
      #expect(said.added.isEmpty)
      return
    }
    if store is SQLiteStore { try await checkFile(path) }
    #expect(Set(said.added).count == said.added.count, "a number was given twice")
    let events = try await store.events(of: id, after: 0, limit: .max)
    #expect(events.map(\.revision) == Array(1..<events.count + 1))
    var claimed: Set<[Int]> = []
    var reported: Set<[Int]> = []
    var finished: [Int: Int] = [:]
    var history = History()
    for event in events {
      history.apply(event)
      switch event.kind {
      case .claimed(let attempt, _):
        #expect(claimed.insert([event.trial, attempt]).inserted, "an attempt was given twice")
      case .reported(let attempt, let report):
        reported.insert([event.trial, attempt, report.epoch])
      case .finished: finished[event.trial, default: 0] += 1
      default: break
      }
    }
    #expect(finished.values.allSatisfy { $0 == 1 }, "a trial ended twice")
    #expect(said.added.allSatisfy(history.trials.indices.contains), "a trial is lost")
    #expect(claimed.isSuperset(of: said.claimed), "a claim is lost")
    #expect(reported.isSuperset(of: said.reported), "a report is lost")
    #expect(said.finished.allSatisfy { finished[$0[0]] == 1 }, "a result is lost")
    let listed = try await store.trials(of: id, matching: TrialQuery())
    #expect(listed == history.trials, "the tables are not what the events add up to")
  }

  private static func checkFile(_ path: String) async throws {
    let queue = try DatabaseQueue(path: path)
    let sound = try await queue.read { try String.fetchAll($0, sql: "PRAGMA integrity_check") }
    #expect(sound == ["ok"])
    let dangling = try await queue.read {
      try Row.fetchAll($0, sql: "PRAGMA foreign_key_check").count
    }
    #expect(dangling == 0)
  }

  /// Sixteen workers in four processes; every waiting trial goes to one of them.
  @Test(arguments: SharedStore.all) func racingProcesses(_ place: SharedStore) async throws {
    let (path, home) = try place.make(in: folder)
    defer { withExtendedLifetime(home) {} }
    let count = 60
    #expect(try ProbeProcess("wait", path, ["\(count)"], in: folder).wait() == 0)
    let racers = try (0..<4).map { _ in try ProbeProcess("race", path, ["4"], in: folder) }
    #expect(racers.allSatisfy { $0.wait() == 0 })
    let said = Acknowledged(try racers.flatMap { try $0.lines })
    #expect(said.errors.isEmpty)
    #expect(said.claimed.sorted { $0[0] < $1[0] } == (0..<count).map { [$0, 1] })
  }

  /// Many processes that create the store at the same moment agree on one.
  @Test(arguments: SharedStore.all) func racingCreation(_ place: SharedStore) async throws {
    let (path, home) = try place.make(in: folder)
    defer { withExtendedLifetime(home) {} }
    let racers = try (0..<6).map { _ in try ProbeProcess("wait", path, ["5"], in: folder) }
    #expect(racers.allSatisfy { $0.wait() == 0 })
    let store = try SharedStore.open(path)
    #expect(try await store.studies().count == 1)
    #expect(try await store.trials(of: store.studies()[0], matching: TrialQuery()).count == 30)
    #expect(folder.names().filter { $0.contains(".part") }.isEmpty, "a draft is left behind")
  }

  /// A full disk is an error with advice; what was acknowledged is there, and the store goes on when
  /// there is space again.
  @Test(.enabled(if: getuid() == 0, "needs the right to mount a small disk"))
  func fullDisk() async throws {
    let disk = folder["disk"]
    try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
    guard Self.run("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]) == 0 else { return }
    defer {
      _ = Self.run("umount", [disk])
      try? FileManager.default.removeItem(atPath: disk)
    }
    let path = disk + "/a.db"
    let probe = try ProbeProcess("fill", path, ["100000"], in: folder)
    #expect(probe.wait() == 1)
    let lines = try probe.lines
    #expect(
      lines.last?.contains("error: the disk that holds the store") == true, "\(lines.last ?? "")")
    let said = Acknowledged(lines)
    #expect(said.finished.count > 10)

    #expect(Self.run("mount", ["-o", "remount,size=8m", disk]) == 0)
    let more = try ProbeProcess("fill", path, ["\(said.finished.count + 50)"], in: folder)
    #expect(more.wait() == 0)
    try await Self.check(path, said)
  }

  static func run(_ program: String, _ arguments: [String]) -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return -1 }
    process.waitUntilExit()
    return process.terminationStatus
  }
}

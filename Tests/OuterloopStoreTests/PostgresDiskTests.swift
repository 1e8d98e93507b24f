import Foundation
import OuterloopPostgres
import OuterloopStudy
import PostgresServer
import Synchronization
import Testing

/// A server whose disk is full: who works waits for space, and who begins is told so.
@Suite(
  .serialized, .enabled(if: PostgresServer.missing == nil, "\(PostgresServer.missing ?? "")"),
  .enabled(if: geteuid() == 0, "needs the right to mount a small disk"))
struct PostgresDiskTests {
  /// A database on a disk of 32 MB.
  private final class SmallDisk {
    let server: PostgresServer
    let folder: String
    let url: String
    private var ballast: String { folder + "/ballast" }

    init() throws {
      server = try PostgresServer()
      folder = server.socketFolder + "/disk"
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
      let mounted = CrashTests.run("mount", ["-t", "tmpfs", "-o", "size=32m", "tmpfs", folder])
      try #require(mounted == 0)
      let space = folder + "/space"
      try FileManager.default.createDirectory(atPath: space, withIntermediateDirectories: true)
      #expect(CrashTests.run("chown", ["-R", "--reference=\(server.socketFolder)", space]) == 0)
      try server.query("CREATE TABLESPACE small LOCATION '\(space)'")
      try server.query("CREATE DATABASE runs TABLESPACE small")
      url = server.url("runs")
    }

    deinit {
      _ = try? server.query("DROP DATABASE runs WITH (FORCE)")
      _ = try? server.query("DROP TABLESPACE small")
      _ = CrashTests.run("umount", ["-l", folder])
    }

    /// Leaves no block free.
    func fill() {
      _ = CrashTests.run("dd", ["if=/dev/zero", "of=\(ballast)", "bs=4096", "status=none"])
    }

    func clear() throws { try FileManager.default.removeItem(atPath: ballast) }
  }

  /// A text of 2 MB that no compression makes smaller.
  private static func text() -> String {
    String((0..<131_072).map { _ in String(UInt64.random(in: .min ... .max), radix: 16) }.joined())
  }

  @Test func fullDisk() async throws {
    let disk = try SmallDisk()
    let address = try #require(PostgresAddress(disk.url))
    let told = Mutex<[String]>([])
    let store = try PostgresStore(
      address, .create,
      onOutage: { outage in
        let text =
          switch outage {
          case .began(let error, _): error.what
          case .ended: "ended"
          }
        told.withLock { $0.append(text) }
      })
    let study = try await store.create(SmallStudy.specification())
    disk.fill()

    // Who has worked waits until there is space.
    let text = Self.text()
    async let written = store.update(study) { $0.attributes["note"] = text }
    try await Task.sleep(for: .seconds(3))
    // Reading goes on, and does not end the outage.
    #expect(try await store.now() > 0)
    let began = told.withLock { $0 }
    #expect(began.count == 1 && began[0].contains("has run out of something"), "\(began)")
    try disk.clear()
    #expect(try await written.attributes["note"] == text)
    #expect(told.withLock { $0.dropFirst() } == ["ended"])
    #expect(try await store.specification(of: study).attributes["note"] == text)
    disk.fill()

    // Who begins is told at once.
    let newcomer = try PostgresStore(address, .write)
    let start = ContinuousClock.now
    let more = Self.text()
    let refused = await #expect(throws: StudyError.self) {
      _ = try await newcomer.update(study) { $0.attributes["more"] = more }
    }
    #expect(start.duration(to: .now) < .seconds(5))
    #expect(refused?.what.contains("has run out of something") == true, "\(refused?.what ?? "")")
    #expect(refused?.remedy.contains("give it more disk") == true)

    // Patience ends.
    let impatient = try PostgresStore(address, .write, patience: 1)
    _ = try await impatient.studies()
    let report = Event.Kind.reported(attempt: 1, Report(epoch: 1, ["loss": 0.5]))
    #expect(try await impatient.append([report], to: 0, of: study) != .accepted)
    let error = await #expect(throws: StudyError.self) {
      _ = try await impatient.update(study) { $0.attributes["more"] = more }
    }
    #expect(error?.what.contains("tried for 1 seconds") == true, "\(error?.what ?? "")")
    try disk.clear()
    #expect(try await impatient.specification(of: study).attributes["more"] == nil)
  }
}

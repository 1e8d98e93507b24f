import Foundation
import Synchronization
import Testing

@testable import OuterloopFetch

@Suite struct DownloaderTests {
  /// A made-up data set of one file on a server of its own, and a folder for it.
  final class Setting: Sendable {
    let body: [UInt8]
    let server: LoopbackServer
    let set: PublishedDataSet
    let folder: String

    init(_ script: [LoopbackServer.Answer], mirrors: [String] = ["/a"], size: Int = 300_000) throws
    {
      var state: UInt32 = 1
      body = (0..<size).map { _ in
        state = state &* 1_664_525 &+ 1_013_904_223
        return UInt8(truncatingIfNeeded: state >> 24)
      }
      server = try LoopbackServer(files: ["/a/file.gz": body, "/b/file.gz": body], script: script)
      let address = server.address
      set = PublishedDataSet(
        name: "made-up", summary: "",
        files: [PublishedFile(name: "file.gz", bytes: size, sha256: SHA256.hex(body))],
        mirrors: mirrors.map { address + $0 }, classNames: [])
      folder = NSTemporaryDirectory() + "outerloop-fetch-\(UUID().uuidString)"
    }

    deinit {
      server.stop()
      try? FileManager.default.removeItem(atPath: folder)
    }

    var file: String { folder + "/file.gz" }
    var part: String { file + ".part" }

    func put(_ path: String, _ bytes: [UInt8]) throws {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    func contents(_ path: String) -> [UInt8]? {
      FileManager.default.contents(atPath: path).map { [UInt8]($0) }
    }

    func fetch(
      attempts: Int = 3, patience: Duration = .seconds(20),
      progress: @escaping @Sendable (DownloadProgress) -> Void = { _ in }
    ) async throws -> [Downloader.Fetched] {
      let downloader = Downloader(
        attempts: attempts, patience: patience, firstPause: .milliseconds(1))
      return try await downloader.fetch(set, into: folder, progress: progress)
    }

    func refusal(
      _ location: SourceLocation = #_sourceLocation, patience: Duration = .seconds(20)
    ) async throws -> DownloadError {
      let error = await #expect(throws: DownloadError.self, sourceLocation: location) {
        _ = try await fetch(patience: patience)
      }
      return try #require(error, sourceLocation: location)
    }
  }

  @Test func downloadsAndSkipsWhatIsThere() async throws {
    let setting = try Setting([])
    let first = try await setting.fetch()
    #expect(first == [Downloader.Fetched(path: setting.file, wasPresent: false)])
    #expect(setting.contents(setting.file) == setting.body)
    #expect(setting.contents(setting.part) == nil)
    #expect(try await setting.fetch().first?.wasPresent == true)
    #expect(setting.server.requests.count == 1)
    #expect(setting.server.requests.first?.acceptsPacked == false)
  }

  @Test func replacesADamagedFile() async throws {
    let setting = try Setting([])
    try setting.put(setting.file, setting.body.map { ~$0 })
    #expect(try await setting.fetch().first?.wasPresent == false)
    #expect(setting.contents(setting.file) == setting.body)
  }

  @Test func resumesAfterACut() async throws {
    let setting = try Setting([.cut(after: 100_000), .cut(after: 50_000)])
    _ = try await setting.fetch()
    #expect(setting.contents(setting.file) == setting.body)
    #expect(setting.server.requests.map(\.rangeStart) == [nil, 100_000, 150_000])
  }

  @Test func resumesAnEarlierDownload() async throws {
    let setting = try Setting([])
    try setting.put(setting.part, Array(setting.body.prefix(1234)))
    _ = try await setting.fetch()
    #expect(setting.contents(setting.file) == setting.body)
    #expect(setting.server.requests.map(\.rangeStart) == [1234])
  }

  @Test func startsOverWhereTheServerDoesNotResume() async throws {
    for answer: LoopbackServer.Answer in [.ignoreRange, .shiftedRange, .status(416)] {
      let setting = try Setting([.cut(after: 1000), answer])
      _ = try await setting.fetch()
      #expect(setting.contents(setting.file) == setting.body)
    }
  }

  @Test func usesACompletePart() async throws {
    let setting = try Setting([])
    try setting.put(setting.part, setting.body)
    _ = try await setting.fetch()
    #expect(setting.contents(setting.file) == setting.body && setting.server.requests.isEmpty)
  }

  @Test func startsOverFromAPartThatIsWrong() async throws {
    for count in [1000, 300_000, 300_001] {
      let setting = try Setting([])
      try setting.put(setting.part, [UInt8](repeating: 7, count: count))
      _ = try await setting.fetch()
      #expect(setting.contents(setting.file) == setting.body)
    }
  }

  @Test func refusesAWrongChecksum() async throws {
    let setting = try Setting([.body([UInt8](repeating: 7, count: 300_000))])
    let error = try await setting.refusal()
    #expect(error.cause == .checksum && error.what.contains("has a wrong checksum"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: setting.folder).isEmpty)
  }

  @Test func refusesAnotherSize() async throws {
    let setting = try Setting([.body([1, 2, 3])])
    let error = try await setting.refusal()
    #expect(error.cause == .checksum && error.what.contains("has 3 bytes instead of 300,000"))
    let long = try Setting([.slow(pieces: 2)], size: 1000)
    let file = PublishedFile(name: "file.gz", bytes: 700, sha256: "0")
    let set = PublishedDataSet(
      name: "x", summary: "", files: [file], mirrors: long.set.mirrors, classNames: [])
    let more = await #expect(throws: DownloadError.self) {
      _ = try await Downloader(attempts: 1).fetch(set, into: long.folder)
    }
    #expect(more?.what.contains("sends more than 700 bytes") == true)
  }

  @Test func goesToTheNextMirror() async throws {
    let setting = try Setting([.status(404)], mirrors: ["/a", "/b/"])
    _ = try await setting.fetch()
    #expect(setting.contents(setting.file) == setting.body)
    #expect(setting.server.requests.map(\.path) == ["/a/file.gz", "/b/file.gz"])
  }

  @Test func namesEveryMirrorThatFailed() async throws {
    let setting = try Setting([.status(404), .status(403)], mirrors: ["/a", "/b"])
    let error = try await setting.refusal()
    #expect(error.cause == .notFound && error.file == setting.file)
    let a = "\(setting.server.address)/a/ answered HTTP 404"
    let b = "\(setting.server.address)/b/ answered HTTP 403"
    #expect(error.what == "no mirror delivered it: \(a), \(b)")
    #expect(setting.server.requests.count == 2)
  }

  @Test func asksABusyServerAgain() async throws {
    let setting = try Setting([.status(503), .status(429)])
    _ = try await setting.fetch()
    #expect(setting.server.requests.count == 3)
    let busy = try Setting([.status(503), .status(503), .status(503)])
    #expect(try await busy.refusal().cause == .network)
    #expect(busy.server.requests.count == 3)
  }

  @Test func givesUpOnSilence() async throws {
    let setting = try Setting([.silence, .hang(after: 1000), .silence, .silence])
    let error = try await setting.refusal(patience: .milliseconds(200))
    #expect(error.cause == .network && error.what.contains("sent nothing for 0.2 s"))
    #expect(error.remedy.contains("what has arrived is kept"))
    #expect(setting.contents(setting.part)?.count == 1000)
    _ = try await setting.fetch()
    #expect(setting.contents(setting.file) == setting.body)
  }

  @Test func reportsProgressThatNeverFalls() async throws {
    let setting = try Setting([.cut(after: 200_000), .ignoreRange])
    let reports = Mutex<[DownloadProgress]>([])
    _ = try await setting.fetch { report in reports.withLock { $0.append(report) } }
    let received = reports.withLock { $0.map(\.received) }
    #expect(received.last == 300_000 && received == received.sorted())
    let slow = try Setting([.slow(pieces: 20)])
    let more = Mutex<[DownloadProgress]>([])
    _ = try await slow.fetch { report in more.withLock { $0.append(report) } }
    let count = more.withLock { $0.count }
    #expect(count >= 3)
    let last = try #require(more.withLock { $0.last })
    #expect(last.total == 300_000 && last.file == "file.gz" && last.bytesPerSecond > 0)
  }

  @Test func cancellingKeepsThePart() async throws {
    let setting = try Setting([.hang(after: 5000)])
    let task = Task { try await setting.fetch() }
    while setting.contents(setting.part)?.count != 5000 {
      try await Task.sleep(for: .milliseconds(10))
    }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(setting.contents(setting.part)?.count == 5000)
    _ = try await setting.fetch()
    #expect(setting.server.requests.last?.rangeStart == 5000)
  }

  @Test func letsOnlyOneProcessWrite() async throws {
    let setting = try Setting([])
    try setting.put(setting.part, [])
    let other = open(setting.part, O_RDWR)
    #expect(flock(other, LOCK_EX) == 0)
    #expect(try await setting.refusal().cause == .busy)
    close(other)
    _ = try await setting.fetch()
  }

  @Test func tellsDiskTroubles() async throws {
    let blocked = try Setting([])
    try Data().write(to: URL(fileURLWithPath: blocked.folder))
    let error = try await blocked.refusal()
    #expect(error.cause == .folder && error.file == blocked.folder)
    #if os(Linux)
      // A part on a device that is always full.
      let full = try Setting([])
      try FileManager.default.createDirectory(
        atPath: full.folder, withIntermediateDirectories: true)
      try FileManager.default.createSymbolicLink(
        atPath: full.part, withDestinationPath: "/dev/full")
      #expect(try await full.refusal().cause == .diskFull)
    #endif
    #expect(DownloadError.disk("x", EACCES).what == "permission denied")
    #expect(DownloadError.disk("x", EROFS).what == "the file system is read-only")
  }

  @Test func refusesOddMirrors() async throws {
    for mirror in ["", "ftp://x/", "file:///tmp", "example.org/mnist", "http://"] {
      let error = await #expect(throws: DownloadError.self) {
        _ = try await Downloader(mirror: mirror).fetch(.mnist, into: "/nonexistent")
      }
      #expect(error?.cause == .address)
    }
    let setting = try Setting([], mirrors: ["/none"])
    let downloader = Downloader(mirror: setting.server.address + "/b")
    _ = try await downloader.fetch(setting.set, into: setting.folder)
    #expect(setting.server.requests.map(\.path) == ["/b/file.gz"])
  }

  @Test func givesUpWhereNobodyListens() async throws {
    let setting = try Setting([])
    setting.server.stop()
    let error = try await setting.refusal()
    #expect(error.cause == .network && error.remedy.contains("--mirror"))
  }
}

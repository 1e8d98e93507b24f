import Foundation
import OuterloopFiles
import Testing

/// What may be replaced: a table of what can stand at a path, and what becomes of it.
@Suite final class OutputFileTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "files-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private subscript(name: String) -> String { folder.path + "/" + name }

  private func put(_ bytes: [UInt8], _ name: String) throws {
    try Data(bytes).write(to: URL(filePath: self[name]))
  }

  private func put(_ text: String, _ name: String) throws { try put(Array(text.utf8), name) }

  private func text(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(filePath: self[name])), as: UTF8.self)
  }

  private func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  private func write(_ text: String, _ name: String, _ replacing: Replacement = .nothing) throws {
    let file = try OutputFile(self[name], replacing: replacing)
    try file.write(text)
    try file.commit()
  }

  private func refusal(_ name: String, _ replacing: Replacement) -> FileError? {
    do {
      try write("new", name, replacing)
      return nil
    } catch { return error as? FileError }
  }

  /// The header of a database, with the mark of a program.
  private static func database(_ mark: Int32) -> [UInt8] {
    var bytes = Array("SQLite format 3\0".utf8) + [UInt8](repeating: 0, count: 4080)
    for place in 0..<4 { bytes[68 + place] = UInt8(truncatingIfNeeded: mark >> (24 - 8 * place)) }
    return bytes
  }

  private static let everything: [Replacement] = [
    .nothing, .ordinaryFiles, .ordinaryFilesAndDatabases { _ in false },
  ]

  @Test func writesANewFile() throws {
    let file = try OutputFile(self["a.csv"])
    try file.write("one,")
    #expect(!FileManager.default.fileExists(atPath: self["a.csv"]), "not before it is whole")
    try file.write("two\n")
    try file.commit()
    #expect(try text("a.csv") == "one,two\n")
    #expect(try names() == ["a.csv"])
    // What was not finished is gone.
    do {
      let other = try OutputFile(self["b.csv"])
      try other.write("half")
    }
    #expect(try names() == ["a.csv"])
    let error = refusal("none/b.csv", .ordinaryFiles)
    #expect(error?.cause == .system && error?.number == ENOENT)
  }

  @Test func ordinaryFilesTakeAWord() throws {
    try put("old", "a.csv")
    #expect(refusal("a.csv", .nothing)?.cause == .exists)
    #expect(try text("a.csv") == "old")
    chmod(self["a.csv"], 0o640)
    try write("new", "a.csv", .ordinaryFiles)
    #expect(try text("a.csv") == "new")
    let mode = try FileManager.default.attributesOfItem(atPath: self["a.csv"])[.posixPermissions]
    #expect(mode as? Int == 0o640)
    // An error part-way leaves what was there.
    do {
      let file = try OutputFile(self["a.csv"], replacing: .ordinaryFiles)
      try file.write("half")
    }
    #expect(try text("a.csv") == "new")
    #expect(try names() == ["a.csv"])
    // Only those that are found to be expendable.
    try put("mine", "b")
    #expect(refusal("b", .files { _ in false })?.cause == .exists)
    try write("new", "b", .files { $0.hasSuffix("/b") })
    #expect(try text("b") == "new")
  }

  /// Whoever runs it: root could write them.
  @Test func writeProtectedFilesStay() throws {
    try put("old", "a.csv")
    chmod(self["a.csv"], 0o444)
    #expect(refusal("a.csv", .ordinaryFiles)?.cause == .protected)
    #expect(try text("a.csv") == "old")
  }

  @Test func databasesStay() throws {
    try put(Self.database(DatabaseFile.storeMark), "store.db")
    try put(Self.database(0), "other.db")
    try put([0x37, 0x7f, 0x06, 0x82, 1, 2, 3], "log")
    try put([0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7, 0], "journal")
    try put([0x18, 0xe2, 0x2d, 0] + [UInt8](repeating: 0, count: 32_764), "index")
    try put("", "store.db-wal")
    try put("", "used")
    try put("x", "used-wal")
    try FileManager.default.createSymbolicLink(
      atPath: self["link"], withDestinationPath: self["store.db"])
    try FileManager.default.linkItem(atPath: self["store.db"], toPath: self["hard"])
    let before = try names()
    for name in [
      "store.db", "other.db", "log", "journal", "index", "store.db-wal", "store.db-shm",
      "other.db-journal", "used", "link", "hard", "../\(folder.lastPathComponent)/store.db",
    ] {
      for replacing in Self.everything {
        #expect(refusal(name, replacing)?.cause == .protected, "\(name) \(replacing)")
      }
    }
    #expect(try names() == before)
    #expect(try text("store.db").hasPrefix("SQLite format 3"))
    // Unless it is found to be expendable.
    try write("new", "other.db", .ordinaryFilesAndDatabases { $0.hasSuffix("other.db") })
    #expect(try text("other.db") == "new")
  }

  @Test func trialsOfAStoreStay() throws {
    try put(Self.database(DatabaseFile.storeMark), "runs.db")
    let files = FileManager.default
    for trials in ["runs.trials/s/0", "other.trials/s/0"] {
      try files.createDirectory(atPath: self[trials], withIntermediateDirectories: true)
      try put("log", "\(trials)/log.txt")
    }
    try files.createSymbolicLink(atPath: self["there"], withDestinationPath: self["runs.trials/s"])
    for name in ["runs.trials/s/0/log.txt", "runs.trials/new.csv", "there/0/log.txt"] {
      for replacing in Self.everything + [.files { _ in true }] {
        #expect(refusal(name, replacing)?.cause == .protected, "\(name)")
      }
    }
    #expect(try text("runs.trials/s/0/log.txt") == "log")
    // A folder that only looks like it.
    #expect(refusal("other.trials/s/0/log.txt", .ordinaryFiles) == nil)
  }

  @Test func linksStay() throws {
    try put("old", "a.csv")
    try FileManager.default.createSymbolicLink(
      atPath: self["link"], withDestinationPath: "a.csv")
    try FileManager.default.createSymbolicLink(
      atPath: self["lost"], withDestinationPath: "nowhere")
    #expect(refusal("link", .nothing)?.cause == .exists)
    #expect(refusal("lost", .ordinaryFiles)?.cause == .protected)
    try write("new", "link", .ordinaryFiles)
    #expect(try text("a.csv") == "new")
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: self["link"]) == "a.csv")
    #expect(try names() == ["a.csv", "link", "lost"])
  }

  @Test func foldersAndDevices() throws {
    try FileManager.default.createDirectory(
      atPath: self["folder"], withIntermediateDirectories: true)
    for name in ["folder", "folder/", "new/", "."] {
      for replacing in Self.everything {
        #expect(refusal(name, replacing)?.cause == .protected, "\(name)")
      }
    }
    let null = try OutputFile("/dev/null")
    try null.write("nothing")
    try null.commit()
    #expect(OutputFile.isStandardOutput("/dev/stdout"))
    #expect(throws: FileError.self) { try OutputFile("/dev/null").draftPath() }
    #expect(throws: FileError.self) { try OutputFile("") }
    #expect(throws: FileError.self) { try OutputFile("a\0b") }
  }

  /// Somebody reads at the other end.
  @Test func pipesAreWrittenInto() throws {
    #expect(mkfifo(self["pipe"], 0o600) == 0)
    let reader = open(self["pipe"], O_RDONLY | O_NONBLOCK)
    defer { close(reader) }
    let file = try OutputFile(self["pipe"])
    try file.write("through")
    try file.commit()
    var bytes = [UInt8](repeating: 0, count: 20)
    let count = read(reader, &bytes, 20)
    #expect(count == 7)
    #expect(try names() == ["pipe"])
  }

  /// What comes to the place while the file is written is someone else's.
  @Test func nothingThatCameSinceIsReplaced() throws {
    let new = try OutputFile(self["a.csv"], replacing: .ordinaryFiles)
    try new.write("new")
    try put("theirs", "a.csv")
    #expect(throws: FileError.self) { try new.commit() }
    #expect(try text("a.csv") == "theirs")
    let second = try OutputFile(self["a.csv"], replacing: .ordinaryFiles)
    try second.write("new")
    try FileManager.default.removeItem(atPath: self["a.csv"])
    try put("again theirs", "b")
    try FileManager.default.moveItem(atPath: self["b"], toPath: self["a.csv"])
    #expect(throws: FileError.self) { try second.commit() }
    #expect(try text("a.csv") == "again theirs")
    #expect(try names() == ["a.csv"])
  }

  /// Only those of processes that are no more.
  @Test func leftoversAreRemoved() throws {
    let mine = try OutputFile(self["a.csv"])
    try mine.write("half")
    try put("", ".outerloop-99999999-abc.part")
    try put("", ".outerloop-x-abc.part")
    OutputFile.removeLeftovers(in: folder.path)
    #expect(try names().count == 2)
    try mine.commit()
    #expect(try text("a.csv") == "half")
  }
}

import Foundation
import OuterloopFiles
import Testing

/// A folder that is filled again and again, and what it never touches.
@Suite final class OutputFolderTests {
  private let root: URL

  init() throws {
    root = FileManager.default.temporaryDirectory.appending(path: "folder-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: root) }

  private subscript(name: String) -> String { root.path + "/" + name }

  private func put(_ text: String, _ name: String) throws {
    try FileManager.default.createDirectory(
      atPath: (self[name] as NSString).deletingLastPathComponent,
      withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(filePath: self[name]))
  }

  private func text(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(filePath: self[name])), as: UTF8.self)
  }

  /// All files below a folder, hidden ones too.
  private func files(_ name: String) -> [String] {
    (FileManager.default.enumerator(atPath: self[name])?.allObjects as? [String] ?? [])
      .filter { file in
        var isFolder: ObjCBool = false
        let path = self["\(name)/\(file)"]
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
          && !isFolder.boolValue
      }.sorted()
  }

  private static let manifest = ".outerloop-folder.json"

  private func fill(
    _ files: [String: String], copies: [OutputFolder.Copy] = [], of owner: String = "study `a`"
  ) throws {
    try OutputFolder(self["out"], of: owner).fill(
      files.sorted { $0.key < $1.key }.map { .init($0.key, $0.value) }, copies: copies)
  }

  private func refusal(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "none"
    } catch { return "\(error)".replacing(root.path, with: "") }
  }

  @Test func isMadeAndFilledAgain() throws {
    try fill(["best.json": "1", "plots/history.svg": "2"])
    #expect(files("out") == [Self.manifest, "best.json", "plots/history.svg"])
    // What is outdated goes, and the folder that it leaves empty.
    try fill(["best.json": "3", "log.csv": "4"])
    #expect(files("out") == [Self.manifest, "best.json", "log.csv"])
    #expect(try text("out/best.json") == "3")
    #expect(!FileManager.default.fileExists(atPath: self["out/plots"]))
  }

  /// Files beside, and those that were changed, are never touched; an error comes before anything is written.
  @Test func whatIsNotItsOwnStays() throws {
    try fill(["best.json": "1", "plots/history.svg": "2"])
    try put("mine", "out/notes.txt")
    try put("mine", "out/plots/mine.svg")
    try fill(["best.json": "2"])
    #expect(
      files("out") == [Self.manifest, "best.json", "notes.txt", "plots/mine.svg"])
    try put("edited", "out/best.json")
    let message =
      "`/out/best.json` was changed since it was written, or comes from elsewhere; "
      + "move it away, or name another folder"
    #expect(refusal { try fill(["a.csv": "1", "best.json": "3"]) } == message)
    #expect(!FileManager.default.fileExists(atPath: self["out/a.csv"]))
    #expect(try text("out/best.json") == "edited")
    // A file that is outdated and edited stays.
    try fill(["a.csv": "1"])
    #expect(try text("out/best.json") == "edited")
    // Someone's file at the place of a new one.
    try put("mine", "out/b.csv")
    #expect(refusal { try fill(["a.csv": "2", "b.csv": "2"]) }.contains("/out/b.csv"))
    #expect(try text("out/a.csv") == "1")
  }

  @Test func refusals() throws {
    try put("text", "file")
    #expect(
      refusal { _ = try OutputFolder(self["file"], of: "a") }
        == "`/file` is not a folder; name another folder")
    #expect(
      refusal { try OutputFolder(self["file/in/it"], of: "a").claim() }
        == "`/file` is not a folder; name another folder")
    try put("text", "full/thesis.tex")
    #expect(
      refusal { _ = try OutputFolder(self["full"], of: "a") }
        == "the folder `/full` holds other files, such as `thesis.tex`; name a folder that is empty, or "
        + "not there yet")
    #expect(files("full") == ["thesis.tex"])
    try fill(["a": "1"])
    #expect(
      refusal { try fill(["a": "2"], of: "study `b`") }
        == "the folder `/out` holds what was written for study `a`; name another folder for study `b`"
    )
    #expect(try text("out/a") == "1")
    try put("{}", "out/" + Self.manifest)
    #expect(refusal { try fill(["a": "2"]) }.contains("cannot be understood"))
    #expect(refusal { _ = try OutputFolder("", of: "a") }.hasPrefix("`` cannot be written"))
    // Hidden files are nobody's.
    try put("", "hidden/.gitkeep")
    try OutputFolder(self["hidden"], of: "a").claim()
  }

  /// Looking writes nothing; a claim keeps others out once something is written.
  @Test func claims() throws {
    let folder = try OutputFolder(self["out"], of: "study `a`")
    #expect(!FileManager.default.fileExists(atPath: self["out"]))
    try folder.claim()
    try folder.claim()
    #expect(files("out") == [Self.manifest])
    // Who claimed it may have been killed before there was anything to write.
    let other = try OutputFolder(self["out"], of: "study `b`")
    try other.claim()
    try other.fill([.init("a", "1")])
    #expect(refusal { try folder.fill([.init("a", "2")]) }.contains("study `b`"))
    #expect(refusal { _ = try OutputFolder(self["out"], of: "study `a`") }.contains("study `b`"))
    #expect(try text("out/a") == "1")
    // A folder for others to fill counts as well.
    let third = try OutputFolder(self["third"], of: "c")
    try third.claim()
    #expect(try third.makeFolder("trials/7") == self["third/trials/7"])
    #expect(refusal { _ = try OutputFolder(self["third"], of: "d") }.contains("written for c"))
  }

  @Test func foldersAreCopied() throws {
    try put("weights", "trial/model.bin")
    try put("deep", "trial/in/side")
    try FileManager.default.createSymbolicLink(
      atPath: self["trial/latest"], withDestinationPath: "model.bin")
    try FileManager.default.createSymbolicLink(
      atPath: self["trial/nowhere"], withDestinationPath: "gone")
    mkfifo(self["trial/pipe"], 0o666)
    try fill(["a": "1"], copies: [.init("checkpoints/7", of: self["trial"])])
    #expect(
      files("out/checkpoints/7") == ["in/side", "latest", "model.bin"], "and a link to nowhere")
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: self["out/checkpoints/7/nowhere"])
        == "gone")
    // The same place is taken for the same; another place replaces it.
    try put("later", "trial/model.bin")
    try fill(["a": "1"], copies: [.init("checkpoints/7", of: self["trial"])])
    #expect(try text("out/checkpoints/7/model.bin") == "weights")
    try fill(["a": "1"], copies: [.init("checkpoints/8", of: self["trial"])])
    #expect(try text("out/checkpoints/8/model.bin") == "later")
    #expect(!FileManager.default.fileExists(atPath: self["out/checkpoints/7"]))
    // A file alone.
    try fill(["a": "1"], copies: [.init("checkpoints/8", of: self["trial/in/side"])])
    #expect(files("out/checkpoints/8") == ["in/side", "model.bin", "latest"].sorted())
    try fill(["a": "1"], copies: [.init("checkpoints/10", of: self["trial/in/side"])])
    #expect(files("out/checkpoints") == ["10/side"])
    // An empty folder is nothing to copy.
    try FileManager.default.createDirectory(
      atPath: self["empty"], withIntermediateDirectories: true)
    for _ in 0..<2 { try fill(["a": "1"], copies: [.init("checkpoints/9", of: self["empty"])]) }
    #expect(files("out") == [Self.manifest, "a"])
    // Someone's folder at its place.
    try put("mine", "out/checkpoints/7/model.bin")
    #expect(
      refusal { try fill(["a": "2"], copies: [.init("checkpoints/7", of: self["trial"])]) }
        .contains("/out/checkpoints/7` was changed"))
    #expect(try text("out/checkpoints/7/model.bin") == "mine")
    #expect(refusal { try fill([:], copies: [.init("x", of: self["gone"])]) }.contains("/gone"))
  }

  /// Whatever a process that was killed has left, the next one goes on: any of the files may be new already.
  @Test(arguments: 0..<8) func killedBetweenTwoFiles(_ written: Int) throws {
    let names = ["a", "b", "plots/c"]
    try fill(["a": "1", "b": "1", "plots/c": "1"])
    let before = try text("out/" + Self.manifest)
    try fill(["a": "2", "b": "2", "plots/c": "2"])
    let after = try text("out/" + Self.manifest)
    // As it stands between the first and the last manifest.
    let digests = { (text: String) in
      text.split(separator: "\"").map(String.init).filter { $0.hasPrefix("1-") }
    }
    var both = after
    for (old, new) in Set(zip(digests(before), digests(after)).map { [$0, $1] }).map({
      ($0[0], $0[1])
    }) {
      both = both.replacing("\"\(new)\"", with: "\"\(old)\",\"\(new)\"")
    }
    try put(both, "out/" + Self.manifest)
    for (place, name) in names.enumerated() {
      try put(written >> place & 1 == 1 ? "2" : "1", "out/" + name)
    }
    try put("part", "out/plots/.outerloop-999999999-abc.part")
    try put("part", "out/checkpoints/.outerloop-999999999-abc.part/model.bin")
    try put("weights", "trial/model.bin")
    try fill(
      ["a": "3", "b": "3", "plots/c": "3"], copies: [.init("checkpoints/1", of: self["trial"])])
    for name in names { #expect(try text("out/" + name) == "3") }
    #expect(files("out") == [Self.manifest, "a", "b", "checkpoints/1/model.bin", "plots/c"])
  }

  /// Several at a time: one after the other, and the folder stays whole.
  @Test func severalAtOnce() async throws {
    let path = self["out"]
    try OutputFolder(path, of: "a").claim()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<8 {
        group.addTask {
          try OutputFolder(path, of: "a").fill([.init("a", "\(number)"), .init("b", "\(number)")])
        }
      }
      try await group.waitForAll()
    }
    #expect(try text("out/a") == text("out/b"))
    try OutputFolder(path, of: "a").fill([.init("a", "9")])
    #expect(files("out") == [Self.manifest, "a"])
  }
}

import Foundation
import Testing

@testable import OuterloopRunner

/// What a trial goes on from is what was announced.
@Suite struct KeptCheckpointTests {
  private let trial = FileManager.default.temporaryDirectory
    .appending(path: "kept-\(UUID().uuidString)").path
  private var kept: KeptCheckpoints { KeptCheckpoints(in: trial) }
  private var path: String { trial + "/state" }

  init() throws {
    try FileManager.default.createDirectory(atPath: trial, withIntermediateDirectories: true)
  }

  /// Replaces the file, as a careful program does, and announces it.
  private func announce(_ text: String, epoch: Int) throws {
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    kept.keep(path, epoch: epoch)
  }

  private func usable(_ epoch: Int) -> (epoch: Int, notes: [String]) {
    var notes: [String] = []
    let found = kept.usable(through: epoch) { notes.append($0) }
    return (found, notes)
  }

  private var text: String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }

  @Test func whole() throws {
    for epoch in 1...5 { try announce("state \(epoch)", epoch: epoch) }
    let (epoch, notes) = usable(5)
    #expect(epoch == 5 && notes.isEmpty && text == "state 5")
    let names = try FileManager.default.contentsOfDirectory(atPath: trial + "/kept").sorted()
    #expect(names == ["4", "4.json", "5", "5.json"])
  }

  /// A training that was killed has replaced the file since, or left half of one.
  @Test(arguments: ["state 6", "", nil]) func restored(_ left: String?) throws {
    for epoch in 1...5 { try announce("state \(epoch)", epoch: epoch) }
    try FileManager.default.removeItem(atPath: path)
    if let left { try left.write(toFile: path, atomically: false, encoding: .utf8) }
    let (epoch, notes) = usable(5)
    #expect(epoch == 5 && notes.count == 1 && text == "state 5")
    #expect(usable(5).notes.isEmpty)
  }

  /// Damage under both names: the one before is taken, and in the end none.
  @Test func fallsBack() throws {
    for epoch in 1...3 { try announce("state \(epoch)", epoch: epoch) }
    let file = try #require(FileHandle(forWritingAtPath: path))
    try file.write(contentsOf: Data("STATE".utf8))
    try file.close()
    let (epoch, notes) = usable(3)
    #expect(epoch == 2 && text == "state 2", "\(notes)")
    #expect(notes.contains { $0.contains("epoch 3") && $0.contains("damaged") })
    try FileManager.default.removeItem(atPath: trial + "/kept/2")
    try FileManager.default.removeItem(atPath: path)
    #expect(usable(3).epoch == 0)
  }

  /// What nobody wrote down is taken on trust, and so are folders that are not empty.
  @Test func trusted() throws {
    #expect(usable(4).epoch == 4)
    kept.keep(trial + "/missing", epoch: 3)
    #expect(!FileManager.default.fileExists(atPath: trial + "/kept"))
    let model = trial + "/model"
    try FileManager.default.createDirectory(atPath: model, withIntermediateDirectories: true)
    try "weights".write(toFile: model + "/w", atomically: true, encoding: .utf8)
    kept.keep(model, epoch: 4)
    #expect(usable(4).epoch == 4)
    #expect(kept.saved(epoch: 4).state == .whole(model))
    try FileManager.default.removeItem(atPath: model + "/w")
    #expect(usable(4).epoch == 0)
    #expect(kept.saved(epoch: 4).state == .gone)
  }

  /// Where a checkpoint is that somebody wants to use.
  @Test func saved() throws {
    #expect(kept.saved(epoch: 1).state == .gone)
    for epoch in 1...2 { try announce("state \(epoch)", epoch: epoch) }
    #expect(kept.saved(epoch: 2).state == .whole(path))
    try "state 3".write(toFile: path, atomically: true, encoding: .utf8)
    #expect(kept.saved(epoch: 2).state == .whole(trial + "/kept/2"))
    #expect(text == "state 3", "looking changes nothing")
    try "state".write(toFile: trial + "/kept/2", atomically: false, encoding: .utf8)
    #expect(kept.saved(epoch: 2).state == .damaged)
    for file in [path, trial + "/kept/2"] { try FileManager.default.removeItem(atPath: file) }
    #expect(kept.saved(epoch: 2).state == .gone)
  }

  /// A byte anywhere in a large file is looked at, as far as its size allows.
  @Test func largeFiles() throws {
    var data = Data(count: 3 << 20)
    try data.write(to: URL(filePath: path))
    kept.keep(path, epoch: 1)
    for place in [0, 1_500_000, (3 << 20) - 1] {
      data[place] = 1
      try data.write(to: URL(filePath: path))
      // The second link is the same file.
      #expect(usable(1).epoch == 0, "\(place)")
      data[place] = 0
    }
  }
}

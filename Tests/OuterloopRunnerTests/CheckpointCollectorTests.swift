import Foundation
import OuterloopStudy
import Testing

@testable import OuterloopRunner

/// Which checkpoints go, and in which order.
@Suite struct CheckpointCollectorTests {
  private let bench: Workbench
  /// Bytes of a checkpoint; the second link takes none.
  private static let size = 1 << 16

  init() throws { bench = try Workbench(epochs: 9) }

  private func path(_ trial: Int, _ name: String = "checkpoint/state") -> String {
    bench.folders.folder(ofTrial: trial) + "/" + name
  }

  private func has(_ trial: Int, _ name: String = "checkpoint/state") -> Bool {
    FileManager.default.fileExists(atPath: path(trial, name))
  }

  private func kept(_ count: Int) -> [Int] { (0..<count).filter { has($0) } }

  private func write(_ path: String, _ byte: UInt8 = 1) throws {
    try Data(repeating: byte, count: Self.size).write(to: URL(filePath: path))
  }

  /// A trial in a state, with a checkpoint of epoch 3.
  private func trial(_ number: Int, _ state: TrialState) throws -> Trial {
    var trial = Trial(
      number: number, assignment: try bench.specification.space.assignment(["x": 0.5]), through: 3,
      seen: nil, created: 0)
    (trial.state, trial.checkpoint) = (state, 3)
    trial.attempts = [Attempt(worker: "w", started: 0)]
    let folder = bench.folders.folder(ofTrial: number)
    try FileManager.default.createDirectory(
      atPath: path(number, "checkpoint"), withIntermediateDirectories: true)
    try write(path(number))
    try "log\n".write(toFile: folder + "/log.txt", atomically: true, encoding: .utf8)
    KeptCheckpoints(in: folder).keep(path(number), epoch: 3)
    return trial
  }

  /// Complete 0, 1 and 2, pruned 3, failed 4, resting 5 and 6, running 7.
  private func study() throws -> [Trial] {
    let states: [TrialState] = [
      .complete, .complete, .complete, .pruned, .failed(.error), .paused, .paused, .running,
    ]
    return try states.enumerated().map { try trial($0, $1) }
  }

  private func collect(
    _ policy: CheckpointPolicy, _ trials: [Trial], complete: [Int] = [1, 0, 2]
  ) -> CheckpointCollector.Outcome {
    var collector = CheckpointCollector(policy, in: bench.folders)
    let outcome = collector.collect(trials, complete: complete, resting: [6, 5])
    let again = collector.collect(trials, complete: complete, resting: [6, 5])
    #expect(again.ended == [] && again.resting == [] && again.failures == [])
    return outcome
  }

  @Test func theBest() throws {
    let outcome = collect(CheckpointPolicy(best: 2), try study())
    #expect(outcome == CheckpointCollector.Outcome(ended: [3, 4, 2]))
    #expect(kept(8) == [0, 1, 5, 6, 7])
    #expect(!has(2, "kept/3") && has(2, "kept/3.json") && has(2, "log.txt"))
    #expect(try String(contentsOfFile: path(2, "log.txt"), encoding: .utf8).contains("removed"))
    // Who goes on all the same knows that they are gone.
    let folder = bench.folders.folder(ofTrial: 2)
    #expect(KeptCheckpoints(in: folder).usable(through: 3) { _ in } == 0)
  }

  @Test func nobodyIsCompleteYet() throws {
    _ = collect(CheckpointPolicy(best: 1), try study(), complete: [])
    #expect(kept(8) == [0, 1, 2, 5, 6, 7])
  }

  /// With less and less room they go in one order; what may not go is more than one, in the end.
  @Test(arguments: 0...8) func untilTheyFit(_ count: Int) throws {
    let trials = try study()
    // Beside the files the space of folders, which differs between file systems.
    let each = bench.folders.checkpointBytes(ofTrial: 0)
    #expect(each >= Self.size && each < 2 * Self.size)
    let outcome = collect(CheckpointPolicy(bytes: count * each + each / 2), trials)
    let order = [3, 4, 2, 0, 5, 6]
    let gone = Set(order.prefix(max(0, 8 - count)))
    #expect(kept(8) == (0..<8).filter { !gone.contains($0) })
    #expect(outcome.resting == order.filter { gone.contains($0) && $0 > 4 })
    #expect((outcome.excess != nil) == (count < 2))
  }

  @Test func both() throws {
    let trials = try study()
    let each = bench.folders.checkpointBytes(ofTrial: 0)
    let outcome = collect(CheckpointPolicy(best: 2, bytes: 4 * each + each / 2), trials)
    #expect(outcome.ended == [3, 4, 2, 0] && outcome.resting == [])
  }

  /// The best trial that rests stays while no trial is complete.
  @Test func theBestOfThoseThatRest() throws {
    let trials = try [trial(0, .failed(.error))] + (1...6).map { try trial($0, .paused) }
    let outcome = collect(CheckpointPolicy(bytes: 1), trials, complete: [])
    #expect(outcome.ended == [0] && outcome.resting == [5])
    #expect(has(6))
  }

  /// What is not the trial's own stays: what links lead to, files elsewhere, folders that are links.
  @Test func linksAreNotFollowed() throws {
    let trials = try (0..<3).map { try trial($0, .pruned) }
    let files = FileManager.default
    let elsewhere = bench.folder.appendingPathComponent("elsewhere").path
    try files.createDirectory(atPath: elsewhere, withIntermediateDirectories: true)
    try write(elsewhere + "/mine")
    try files.createDirectory(
      atPath: path(0, "checkpoint/deep/er"), withIntermediateDirectories: true)
    for name in ["checkpoint/deep/er/link", "kept/link"] {
      try files.createSymbolicLink(atPath: path(0, name), withDestinationPath: elsewhere)
    }
    try files.linkItem(atPath: elsewhere + "/mine", toPath: path(0, "checkpoint/second"))
    try files.removeItem(atPath: path(1, "checkpoint"))
    try files.createSymbolicLink(atPath: path(1, "checkpoint"), withDestinationPath: elsewhere)
    try files.moveItem(atPath: path(2, ""), toPath: elsewhere + "/2")
    try files.createSymbolicLink(
      atPath: bench.folders.folder(ofTrial: 2), withDestinationPath: elsewhere + "/2")
    let outcome = collect(CheckpointPolicy(best: 1), trials, complete: [])
    #expect(outcome.ended == [0] && outcome.failures.count == 2, "\(outcome)")
    #expect(try files.contentsOfDirectory(atPath: path(0, "checkpoint")).isEmpty)
    #expect(try Data(contentsOf: URL(filePath: elsewhere + "/mine")).count == Self.size)
    #expect(files.fileExists(atPath: elsewhere + "/2/checkpoint/state"))
  }

  /// A trial at which somebody is at work is left alone until it is not.
  @Test func whoIsAtWork() throws {
    let trials = try [trial(0, .pruned)]
    var collector = CheckpointCollector(CheckpointPolicy(best: 1), in: bench.folders)
    do {
      let lock = try #require(FolderLock.take(bench.folders.folder(ofTrial: 0), .shared))
      #expect(collector.collect(trials, complete: [], resting: []).ended == [])
      withExtendedLifetime(lock) {}
    }
    #expect(has(0))
    #expect(collector.collect(trials, complete: [], resting: []).ended == [0])
  }

  /// A trial that goes on when its checkpoints are gone is asked to begin at epoch 0.
  @Test func beginsAgain() async throws {
    let trials = try [trial(0, .paused)]
    var collector = CheckpointCollector(CheckpointPolicy(bytes: 1), in: bench.folders)
    let outcome = collector.collect(
      trials + [try trial(1, .complete)], complete: [1], resting: [0])
    #expect(outcome.resting == [0] && has(1))
    let work = try bench.shell(
      "echo \"{\\\"loss\\\": $1, \\\"epoch\\\": $2}\"", ["{from}", "{to}"])
    let recorder = Recorder()
    try await work.run(bench.request(trial: 0, from: 3, through: 9), to: recorder)
    #expect(recorder.losses == [0])
    #expect(bench.log(0).contains("starts at epoch 0"))
  }
}

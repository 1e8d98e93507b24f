import Foundation
import OuterloopSearch
import OuterloopStudy
import OuterloopTuning
import Testing

/// What is in the files of a study's results.
@Suite struct ResultsFolderTests {
  private let results: ResultsReader

  init() throws { results = try ResultsReader() }

  private func study(
    _ objectives: [Objective], constraints: [OutcomeConstraint] = []
  ) async throws -> (MemoryStore, StudyID) {
    var space = SearchSpace()
    _ = try space.float("x", 0...1)
    _ = try space.choice("kind", ["a", "b"])
    let store = MemoryStore(clock: { 1000 })
    let specification = try StudySpecification(
      name: "s, \"quoted\"", space: space, objectives: objectives, constraints: constraints,
      method: MethodDescription("random", [:]), seed: 7, epochs: 9)
    return (store, try store.create(specification))
  }

  /// A trial that is told epoch by epoch, and ends as is said.
  private func train(
    _ store: MemoryStore, _ id: StudyID, _ values: [[String: Double]], checkpoint: Int = 0,
    _ end: Event.Kind? = .paused(attempt: 1)
  ) async throws {
    let space = try store.specification(of: id).space
    let number = try await store.summary(of: id).trials
    let assignment = try space.assignment(["x": .float(Double(number) / 8), "kind": "a"])
    _ = try store.add(
      .enqueued(assignment, through: 9), asTrial: nil, to: id, claimedBy: Claimant(worker: "w"))
    var kinds = values.enumerated().map { index, values in
      Event.Kind.reported(attempt: 1, Report(epoch: index + 1, values, seconds: 2))
    }
    if checkpoint > 0 { kinds.append(.checkpointed(attempt: 1, epoch: checkpoint)) }
    if let end { kinds.append(end) }
    #expect(try store.append(kinds, to: number, of: id) == .accepted)
  }

  private func write(
    _ store: MemoryStore, _ id: StudyID, checkpoint: (Trial) -> String? = { _ in nil }
  ) async throws -> ResultsFolder.Contents {
    let log = try await store.trainingLog(of: id)
    return try ResultsFolder(results.path, of: log.specification).write(log, checkpoint: checkpoint)
  }

  @Test func filesWordByWord() async throws {
    let (store, id) = try await study([.minimize("loss")])
    try await train(store, id, [["loss": 3, "gain, net": 1], ["loss": .nan]])
    try await train(store, id, [["loss": 2.5], ["loss": 2]], checkpoint: 2)
    try await train(
      store, id, [["loss": 4]], .finished(attempt: 1, .failed(.error, message: "no")))
    let contents = try await write(store, id)
    #expect(
      contents.files == [
        "study.json", "best.json", "trajectory.csv", "log.csv", "plots/history.svg",
        "plots/curves.svg", "plots/rungs.svg", "plots/regret.svg", "plots/slices.svg",
        "plots/parallel.svg", "plots/rank.svg", "plots/timeline.svg",
        "plots/distribution.svg",
      ])
    #expect(contents.notes.isEmpty && contents.checkpoints.isEmpty)
    #expect(
      try results.text("study.json") == """
        {
          "study": "s, \\"quoted\\"",
          "seed": 7,
          "sampler": "random",
          "scheduler": "none",
          "objectives": [
            {
              "metric": "loss",
              "direction": "minimize"
            }
          ],
          "parameters": [
            "x=float(0.0, 1.0)",
            "kind=choice(a, b)"
          ],
          "epochs": 9,
          "trials": {
            "paused": 2,
            "failed": 1
          },
          "totalEpochs": 5,
          "totalSeconds": 0.0
        }

        """)
    #expect(
      try results.text("best.json") == """
        {
          "trial": 1,
          "state": "paused",
          "epoch": 2,
          "epochs": 9,
          "values": {
            "loss": 2.0
          },
          "params": {
            "x": 0.125,
            "kind": "a"
          },
          "seed": \(try store.specification(of: id).seed(ofTrial: 1)),
          "checkpoint": null
        }

        """)
    #expect(
      try results.text("trajectory.csv") == """
        totalEpochs,totalSeconds,trial,epoch,best.loss
        1,0.0,0,1,3.0
        3,0.0,1,1,2.5
        4,0.0,1,2,2.0

        """)
    #expect(
      try results.text("log.csv") == """
        trial,attempt,epoch,value.loss,"value.gain, net",seconds,totalEpochs,totalSeconds
        0,1,1,3.0,1.0,2.0,1,0.0
        0,1,2,NaN,,2.0,2,0.0
        1,1,1,2.5,,2.0,3,0.0
        1,1,2,2.0,,2.0,4,0.0
        2,1,1,4.0,,2.0,5,0.0

        """)
  }

  /// With several objectives the front stands for the best, each with its checkpoint.
  @Test func fronts() async throws {
    let (store, id) = try await study([.minimize("loss"), .maximize("speed")])
    func end(_ values: [Double]) -> Event.Kind { .finished(attempt: 1, .complete(values)) }
    try await train(store, id, [["loss": 1, "speed": 1]], checkpoint: 1, end([1, 1]))
    try await train(store, id, [["loss": 2, "speed": 3]], checkpoint: 1, end([2, 3]))
    try await train(store, id, [["loss": 2, "speed": 2]], checkpoint: 1, end([2, 2]))
    let saved = results.root.path + "/saved"
    for trial in 0..<3 {
      try FileManager.default.createDirectory(
        atPath: "\(saved)/\(trial)", withIntermediateDirectories: true)
      try "\(trial)".write(toFile: "\(saved)/\(trial)/w", atomically: true, encoding: .utf8)
    }
    let contents = try await write(store, id) { "\(saved)/\($0.number)" }
    #expect(!results.has("best.json"))
    let front = try results.json("front.json", as: [[String: Any]].self)
    #expect(front.map { $0["trial"] as? Int } == [0, 1])
    #expect(
      front.map { $0["checkpoint"] as? String }
        == ["checkpoints/trial-0-epoch-1", "checkpoints/trial-1-epoch-1"])
    #expect(contents.checkpoints.keys.sorted() == [0, 1])
    #expect(try results.text("checkpoints/trial-1-epoch-1/w") == "1")
    #expect(
      try results.text("trajectory.csv") == """
        totalEpochs,totalSeconds,trial,epoch,best.loss,best.speed
        1,0.0,0,1,1.0,1.0
        2,0.0,1,1,1.0,3.0

        """)
    #expect(results.names("plots").contains("front.svg"))
    #expect(results.names("plots").contains("slices-speed.svg"))
  }

  /// Nothing there is no error: tables without rows, and no best.
  @Test func noTrials() async throws {
    let (store, id) = try await study([.minimize("loss")])
    #expect(try await write(store, id).files == ["study.json", "trajectory.csv", "log.csv"])
    try await train(store, id, [], nil)
    _ = try await write(store, id)
    #expect(!results.has("best.json"))
    #expect(try results.table("log.csv").isEmpty)
  }

  /// The checkpoint of a trial that is being trained may be half written.
  @Test func runningTrials() async throws {
    let (store, id) = try await study([.minimize("loss")])
    try await train(store, id, [["loss": 1]], checkpoint: 1, nil)
    let contents = try await write(store, id) { _ in results.root.path }
    #expect(contents.notes == ["trial 0 is being trained, so its checkpoint is not copied"])
    #expect(try results.json("best.json")["checkpoint"] is NSNull)
    #expect(!results.has("checkpoints"))
  }

  /// Results that break a constraint are not the best.
  @Test func constraints() async throws {
    let (store, id) = try await study(
      [.minimize("loss")], constraints: [OutcomeConstraint("size", .atMost, 1)])
    try await train(store, id, [["loss": 1, "size": 2]])
    try await train(store, id, [["loss": 2, "size": 1]])
    _ = try await write(store, id)
    #expect(try results.json("best.json")["trial"] as? Int == 1)
    #expect(try results.column("best.loss", of: "trajectory.csv") == [2])
  }

  /// What is written again is the same bytes; pictures too.
  @Test func isWrittenAgain() async throws {
    let (store, id) = try await study([.minimize("loss")])
    try await train(store, id, [["loss": 3], ["loss": 2]])
    let files = try await write(store, id).files
    let before = try files.map(results.text)
    try "mine".write(toFile: "\(results.path)/notes.txt", atomically: true, encoding: .utf8)
    #expect(try await write(store, id).files == files)
    #expect(try files.map(results.text) == before)
    #expect(try results.text("notes.txt") == "mine")
  }
}

import Foundation
import OuterloopSearch
import OuterloopStudy
import OuterloopTuning
import Testing

/// Trainings that rest and go on, from the first call to the folder of their results.
@Suite struct TunerTests {
  private let results: ResultsReader

  init() throws { results = try ResultsReader() }

  /// The quick start: every epoch of (x - 2)^2 + 1 / epoch.
  private func tuner(
    by method: SearchMethod = .random.scheduled(by: .asha()), totalEpochs: Int = 60,
    parallel: Int = 1, in store: any StudyStore = MemoryStore()
  ) throws -> Tuner {
    var space = SearchSpace()
    let x = try space.float("x", -5...10)
    return Tuner(
      space, .minimize("loss"), by: method, epochs: 9, totalEpochs: totalEpochs,
      parallel: parallel, in: store, output: results.path
    ) { trial, checkpoint in
      let state = "\(checkpoint)/state"
      let kept = (try? String(contentsOfFile: state, encoding: .utf8)).flatMap(Int.init) ?? 0
      guard kept >= trial.from else { throw Lost() }
      try "\(trial.through)".write(toFile: state, atomically: true, encoding: .utf8)
      let distance = trial[x] - 2
      return (trial.from + 1...trial.through).map {
        Report(epoch: $0, ["loss": distance * distance + 1 / Double($0)])
      }
    }
  }

  private struct Lost: Error {}

  @Test(arguments: [
    SearchMethod.automaticTraining(), .random.scheduled(by: .asha()),
    .random.scheduled(by: .hyperband()), .freezeThaw(), .random,
  ])
  func quickStart(_ method: SearchMethod) async throws {
    let incumbent = try #require(try await tuner(by: method).run())
    let log = try results.table("log.csv")
    // No epoch is trained twice, and the budget is kept but for the last call.
    #expect(Set(log.map { [$0["trial"], $0["epoch"]] }).count == log.count)
    #expect((60..<69).contains(log.count))
    let total = try results.column("totalEpochs", of: "log.csv")
    #expect(total == (1...log.count).map(Double.init))
    let seconds = try results.column("totalSeconds", of: "log.csv")
    #expect(seconds == seconds.sorted())
    #expect(try results.column("seconds", of: "log.csv").allSatisfy { $0 >= 0 })
    let best = try results.column("best.loss", of: "trajectory.csv")
    #expect(best == best.sorted(by: >) && Set(best).count == best.count)
    #expect(try best.last == results.column("value.loss", of: "log.csv").min())

    let record = try results.json("best.json")
    #expect(record["trial"] as? Int == incumbent.number)
    // As text: readers of JSON round in the last place.
    let text = try results.text("best.json")
    let value = try #require(incumbent.assignment["x"]?.number)
    let loss = try #require(incumbent.lastReport?.values["loss"])
    #expect(text.contains("\"x\": \(value)\n") && text.contains("\"loss\": \(loss)\n"))
    let place = try #require(record["checkpoint"] as? String)
    #expect(place == "checkpoints/trial-\(incumbent.number)-epoch-\(incumbent.checkpoint)")
    #expect(try results.text("\(place)/state") == "\(incumbent.epoch)")
    #expect(results.names("checkpoints").count == 1)
    #expect(results.names("plots").contains("curves.svg"))
  }

  /// With a store the study goes on, and the folder is written again.
  @Test func goesOn() async throws {
    let store = MemoryStore()
    _ = try await tuner(totalEpochs: 20, in: store).run()
    let first = try results.text("log.csv")
    _ = try await tuner(totalEpochs: 50, parallel: 3, in: store).run()
    #expect(try results.text("log.csv").hasPrefix(first))
    #expect(try results.json("study.json")["totalEpochs"] as? Int ?? 0 >= 50)
    // Another study does not write here.
    var other = try tuner(totalEpochs: 20)
    other.seed = 5
    await #expect(throws: (any Error).self) { try await other.run() }
    #expect(try results.json("study.json")["seed"] as? Int == 0)
  }

  /// What was reported on the way need not be returned, and a training may be told to stop.
  @Test func reportsOnTheWay() async throws {
    var space = SearchSpace()
    let x = try space.float("x", 0...1)
    var options = PercentileOptions()
    options.startup = 2
    let method = SearchMethod.random.scheduled(by: .percentile(options))
    let tuner = Tuner(
      space, .maximize("score"), by: method, epochs: 9, trials: 12, seed: 3,
      output: results.path
    ) { trial, _ in
      for epoch in trial.from + 1...trial.through {
        let goesOn = try await trial.report(epoch: epoch, ["score": trial[x] * Double(epoch)])
        if !goesOn { break }
      }
      return []
    }
    let incumbent = try #require(try await tuner.run())
    let counts = try #require(try results.json("study.json")["trials"] as? [String: Int])
    #expect(counts["pruned"] ?? 0 > 0)
    #expect(incumbent.state == .complete)
    let best = try results.column("best.score", of: "trajectory.csv")
    #expect(best == best.sorted() && best.last == incumbent.values?.first)
  }

  /// What a training does wrong fails its trial, with a message that says what.
  @Test func failures() async throws {
    var space = SearchSpace()
    _ = try space.int("n", 0...5)
    let store = MemoryStore()
    let tuner = Tuner(
      space, .minimize("loss"), by: .grid(), epochs: 3, trials: 6, in: store,
      output: results.path
    ) { trial, _ in
      switch trial.number {
      case 0: [Report(epoch: 4, ["loss": 1])]
      case 1: [Report(epoch: 2, ["loss": 1]), Report(epoch: 1, ["loss": 1])]
      case 2: []
      case 3: [Report(epoch: 3, ["lost": 1])]
      case 4: [Report(epoch: 3, ["loss": .nan])]
      default: throw Lost()
      }
    }
    #expect(try await tuner.run() == nil)
    let id = try #require(store.study(named: "study"))
    let trials = try await store.trials(of: id, matching: TrialQuery())
    let messages = trials.map { $0.message ?? "" }
    #expect(
      messages[0]
        == "it returned epoch 4 where it was to train epochs 1 to 3, each once and in their order")
    #expect(messages[1].hasPrefix("it returned epoch 1"))
    #expect(messages[2...3] == ["its last report has no `loss`", "its last report has no `loss`"])
    #expect(messages[4] == "`loss` is nan" && messages[5] == "Lost()")
    #expect(trials.allSatisfy { $0.state.reason != nil })
    #expect(!results.has("best.json") && results.has("study.json"))
    #expect(try results.table("trajectory.csv").isEmpty)
    #expect(try results.table("log.csv").map { $0["value.loss"] }.contains("NaN"))
  }

  /// A folder that cannot be used is an error before anything is trained.
  @Test func folders() async throws {
    try "text".write(toFile: results.path, atomically: true, encoding: .utf8)
    let store = MemoryStore()
    await #expect(throws: (any Error).self) { try await tuner(in: store).run() }
    let id = try #require(store.study(named: "study"))
    #expect(try await store.trials(of: id, matching: TrialQuery()).isEmpty)
    #expect(try String(contentsOfFile: results.path, encoding: .utf8) == "text")
  }

  @Test func budgets() async throws {
    var tuner = try tuner()
    tuner.totalEpochs = nil
    await #expect(throws: StudyError.self) { try await tuner.run() }
    tuner.trials = 2
    _ = try await tuner.run()
    #expect(try results.json("study.json")["trials"] as? [String: Int] != nil)
  }
}

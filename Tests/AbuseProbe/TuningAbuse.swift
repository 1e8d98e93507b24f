import Foundation
import OuterloopSearch
import OuterloopStudy
import OuterloopTuning

extension AbuseRoom {
  static let tuning = AbuseRoom("OuterloopTuning") { room in
    room.addTuners()
    room.addResultsFolders()
    room.exclude("met in `Tuner.run`", "Tuner.init")
  }

  private mutating func addTuners() {
    let random = SearchMethod.random
    @Sendable func run(
      _ change: (inout Tuner) -> Void = { _ in },
      _ training: @escaping Tuner.Training = { trial, _ in
        [Report(epoch: trial.through, ["loss": 1])]
      }
    ) async throws -> Any {
      try await Scratch.use { folder in
        var tuner = Tuner(
          try Studies.space(), .minimize("loss"), by: random, epochs: 3, trials: 2,
          output: folder + "/out", training: training)
        change(&tuner)
        return try await tuner.run() as Any
      }
    }
    // Whoever asks for many epochs gets them.
    let few = [Int.min, -1, 0, 1, 2, 7]
    add("Tuner.run", few, few) { epochs, total in
      try await run { ($0.epochs, $0.totalEpochs) = (epochs, total) }
    }
    add("Tuner.run", few, few) { trials, parallel in
      try await run { ($0.trials, $0.parallel) = (trials, parallel) }
    }
    add("Tuner.run", Edges.integers, [-.infinity, -0.0, 1, .nan]) { epoch, loss in
      try await run { _ in
      } _: { _, _ in
        [Report(epoch: epoch, ["loss": loss], seconds: loss)]
      }
    }
    refuse("Tuner.run", [""]) { name in try await run { $0.name = name } }
    refuse("Tuner.run", [""]) { metric in try await run { $0.objective = .minimize(metric) } }
    refuse("Tuner.run", ["", "/dev/null", "/dev/null/x", "/proc/x", "\0"]) { path in
      try await run { $0.output = path }
    }
    refuse("Tuner.run", [0]) { _ in try await run { ($0.trials, $0.totalEpochs) = (nil, nil) } }
  }

  private mutating func addResultsFolders() {
    let paths = ["", "\0", "/dev/null", "/dev/null/x", "/proc/x"]
    refuse("ResultsFolder.claim", paths) {
      try ResultsFolder($0, of: try Studies.specification()).claim()
      return 0
    }
    refuse("ResultsFolder.init", ["", "\0", "/dev/null"]) {
      try ResultsFolder($0, of: try Studies.specification())
    }
    let reports = Edges.numbers.map {
      Event.Kind.reported(attempt: 1, Report(epoch: 3, ["loss": $0, "a,\"\n": $0]))
    }
    add("ResultsFolder.write", Studies.kinds + reports, ["/none", "/dev/null", "", "."]) {
      kind, checkpoint in
      var log = TrainingLog(try Studies.specification("a/\n\"b"))
      for kind in try Studies.begun() + [.checkpointed(attempt: 1, epoch: 1), kind] {
        let revision = log.history.revision + 1
        do { try log.take(Event(revision: revision, time: 0, trial: 0, kind)) } catch {}
      }
      return try await Scratch.use { folder in
        try ResultsFolder(folder + "/out", of: log.specification).write(log) { _ in
          checkpoint == "." ? folder + "/none" : checkpoint
        }
      }
    }
  }
}

/// A folder for the length of a call.
private enum Scratch {
  static func use<Answer>(_ body: (String) async throws -> Answer) async throws -> Answer {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "abuse-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder.path)
  }
}

import Foundation
import OuterloopFiles
import OuterloopStudy
import OuterloopText
import Testing

@testable import OuterloopStore

/// A file that Optuna 5.0 wrote (`Benchmarks/peers/optuna/check_storage.py make`), against what Optuna
/// says is in it (`... dump`). That Optuna reads ours is checked by the same script.
@Suite struct OptunaTests {
  private let folder = Folder()

  private func kept(_ type: String) throws -> String {
    try #require(Bundle.module.url(forResource: "Optuna/optuna", withExtension: type)).path
  }

  private func said(of name: String) throws -> JSON {
    let text = try String(contentsOfFile: kept("json"), encoding: .utf8)
    let studies = try #require(JSONReader.value(text)?.array)
    return try #require(studies.first { $0["name"]?.text == name })
  }

  @Test(arguments: ["ünï", "two"]) func reading(_ name: String) async throws {
    let read = try OptunaFile.read(kept("db"), study: name)
    let store = try SQLiteStore(folder["a.db"], .create)
    let id = try await store.restore(read.specification, events: read.events)
    let said = try said(of: name)
    #expect(
      read.specification.objectives.map { $0.direction == .minimize ? "MINIMIZE" : "MAXIMIZE" }
        == said["directions"]?.array?.map { $0.text ?? "" })
    let trials = try await store.trials(of: id, matching: TrialQuery())
    let theirs = try #require(said["trials"]?.array)
    #expect(trials.count == theirs.count)
    for (trial, other) in zip(trials, theirs) { try compare(trial, other) }
  }

  private func compare(_ trial: Trial, _ other: JSON) throws {
    let states = [
      "complete": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL", "waiting": "WAITING",
      "running": "RUNNING",
    ]
    let state = try #require(other["state"]?.text)
    #expect(states[trial.state.name] == state, "\(trial)")
    // What is enqueued stands apart until Optuna's trial asks for it.
    let fixed = ["WAITING", "RUNNING"].contains(state) ? other["fixed"]?.members : nil
    let parameters = try #require(fixed ?? other["params"]?.members)
    #expect(trial.assignment.active.count == parameters.count, "\(trial)")
    for parameter in parameters {
      let value = parameter.value == .null ? "None" : parameter.value.parameterValue
      #expect(trial.assignment[parameter.name] == value, "\(parameter.name) of \(trial)")
    }
    if state == "COMPLETE" {
      #expect(trial.values == other["values"]?.array?.compactMap(\.number), "\(trial)")
    }
    let steps = try #require(other["intermediate"]?.members)
    #expect(trial.reports.count == steps.count)
    for (report, step) in zip(trial.reports, steps) {
      #expect(report.epoch == Int(step.name).map { $0 + 1 })
      #expect(report.values.values.first == step.value.number)
    }
    if let start = trial.started { #expect(LocalTime.text(start) == other["start"]?.text) }
    if let end = trial.ended { #expect(LocalTime.text(end) == other["complete"]?.text) }
  }

  /// What is written is read back equal, by way of Optuna's tables.
  @Test func roundTrip() async throws {
    #expect(try ProbeProcess("mixture", folder["a.db"], in: folder).wait() == 0)
    let store = try SQLiteStore(folder["a.db"])
    let id = try #require(try await store.study(named: "s"))
    try await OptunaFile.write(id, of: store, to: folder["b.db"])
    #expect(try OptunaFile.studies(in: folder["b.db"]) == ["s"])
    let read = try OptunaFile.read(folder["b.db"])
    #expect(try await store.specification(of: id) == read.specification)
    #expect(read.notes.isEmpty)
    let back = try SQLiteStore(folder["c.db"], .create)
    let copy = try await back.restore(read.specification, events: read.events)
    #expect(
      try await back.trials(of: copy, matching: TrialQuery())
        == store.trials(of: id, matching: TrialQuery()))
    // Who ran in the other store does not run here.
    #expect(try await back.reap(copy) == [4])
    #expect(
      try await back.trials(of: copy, matching: TrialQuery(from: 4, limit: 1))[0].state == .waiting)
    await #expect(throws: FileError.self) {
      try await OptunaFile.write(id, of: store, to: folder["b.db"])
    }
    await #expect(throws: FileError.self) {
      try await OptunaFile.write(id, of: store, to: folder["none/b.db"])
    }
    #expect(!folder.names().contains { $0.contains(".part") })
  }

  @Test func otherFiles() throws {
    _ = try SQLiteStore(folder["a.db"], .create)
    #expect(throws: StudyError.self) { try OptunaFile.read(folder["a.db"]) }
    #expect(throws: StudyError.self) { try OptunaFile.read(folder["none.db"]) }
    try Data("x,y\n".utf8).write(to: URL(fileURLWithPath: folder["b.csv"]))
    #expect(throws: StudyError.self) { try OptunaFile.read(folder["b.csv"]) }
    #expect(throws: StudyError.self) { try OptunaFile.read(kept("db")) }
    #expect(throws: StudyError.self) { try OptunaFile.read(kept("db"), study: "three") }
  }

  /// Times are those of the clock on the wall, as Foundation reads them.
  @Test func times() {
    let parts: Set<Calendar.Component> = [.year, .month, .day, .hour, .minute, .second]
    for time in [951_782_400.5, 951_868_800, 1_795_695_190.849563, 4_107_542_399.999999] {
      let text = LocalTime.text(time)
      let found = Calendar(identifier: .gregorian).dateComponents(
        parts, from: Date(timeIntervalSince1970: time))
      #expect(
        text.prefix(19)
          == String(
            format: "%04d-%02d-%02d %02d:%02d:%02d", found.year ?? 0, found.month ?? 0,
            found.day ?? 0, found.hour ?? 0, found.minute ?? 0, found.second ?? 0))
      #expect(abs((LocalTime.seconds(text) ?? 0) - time) < 1e-6, "\(text)")
      #expect(LocalTime.seconds(String(text.prefix(19))) == time.rounded(.down))
    }
    #expect(LocalTime.text(1_795_695_190.849563).hasSuffix(".849563"))
    #expect(LocalTime.seconds("yesterday") == nil)
  }

  /// Events that cannot have happened are refused, and nothing is kept.
  @Test func impossiblePasts() async throws {
    let store = try SQLiteStore(folder["a.db"], .create)
    let read = try OptunaFile.read(kept("db"), study: "two")
    let (specification, events) = (read.specification, read.events)
    for broken in [Array(events.dropFirst()), events + [events[0]], events + [events[1]]] {
      await #expect(throws: StudyError.self) {
        try await store.restore(specification, events: broken)
      }
    }
    #expect(try await store.studies().isEmpty)
    _ = try await store.restore(specification, events: events)
    await #expect(throws: StudyError.self) {
      try await store.restore(specification, events: events)
    }
  }
}

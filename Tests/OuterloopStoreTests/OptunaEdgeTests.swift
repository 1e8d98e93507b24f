import GRDB
import OuterloopStudy
import OuterloopText
import Testing

@testable import OuterloopStore

/// What Optuna can say and we say otherwise: it is taken, said, and given back as it was.
@Suite struct OptunaEdgeTests {
  private let folder = Folder()
  private let fixture: OptunaFixture

  init() throws { fixture = try OptunaFixture(folder["optuna.db"]) }

  @Test func namesAreMadeLegal() async throws {
    let names = ["learning rate", "lr (log)", "lr_log", "seed", "0", "", "a=b", "a.b"]
    try fixture.trial(names.map { ($0, 0.25, OptunaFixture.float(0, 1)) })
    try fixture.trial(
      [], "WAITING", system: ["fixed_params": #"{"learning rate": 0.5, "seed": 1}"#])
    let read = try OptunaFile.read(fixture.path)
    #expect(
      read.specification.space.parameters.map(\.name)
        == ["learning_rate", "lr_log_2", "lr_log", "seed_", "0_", "_", "a_b", "a.b"])
    #expect(read.notes.contains("parameter `lr (log)` is called `lr_log_2` here"))
    #expect(read.notes.count { $0.contains("is called") } == 6)
    let (trials, rows) = try await folder.through(read)
    #expect(trials[0].assignment["lr_log_2"] == 0.25)
    #expect(trials[1].assignment.active.map(\.name) == ["learning_rate", "seed_"])
    #expect(try rows("SELECT param_name FROM trial_params ORDER BY param_id") == names)
    let fixed = try rows(
      "SELECT value_json FROM trial_system_attributes WHERE \"key\" = 'fixed_params'")
    #expect(fixed == [#"{"learning rate": 0.5, "seed": 1.0}"#])
  }

  @Test func choicesThatAreNoValues() async throws {
    let choices = #"[null, "None", 2.0, 2, NaN, [64, 64], true, "a"]"#
    let only = #"[null, "b"]"#
    for place in 0..<8 {
      try fixture.trial([
        ("c", Double(place), OptunaFixture.choices(choices)),
        ("d", Double(place % 2), OptunaFixture.choices(only)),
      ])
    }
    try fixture.trial([], "WAITING", system: ["fixed_params": #"{"c": [64, 64], "d": null}"#])
    let read = try OptunaFile.read(fixture.path)
    #expect(read.notes.contains("parameter `d`: the choice None is the text \"None\" here"))
    let (trials, rows) = try await folder.through(read)
    #expect(
      trials.map { $0.assignment["c"] }
        == ["None_2", "None", 2, "2", "NaN", "[64, 64]", true, "a", "[64, 64]"])
    #expect(trials[8].assignment["d"] == "None")
    #expect(
      Set(try rows("SELECT distribution_json FROM trial_params")).map { $0.filter { $0 != " " } }
        .sorted()
        == [choices, only].map { OptunaFixture.choices($0).filter { $0 != " " } }.sorted())
    #expect(
      try rows("SELECT param_value FROM trial_params WHERE param_name = 'c' ORDER BY trial_id")
        == (0..<8).map { "\(Double($0))" })
    #expect(
      try rows("SELECT value_json FROM trial_system_attributes WHERE \"key\" = 'fixed_params'")
        == [#"{"c": [64, 64], "d": null}"#])
  }

  @Test(arguments: [
    ["constraints": "[0.5, -Infinity]"], ["constraints:cost": "0.5", "constraints:size": "-1.0"],
  ])
  func constraintsAreMetrics(_ attributes: [String: String]) async throws {
    let x = ("x", 0.5, OptunaFixture.float(0, 1))
    try fixture.trial([x], system: attributes)
    try fixture.trial([x], steps: [0: 1, 3: 2], system: attributes)
    let read = try OptunaFile.read(fixture.path)
    #expect(read.notes.contains { $0.hasSuffix("2 of 2 complete trials break one") })
    #expect(read.specification.constraints.count == 2)
    #expect(
      read.specification.constraints.allSatisfy {
        $0.metric.hasPrefix("constraint:") && $0.relation == .atMost && $0.bound == 0
      })
    let (trials, rows) = try await folder.through(read)
    #expect(trials.map { $0.lastReport?.epoch } == [1, 4])
    for trial in trials {
      #expect(trial.lastReport?.values.count { $0.key.hasPrefix("constraint:") } == 2)
    }
    let kept = #"SELECT "key" || value_json FROM trial_system_attributes WHERE trial_id = "#
    for trial in 1...2 {
      #expect(
        try Set(rows(kept + "\(trial)")) == Set(attributes.map { $0.key + $0.value }))
    }
    // Steps begin at 0 again.
    #expect(try rows("SELECT step FROM trial_intermediate_values ORDER BY step") == ["0", "3"])
  }

  @Test func whatIsLeftBehindIsSaid() async throws {
    let x = ("x", 0.5, OptunaFixture.float(0, 1))
    try fixture.run(#"INSERT INTO study_user_attributes VALUES (1, 1, 'data', '{"n": 3}')"#)
    try fixture.trial([x, ("y", 1, OptunaFixture.int(1, 3))], user: ["host": "\"a\""])
    try fixture.trial([x], "RUNNING")
    try fixture.trial([], "WAITING", system: ["fixed_params": #"{"x": 0.5, "z": 1}"#])
    let read = try OptunaFile.read(fixture.path)
    #expect(
      read.notes == [
        "trials 1, 2 are to be run without a value for some parameters",
        "1 trial ran there: no worker runs them here, and a resumed search restarts them",
        "values of z are left behind: no trial says that they may be",
        "user attributes of 1 trial are left behind: host",
      ])
    let (trials, rows) = try await folder.through(read)
    #expect(trials.map(\.state.name) == ["complete", "running", "waiting"])
    #expect(
      try rows("SELECT value_json FROM study_user_attributes WHERE \"key\" = 'data'")
        == [#"{"n": 3}"#])
    // It had no names for its objectives.
    #expect(try rows("SELECT \"key\" FROM study_system_attributes").isEmpty)
  }

  /// Bounds on results are Optuna's constraints: above 0 where they are broken.
  @Test func boundsAreConstraints() async throws {
    let space = try SearchSpace([ParameterDeclaration("x", .float(NumericRange(0, 1)))])
    let store = try SQLiteStore(folder["a.db"], .create)
    let id = try await store.create(
      StudySpecification(
        name: "s", space: space, objectives: [.minimize("loss")],
        constraints: [
          OutcomeConstraint("memory", .atMost, 8), OutcomeConstraint("recall", .atLeast, 0.5),
        ], method: MethodDescription("tpe"), seed: 1))
    for values in [["loss": 1, "memory": 6, "recall": 0.75], ["loss": 2, "memory": 9]] {
      let claim = try await store.add(
        .enqueued(space.assignment(["x": 0.25]), through: 1), asTrial: nil, to: id,
        claimedBy: Claimant(worker: "w"))
      _ = try await store.append(
        [
          .reported(attempt: 1, Report(values)),
          .finished(attempt: 1, .complete([values["loss"] ?? .nan])),
        ], to: claim?.trial.number ?? -1, of: id)
    }
    try await OptunaFile.write(id, of: store, to: folder["b.db"])
    let queue = try DatabaseQueue(path: folder["b.db"])
    let rows = try await queue.read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT trial_id, "key", value_json FROM trial_system_attributes
          WHERE "key" LIKE 'constraints%' ORDER BY trial_id, "key"
          """
      ).map { "\($0[0] as Int) \($0[1] as String) \($0[2] as String)" }
    }
    #expect(
      rows == [
        "1 constraints:memory <= 8 -2.0", "1 constraints:recall >= 0.5 -0.25",
        "2 constraints:memory <= 8 1.0", "2 constraints:recall >= 0.5 Infinity",
      ])
    let read = try OptunaFile.read(folder["b.db"])
    #expect(try await store.specification(of: id) == read.specification)
    #expect(read.notes.isEmpty)
  }

  /// A file that Optuna went on with after it was exported.
  @Test func whatOptunaDidSinceIsRead() async throws {
    let space = try SearchSpace([
      ParameterDeclaration("x", .float(NumericRange(0, 1))),
      ParameterDeclaration("o", .ordinal(["s", "m"])),
      ParameterDeclaration("m", .int(1, 3), if: "x > 0.5"),
    ])
    let store = try SQLiteStore(folder["a.db"], .create)
    let id = try await store.create(
      StudySpecification(
        name: "s", space: space, objectives: [.minimize("loss")],
        method: MethodDescription("tpe"), seed: 1, epochs: 2))
    for _ in 0..<2 {
      _ = try await store.add(
        .enqueued(space.assignment(["x": 0.25, "o": "s"]), through: 2), asTrial: nil, to: id,
        claimedBy: nil)
    }
    try await OptunaFile.write(id, of: store, to: folder["b.db"])
    let queue = try DatabaseQueue(path: folder["b.db"])
    try await queue.write { db in
      try db.execute(
        sql: """
          UPDATE trials SET state = 'COMPLETE', datetime_start = '2026-01-02 03:04:05',
            datetime_complete = '2026-01-02 03:04:06' WHERE trial_id = 2;
          INSERT INTO trial_values VALUES (1, 2, 0, 0.125, 'FINITE');
          """)
      for (name, value, distribution) in [
        ("x", 1.5, OptunaFixture.float(0, 2)), ("o", 1, OptunaFixture.choices(#"["s", "m"]"#)),
        ("new one", 3, OptunaFixture.int(1, 4)),
      ] {
        try db.execute(
          sql: """
            INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json)
            VALUES (2, ?, ?, ?)
            """, arguments: [name, value, distribution])
      }
    }
    let read = try OptunaFile.read(folder["b.db"])
    #expect(
      read.specification.space.parameters.map { "\($0)" } == [
        "x=float(0.0, 2.0)", "o=ordinal(s, m)", "m=int(1, 3) if x > 0.5", "new_one=int(1, 4)",
      ])
    #expect(
      read.notes.prefix(2) == [
        "parameter `x` has not the same range in all trials, or values outside of it: the search goes on with float(0.0, 2.0)",
        "parameter `new one` is called `new_one` here",
      ])
    let (trials, rows) = try await folder.through(read)
    #expect(trials.map(\.state) == [.waiting, .complete])
    #expect(trials[1].values == [0.125])
    #expect(trials[1].assignment.description == "x=1.5 o=m new_one=3")
    #expect(
      try rows("SELECT param_name FROM trial_params ORDER BY param_id") == ["x", "o", "new one"])
  }
}

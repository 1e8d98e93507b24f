import GRDB
import OuterloopStudy
import OuterloopText
import Testing

@testable import OuterloopStore

/// Ranges and values of Optuna's that are not the same everywhere, or that nobody can take.
@Suite struct OptunaRangeTests {
  private let folder = Folder()
  private let fixture: OptunaFixture

  init() throws { fixture = try OptunaFixture(folder["optuna.db"]) }

  @Test(
    arguments: [
      (
        OptunaFixture.int(0, 10, step: 4), 4, OptunaFixture.int(2, 20, step: 6), 14,
        "int(0, 20, step 2)"
      ),
      (
        OptunaFixture.int(1, 5, log: true), 1, OptunaFixture.int(1, 9, log: true), 9,
        "int(1, 9, log)"
      ),
      (OptunaFixture.int(1, 5, log: true), 1, OptunaFixture.int(1, 9), 9, "int(1, 9)"),
      (
        OptunaFixture.float(0, 1, step: 0.25), 0.75, OptunaFixture.float(0.5, 2, step: 0.25), 2,
        "float(0.0, 2.0, step 0.25)"
      ),
      (
        OptunaFixture.float(0, 1, step: 0.25), 0.75, OptunaFixture.float(0.1, 2, step: 0.25), 0.35,
        "float(0.0, 2.0)"
      ),
      (
        OptunaFixture.float(0.1, 1, log: true), 1, OptunaFixture.float(0, 1), 0, "float(0.0, 1.0)"
      ),
      (OptunaFixture.int(0, 3), 3, OptunaFixture.float(0, 1), 0.5, "float(0.0, 3.0)"),
      (
        OptunaFixture.choices(#"["a", null]"#), 1, OptunaFixture.choices(#"[null, "b", "None"]"#),
        2, "choice(a, None_2, b, None)"
      ),
    ] as [(String, Double, String, Double, String)])
  func rangesThatDiffer(
    _ first: String, _ a: Double, _ second: String, _ b: Double, _ domain: String
  ) async throws {
    try fixture.trial([("x", a, first), ("y", 1, OptunaFixture.int(1, 2))])
    try fixture.trial([("x", b, second)])
    let read = try OptunaFile.read(fixture.path)
    let found = try #require(read.specification.space.parameters.first?.domain)
    #expect("\(found)" == domain)
    #expect(
      read.notes.contains(
        "parameter `x` has not the same range in all trials, or values outside of it: the search goes on with \(domain)"
      ))
    #expect(read.notes.contains { $0.hasPrefix("y: not in every complete trial") })
    let (trials, _) = try await folder.through(read)
    for trial in trials {
      let value = try #require(trial.assignment["x"])
      #expect(found.canonical(value) == value)
    }
    #expect(trials[1].assignment["y"] == nil)
  }

  /// Someone may enqueue what is outside of the range.
  @Test func valuesOutside() async throws {
    try fixture.trial([
      ("x", -2, OptunaFixture.float(0.5, 1, log: true)),
      ("n", 99, OptunaFixture.int(1, 10, step: 3)),
      ("s", 0.3, OptunaFixture.float(0.1, 0.2, step: 0.1)),
      ("k", 5, OptunaFixture.int(1, 9, step: 3)),
    ])
    try fixture.trial([], "WAITING", system: ["fixed_params": #"{"n": -2, "s": 0.45}"#])
    let read = try OptunaFile.read(fixture.path)
    #expect(
      read.specification.space.parameters.map { "\($0)" } == [
        "x=float(-2.0, 1.0)", "n=int(-2, 99)", "s=float(0.1, 0.45)", "k=int(1, 7, step 3)",
      ])
    let (trials, _) = try await folder.through(read)
    #expect(trials.map(\.assignment.description) == ["x=-2.0 n=99 s=0.3 k=5", "n=-2 s=0.45"])
  }

  @Test func refusals() throws {
    func refusal() -> String {
      let error = #expect(throws: StudyError.self) { try OptunaFile.read(fixture.path) }
      return error?.description ?? ""
    }
    #expect(refusal().contains("has no trial with a parameter yet"))
    try fixture.trial([("big one", 1, OptunaFixture.int(0, 1 << 60))])
    #expect(
      refusal().hasSuffix(
        "parameter `big one`: integers beyond 2^53 are not exact; use a smaller range, or a scale factor"
      ))
    try fixture.run("UPDATE trial_params SET distribution_json = '{\"name\": \"Uniform\"}'")
    #expect(refusal().contains("parameter `big one` has a distribution that is not known"))
    try fixture.run(
      "UPDATE trial_params SET distribution_json = ?", [OptunaFixture.float(0, 1)])
    try fixture.trial([("big one", 0, OptunaFixture.choices(#"["a"]"#))])
    #expect(refusal().contains("is a number in some trials and a choice in others"))
    try fixture.run("ALTER TABLE trial_values DROP COLUMN value_type")
    #expect(refusal().contains("optuna storage upgrade"))
  }
}

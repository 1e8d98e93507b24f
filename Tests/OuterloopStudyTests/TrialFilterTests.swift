import OuterloopStudy
import OuterloopText
import Testing

/// Statements about trials, and orders of them.
@Suite struct TrialFilterTests {
  private let specification: StudySpecification
  private let trials: [Trial]

  init() throws {
    let space = try SearchSpace([
      ParameterDeclaration("lr", .float(NumericRange(0, 1))),
      ParameterDeclaration("act", .categorical(["relu", "tanh"])),
      ParameterDeclaration("size", .ordinal(["small", "medium", "large"])),
      ParameterDeclaration("m", .int(1, 5), if: "lr > 0.5"),
      ParameterDeclaration("both", .float(NumericRange(0, 9))),
    ])
    specification = try StudySpecification(
      name: "s", space: space, objectives: [.minimize("loss"), .maximize("acc")],
      method: MethodDescription("random"), seed: 0)
    var history = History()
    func happen(_ trial: Int, _ time: Double, _ kind: Event.Kind) {
      history.apply(Event(revision: history.revision + 1, time: time, trial: trial, kind))
    }
    func begin(_ number: Int, _ values: [String: ParameterValue]) throws {
      let all = values.merging(["both": .float(Double(number))]) { $1 }
      happen(number, 0, .suggested(try space.assignment(all), through: 1, seen: 0))
      happen(number, 10, .claimed(attempt: 1, worker: "w"))
    }
    try begin(0, ["lr": 0.25, "act": "relu", "size": "large"])
    happen(
      0, 12, .reported(attempt: 1, Report(["loss": 9, "val loss": 1, "both": 40, "acc": .nan])))
    happen(0, 12, .finished(attempt: 1, .complete([0.5, 3])))
    try begin(1, ["lr": 0.75, "act": "tanh", "size": "small", "m": 3])
    happen(1, 11, .finished(attempt: 1, .failed(.timeout, message: nil)))
    try begin(2, ["lr": 0.5, "act": "relu", "size": "medium"])
    happen(2, 11, .reported(attempt: 1, Report(["loss": 0.05, "acc": .nan])))
    try begin(3, ["lr": 0.9, "act": "relu", "size": "large", "m": 1])
    happen(3, 40, .finished(attempt: 1, .complete([0.25, .infinity])))
    trials = history.trials
  }

  private var columns: TrialColumns {
    TrialColumns(specification, metrics: ["acc", "both", "loss", "val loss"])
  }

  @Test(arguments: [
    ("loss < 0.1", [2]), ("loss < 0.1 or acc > 2", [0, 2, 3]), ("lr > 0.6", [1, 3]),
    ("lr > 0.6 and state == failed", [1]), ("state in [complete, failed]", [0, 1, 3]),
    ("state == stale", [2]), ("state == running", []), ("reason == timeout", [1]),
    ("act != relu", [1]), ("m >= 1", [1, 3]), ("not (m >= 2)", [3]), ("number >= 2", [2, 3]),
    ("trial == 1", [1]), ("seconds > 5", [3]), ("time <= 1", [1]), ("attempts == 1", [0, 1, 2, 3]),
    ("epoch == 1", [0, 2]), ("both == 1", [1]), ("param.both > 1", [2, 3]),
    ("value.both > 1", [0]), ("`val loss` == 1", [0]), ("loss + lr < 0.8", [0, 2]),
    // NaN is nothing.
    ("acc < 1e300", [0]), ("not (acc > 0)", []),
  ])
  func admits(_ statement: String, _ numbers: [Int]) throws {
    let filter = try TrialFilter(statement, over: columns)
    #expect(trials.filter { filter.admits($0, isStale: $0.number == 2) }.map(\.number) == numbers)
  }

  @Test(arguments: [
    ("los < 1", "there is no column `los`", "did you mean `loss`?"),
    ("state == faild", "`state` is never `faild`", "choice(waiting"),
    ("act < 3", "`act` is not a number", "use `==`"),
    ("loss", "`loss` alone is not a condition", ""),
    ("1 < 2", "mentions no column", "the columns are"), ("loss <", "ends too early", ""),
  ])
  func refuses(_ statement: String, _ what: String, _ remedy: String) throws {
    let error = #expect(throws: SpaceError.self) { try TrialFilter(statement, over: columns) }
    #expect(error?.what.contains(what) == true, "\(error?.description ?? "")")
    #expect(error?.remedy.contains(remedy) == true, "\(error?.description ?? "")")
  }

  /// Trials without a value stand last, also the other way round.
  @Test(arguments: [
    ("loss", [2, 3, 0, 1], [0, 3, 2, 1]), ("acc", [0, 3, 1, 2], [3, 0, 1, 2]),
    ("number", [0, 1, 2, 3], [3, 2, 1, 0]), ("m", [3, 1, 0, 2], [1, 3, 0, 2]),
    ("size", [1, 2, 0, 3], [0, 3, 2, 1]), ("act", [0, 2, 3, 1], [1, 0, 2, 3]),
    ("seconds", [1, 0, 3, 2], [3, 0, 1, 2]), ("state", [0, 3, 1, 2], [2, 1, 0, 3]),
  ])
  func sorts(_ column: String, _ ascending: [Int], _ descending: [Int]) throws {
    let column = try columns.column(named: column)
    #expect(column.sorted(trials).map(\.number) == ascending)
    #expect(column.sorted(trials, isReversed: true).map(\.number) == descending)
  }

  @Test func unknownColumns() {
    let error = #expect(throws: StudyError.self) { try columns.column(named: "losss") }
    #expect(error?.description == "trials have no column `losss`; did you mean `loss`?")
  }
}

import OuterloopText
import Testing

@testable import OuterloopLab

/// How experiments are written down.
@Suite struct ExperimentReportTests {
  static let table = ExperimentReport.Table(
    "Errors", columns: ["error", "updates"],
    rows: [.init("one-step", [0.123456, 900]), .init("none", [nil, 0])])

  @Test func textIsAligned() {
    #expect(
      Self.table.text == """
        Errors
                   error  updates
        one-step  0.1235      900
        none           -        0
        """)
  }

  @Test func markdown() {
    #expect(
      Self.table.markdown == """
        | | error | updates |
        |---|--:|--:|
        | one-step | 0.1235 | 900 |
        | none | - | 0 |
        """)
  }

  @Test(arguments: [
    (0.0, "0"), (1, "1"), (-3, "-3"), (0.32709, "0.3271"), (12.3456, "12.35"), (123.456, "123.5"),
    (9.99996, "10.00"), (1234.56, "1235"), (123456.7, "123457"), (1.2346e-7, "1.235e-07"),
    (-0.00012346, "-0.0001235"), (2.5e12, "2.500e+12"), (.infinity, "inf"), (0.99999, "1.000"),
  ])
  func shortNumbers(_ value: Double, _ text: String) {
    #expect(NumberText.short(value) == text)
  }

  @Test func repetitions() {
    let spread = Repetitions(values: [1, 2, 3])
    #expect(spread.mean == 2)
    #expect(abs(spread.interval - 1.96 / 3.0.squareRoot()) < 1e-12)
    #expect(Repetitions(values: [5]).interval == 0)
  }

  /// The exact estimators have no error, whatever the length of training.
  @Test func estimatorsOnOneProblem() throws {
    var experiment = EstimatorsExperiment()
    experiment.steps = [6]
    experiment.repeats = 1
    experiment.train = 40
    experiment.validation = 40
    let report = try experiment.run(ExperimentContext())
    let rows = report.tables[0].rows
    func error(_ name: String) -> Double? {
      rows.first { $0.label.hasPrefix(name) }.flatMap { $0.values[2] }
    }
    for name in ["reverse", "reverse within", "forward"] {
      #expect(try #require(error(name)) < 1e-12, "\(name)")
    }
    #expect(try #require(error("reversible")) < 1e-9)
    #expect(try #require(error("oneStep")) > 0.05)
    #expect(rows.first { $0.label == "firstOrder" }?.values[0] == nil)
    #expect(report.notes.contains { $0.hasPrefix("firstOrder refuses") })
  }

  /// An estimator that diverges is a row of dashes with its reason in a note; so is the whole table
  /// but for costs where training itself diverges.
  @Test(arguments: [1e200]) func estimatorsThatDiverge(rate: Double) throws {
    var experiment = EstimatorsExperiment()
    experiment.steps = [6]
    experiment.repeats = 1
    experiment.train = 40
    experiment.validation = 40
    experiment.rate = rate
    let report = try experiment.run(ExperimentContext())
    let rows = report.tables[0].rows
    #expect(rows.count == experiment.estimators(steps: 6).count)
    let neumann = try #require(rows.first { $0.label.hasPrefix("implicit(neumann") })
    #expect(neumann.values.allSatisfy { $0 == nil })
    #expect(report.notes.contains { $0.hasPrefix("implicit(neumann") && $0.contains("no answer") })
    let exact = try #require(rows.first { $0.label == "forward" })
    #expect((exact.values[2] == nil) == (rate == 1e200))
    for row in rows where row.values.allSatisfy({ $0 == nil }) {
      #expect(report.notes.contains { $0.hasPrefix(row.label) }, "\(row.label)")
    }
  }
}

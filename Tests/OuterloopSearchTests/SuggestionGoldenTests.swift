import OuterloopSearch
import OuterloopStudy
import OuterloopTesting
import OuterloopText
import Testing

/// Suggestions in spaces without constraints, recorded from the command (`tune` with seed 5 and the loss
/// below): studies that are stored go on as they began.
@Suite struct SuggestionGoldenTests {
  struct Row: Decodable, Sendable, CustomTestStringConvertible {
    var space: String
    var params: [String]
    var sampler: String
    var objectives: [String]
    var trials: [[String: ParameterValue]]

    var testDescription: String { "\(sampler) on \(space), \(objectives)" }
  }

  static let rows: [Row] = {
    do { return try Golden.load("suggestions") } catch { preconditionFailure("\(error)") }
  }()

  /// From plain arithmetic on the values by name, which is the same everywhere.
  private func losses(_ assignment: Assignment) -> (a: Double, b: Double) {
    var (a, b) = (0.0, 0.0)
    for (_, value) in assignment.active.sorted(by: { $0.name < $1.name }) {
      let term =
        switch value {
        case .bool(let truth): truth ? 0.5 : 0.25
        case .text(let text): 0.125 * Double(text.count)
        case .int, .float:
          (value.number ?? .nan) / (1 + abs(value.number ?? .nan))
        }
      a += term * term
      b += (term - 1) * (term - 1)
    }
    return (a, b)
  }

  @Test(arguments: rows)
  func theSameAsEver(row: Row) throws {
    let method = try SearchMethod.named(
      MethodDescription(ComponentDescription(parsing: row.sampler)))
    var study = try SearchSimulation(
      SearchSpace(parsing: row.params), row.objectives.map(Objective.minimize), by: method, seed: 5)
    try study.run(row.trials.count) { trial in
      let (a, b) = losses(trial.assignment)
      return .complete(row.objectives.count == 1 ? [a] : [a, b])
    }
    #expect(study.trials.count == row.trials.count)
    for (trial, expected) in zip(study.trials, row.trials) {
      #expect(trial.assignment.active.count == expected.count)
      for (name, value) in trial.assignment.active {
        let other = try #require(expected[name])
        // Logarithms and exponentials differ in the last bits from machine to machine.
        let isEqual =
          if let x = value.number, let y = other.number { abs(x - y) <= 1e-9 * abs(y) } else {
            value == other
          }
        #expect(isEqual, "trial \(trial.number), \(name): \(value), not \(other)")
      }
    }
  }
}

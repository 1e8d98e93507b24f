internal import OuterloopStudy

/// How much a parameter matters for a result.
public struct ParameterImportance: Sendable, Hashable {
  /// The parameter's name.
  public let name: String
  /// Its share, 0 to 1; those of all parameters sum to 1, unless all are 0.
  public let share: Double
  /// Before they were made to sum to 1: of fANOVA the share of the whole variance that is this parameter's
  /// alone, of PED-ANOVA a divergence of densities, which means nothing by itself.
  public let value: Double
  /// Where `value` may lie, from the spread over resampled trials; nil if that was not asked for.
  public let interval: ClosedRange<Double>?

  /// Shares from values, the largest first; of equal ones as in the space.
  static func shares(
    _ names: [String], _ values: [Double], _ intervals: [ClosedRange<Double>]? = nil
  ) -> [ParameterImportance] {
    let sum = values.reduce(0, +)
    return names.indices.sorted { (values[$1], $0) < (values[$0], $1) }.map { place in
      ParameterImportance(
        name: names[place], share: sum > 0 ? values[place] / sum : 0, value: values[place],
        interval: intervals?[place])
    }
  }
}

/// The complete trials that importance is about, with their losses.
struct RatedTrials {
  var assignments: [Assignment] = []
  /// A row for each trial, one column for each objective asked for; all finite.
  var losses: [[Double]] = []

  /// - Parameter objective: its place; nil: all.
  /// - Throws: `StudyError` if there is no such objective.
  init(_ trials: [Trial], _ specification: StudySpecification, objective: Int?) throws {
    let objectives = specification.objectives
    if let objective, !objectives.indices.contains(objective) {
      throw StudyError(
        "there is no objective \(objective) among \(objectives.count)",
        "objectives are counted from 0")
    }
    for trial in trials where trial.state == .complete {
      guard trial.assignment.values.count == specification.space.parameters.count,
        let values = trial.values, values.count == objectives.count
      else { continue }
      let all = zip(objectives, values).map { $0.loss($1) }
      let losses = objective.map { [all[$0]] } ?? all
      guard losses.allSatisfy(\.isFinite) else { continue }
      self.assignments.append(trial.assignment)
      self.losses.append(losses)
    }
  }
}

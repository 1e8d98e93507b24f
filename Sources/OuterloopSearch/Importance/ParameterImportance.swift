internal import OuterloopStudy

/// How much a parameter matters for a result.
public struct ParameterImportance: Sendable, Hashable {
  /// The parameter's name.
  public let name: String
  /// The normalised importance, 0 to 1; those of all parameters sum to 1, unless all are 0.
  public let share: Double
  /// Before normalisation: for fANOVA the fraction of the total variance due to this parameter alone, for
  /// PED-ANOVA a divergence of densities, which has no meaning by itself.
  public let value: Double
  /// The interval of `value` over resampled trials; nil if not requested.
  public let interval: ClosedRange<Double>?

  /// Normalised values, largest first; ties in the order of the space.
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

/// The complete trials for importance, with their losses.
struct RatedTrials {
  var assignments: [Assignment] = []
  /// A row for each trial, a column for each requested objective; all finite.
  var losses: [[Double]] = []

  /// - Parameter objective: its index; nil: all.
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

public import OuterloopStudy
internal import OuterloopText

/// Ends a study when a feasible trial has reached a value of the only objective. A study that was reopened
/// afterwards is not stopped again.
///
/// - Complexity: O(1) for each trial.
public struct TargetRule: StopRule {
  private let specification: StudySpecification
  private let objective: Objective
  private let value: Double
  private var reached: (trial: Int, value: Double)?
  private var isOver = false

  /// - Throws: `StudyError` for several objectives, and a non-finite target.
  public init(_ specification: StudySpecification, _ options: TargetOptions) throws {
    guard specification.objectives.count == 1 else {
      throw StudyError(
        "a target is a value of one objective, and there are \(specification.objectives.count)",
        "use the rule plateau")
    }
    try options.check()
    self.specification = specification
    objective = specification.objectives[0]
    value = options.value
  }

  public mutating func observe(_ event: Event, in history: History) {
    switch event.kind {
    case .reopened: isOver = true
    case .finished(_, .complete(let values), _):
      guard reached == nil, values.count == 1, objective.loss(values[0]) <= objective.loss(value),
        specification.isFeasible(history.trials[event.trial])
      else { return }
      reached = (event.trial, values[0])
    default: break
    }
  }

  public mutating func reason(in history: History) -> String? {
    guard !isOver, let reached else { return nil }
    return "trial \(reached.trial) reached the target: `\(objective.metric)` is "
      + NumberText.short(reached.value)
  }
}

/// The options of the target rule.
public struct TargetOptions: Sendable, Hashable {
  /// A value of the objective, in its units.
  public var value = 0.0

  public init() {}

  /// The value that ends the study.
  public init(value: Double) { self.value = value }
}

extension TargetOptions: MethodOptions {
  static let owner = "target"

  static let declarations: [MethodOption<Self>] = [
    .number("value", \.value, -1e300...1e300, "the value of the objective to reach")
  ]
}

extension StopRuleKind {
  static let target = StopRuleKind(
    TargetOptions.self, "when a trial has reached a value of the only objective"
  ) { .target($0) }
}

extension StopRuleMethod {
  /// Ends a study when a trial has reached a value of the only objective.
  public static func target(_ options: TargetOptions) -> StopRuleMethod {
    StopRuleMethod(options.description) { try TargetRule($0, options) }
  }
}

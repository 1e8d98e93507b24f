public import OuterloopStudy

/// Ends a study when a number of trials in a row brought no improvement: no smaller loss, or with several
/// objectives no new non-dominated trial. Infeasible trials and failures are not improvements.
///
/// - Complexity: O(1) for each trial, O(size of the front) with several objectives.
public struct PlateauRule: StopRule {
  private let specification: StudySpecification
  private let options: PlateauOptions
  /// The losses of the non-dominated trials.
  private var front: [[Double]] = []
  private var ended: Set<Int> = []
  /// Trials that have ended since the last improvement.
  private var count = 0

  /// - Throws: `StudyError` for options out of range.
  public init(
    _ specification: StudySpecification, _ options: PlateauOptions = PlateauOptions()
  ) throws {
    try options.check()
    self.specification = specification
    self.options = options
  }

  public mutating func observe(_ event: Event, in history: History) {
    switch event.kind {
    case .reopened: count = 0
    case .finished:
      let trial = history.trials[event.trial]
      guard trial.state.isFinished, trial.state.reason?.isCausedByConfiguration ?? true,
        ended.insert(trial.number).inserted
      else { return }
      count = isBetter(trial) ? 0 : count + 1
    default: break
    }
  }

  private mutating func isBetter(_ trial: Trial) -> Bool {
    guard trial.state == .complete, let values = trial.values, specification.isFeasible(trial),
      values.count == specification.objectives.count
    else { return false }
    let losses = zip(specification.objectives, values).map { $0.loss($1) }
    guard losses.allSatisfy({ $0 < .infinity }) else { return false }
    let isBetter = front.allSatisfy { known in
      zip(losses, known).contains { $0 < $1 - options.improvement }
    }
    // A smaller step becomes the new reference only if it is not dominated.
    if front.allSatisfy({ known in zip(losses, known).contains { $0 < $1 } }) {
      front.removeAll { known in zip(losses, known).allSatisfy { $0 <= $1 } }
      front.append(losses)
    }
    return isBetter
  }

  public mutating func reason(in history: History) -> String? {
    guard count >= options.trials else { return nil }
    let metrics = specification.objectives.map { "`\($0.metric)`" }.joined(separator: ", ")
    return "the last \(count) trials did not improve \(metrics)"
  }
}

/// The options of the plateau rule.
public struct PlateauOptions: Sendable, Hashable {
  /// The number of consecutive trials without improvement.
  public var trials = 30
  /// The smallest change that counts as an improvement, in units of the metric.
  public var improvement = 0.0

  public init() {}
}

extension PlateauOptions: MethodOptions {
  static let owner = "plateau"

  static let declarations: [MethodOption<Self>] = [
    .whole("trials", \.trials, 1...1_000_000_000, "trials in a row without improvement"),
    .number(
      "improvement", \.improvement, 0...1e300,
      "the least that counts as an improvement, in units of the metric"),
  ]
}

extension StopRuleKind {
  static let plateau = StopRuleKind(
    PlateauOptions.self, "when a number of trials in a row brought no improvement"
  ) { .plateau($0) }
}

extension StopRuleMethod {
  /// Ends a study when a number of trials in a row brought no improvement.
  public static func plateau(_ options: PlateauOptions = PlateauOptions()) -> StopRuleMethod {
    StopRuleMethod(options.description) { try PlateauRule($0, options) }
  }
}

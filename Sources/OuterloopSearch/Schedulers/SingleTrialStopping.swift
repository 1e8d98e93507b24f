public import OuterloopStudy

/// The options of stopping trials that no longer improve.
public struct PatienceOptions: Sendable, Hashable {
  /// Epochs without improvement after which a trial ends.
  public var epochs = 10
  /// The smallest change that counts as an improvement, in units of the objective.
  public var improvement = 0.0

  public init() {}
}

extension PatienceOptions: MethodOptions {
  /// Parses the options of a description.
  /// - Throws: `StudyError` for an unknown name, and a value of another kind or out of range.
  public init(_ given: [String: ParameterValue]) throws { try self.init(reading: given) }

  static let owner = "patience"
  static let declarations: [MethodOption<Self>] = [
    .whole("epochs", \.epochs, 1...1_000_000_000, "epochs without improvement that end a trial"),
    .number(
      "improvement", \.improvement, 0...1e300,
      "the least that counts as an improvement, in units of the objective"),
  ]
}

/// The options of stopping trials at a bound.
public struct ThresholdOptions: Sendable, Hashable {
  /// A trial is stopped when its loss is larger; of a metric that is maximised, when its value is smaller.
  /// Required.
  public var bound = Double.nan
  /// Epochs after which a trial may be stopped.
  public var warmup = 0

  public init() {}
}

extension ThresholdOptions: MethodOptions {
  /// Parses the options of a description.
  /// - Throws: `StudyError` for an unknown name, and a value of another kind or out of range.
  public init(_ given: [String: ParameterValue]) throws { try self.init(reading: given) }

  static let owner = "threshold"
  static let declarations: [MethodOption<Self>] = [
    .number("bound", \.bound, -1e300...1e300, standard: "none", "a trial that is worse is stopped"),
    .whole("warmup", \.warmup, 0...1_000_000, "epochs after which a trial may be stopped"),
  ]

  func checkTogether(given: Set<String>) throws {
    guard bound.isFinite else {
      throw StudyError("the scheduler threshold has no bound", "give one: threshold:bound=2.5")
    }
  }
}

/// Ends trials on the basis of their own reports.
///
/// - `patience`: a trial whose best value is this many epochs old becomes complete, with its last report: it
///   has not failed. With several objectives, when none of them improves.
/// - `threshold`: a trial whose first objective is worse than a bound, or NaN, is pruned.
///
/// - Complexity: O(epochs) for a report.
struct SingleTrialStopping: EarlyStopping {
  enum Rule: Sendable {
    case patience(PatienceOptions)
    case threshold(ThresholdOptions)
  }

  private let rule: Rule
  private let objectives: [Objective]
  var training: FullTraining

  init(_ specification: StudySpecification, _ rule: Rule) throws {
    switch rule {
    case .patience(let options):
      try options.check()
      try PatienceOptions.requireEpochs(specification)
    case .threshold(let options):
      try options.check()
      try ThresholdOptions.requireEpochs(specification)
    }
    self.rule = rule
    objectives = specification.objectives
    training = FullTraining(epochs: specification.epochs)
  }

  mutating func verdict(on trial: Int, in history: History) -> Verdict {
    let reports = history.trials[trial].reports
    guard let last = reports.last else { return .goOn }
    switch rule {
    case .threshold(let options):
      guard last.epoch > options.warmup, let value = last.values[objectives[0].metric] else {
        return .goOn
      }
      let bound = objectives[0].loss(options.bound)
      return objectives[0].loss(value) <= bound ? .goOn : .prune
    case .patience(let options):
      let newest = objectives.compactMap { improved(reports, $0, options.improvement) }.max()
      return last.epoch - (newest ?? last.epoch) >= options.epochs ? .complete : .goOn
    }
  }

  /// The last epoch that improved on all previous ones; nil: no finite value yet.
  private func improved(
    _ reports: [Report], _ objective: Objective, _ improvement: Double
  ) -> Int? {
    var (best, epoch): (Double, Int?) = (.infinity, nil)
    for report in reports {
      guard let value = report.values[objective.metric], value.isFinite else { continue }
      let loss = objective.loss(value)
      if loss < best - improvement || epoch == nil { (best, epoch) = (loss, report.epoch) }
    }
    return epoch
  }
}

extension SchedulerKind {
  static let patience = SchedulerKind(
    PatienceOptions.self, "a trial that no longer improves ends, with its result"
  ) { .patience($0) }

  static let threshold = SchedulerKind(
    ThresholdOptions.self, "a trial that is worse than a bound is stopped"
  ) { .threshold($0) }
}

extension SchedulerMethod {
  /// Ends trials that no longer improve.
  public static func patience(_ options: PatienceOptions = PatienceOptions()) -> SchedulerMethod {
    SchedulerMethod(options.description) { try SingleTrialStopping($0, .patience(options)) }
  }

  /// Stops trials that are worse than a bound.
  public static func threshold(_ options: ThresholdOptions) -> SchedulerMethod {
    SchedulerMethod(options.description) { try SingleTrialStopping($0, .threshold(options)) }
  }
}

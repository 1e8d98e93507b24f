internal import OuterloopNumerics
public import OuterloopStudy

/// The options of percentile stopping.
public struct PercentileOptions: Sendable, Hashable {
  /// A trial continues while its best value is among this best percentage of the others' values.
  public var percentile = 50.0
  /// Complete trials before the first one may be stopped.
  public var startup = 5
  /// Epochs after which a trial may be stopped.
  public var warmup = 1
  /// The number of values of other trials needed at an epoch.
  public var least = 1

  public init() {}
}

extension PercentileOptions: MethodOptions {
  /// Parses the options of a description.
  /// - Throws: `StudyError` for an unknown name, and a value of another kind or out of range.
  public init(_ given: [String: ParameterValue]) throws { try self.init(reading: given) }

  static let owner = "percentile"

  static let declarations: [MethodOption<Self>] =
    [
      .number(
        "percentile", \.percentile, 0...100,
        "the best share of the others, in percent, that a trial has to be in")
    ]
    + MedianOptions.shared(\.startup, \.warmup, \.least)
}

/// The options of the median rule: those of the percentile rule without the percentile.
struct MedianOptions: MethodOptions {
  var startup = 5
  var warmup = 1
  var least = 1

  static let owner = "median"
  static let declarations: [MethodOption<Self>] = shared(\.startup, \.warmup, \.least)

  static func shared<Options>(
    _ startup: any WritableKeyPath<Options, Int> & Sendable,
    _ warmup: any WritableKeyPath<Options, Int> & Sendable,
    _ least: any WritableKeyPath<Options, Int> & Sendable
  ) -> [MethodOption<Options>] {
    [
      .whole("startup", startup, 1...1_000_000, "complete trials before one may be stopped"),
      .whole("warmup", warmup, 0...1_000_000, "epochs after which a trial may be stopped"),
      .whole("least", least, 1...1_000_000, "values of others that are needed at an epoch"),
    ]
  }

  var asPercentile: PercentileOptions {
    var options = PercentileOptions()
    (options.startup, options.warmup, options.least) = (startup, warmup, least)
    return options
  }
}

/// Stops a trial at an epoch where its best value so far is worse than a percentile of the values that complete
/// trials had at that epoch: with 50 % the median rule (Golovin et al. 2017, Vizier, section 3.2, which compares
/// running averages; as in Optuna 5, the best value is compared with values at the epoch).
///
/// Several objectives: a trial is stopped if it is worse in each of them. Non-finite values are worse than all
/// others.
///
/// - Complexity: O(n) for a report, with n complete trials.
struct PercentileStopping: EarlyStopping {
  private let options: PercentileOptions
  private let objectives: [Objective]
  var training: FullTraining

  /// - Throws: `StudyError` for options out of range and studies without epochs.
  init(_ specification: StudySpecification, _ options: PercentileOptions) throws {
    try options.check()
    try PercentileOptions.requireEpochs(specification)
    self.options = options
    objectives = specification.objectives
    training = FullTraining(epochs: specification.epochs)
  }

  mutating func verdict(on trial: Int, in history: History) -> Verdict {
    let trial = history.trials[trial]
    guard let epoch = trial.reports.last?.epoch, epoch > options.warmup else { return .goOn }
    let others = history.trials.filter { $0.state == .complete }
    guard others.count >= options.startup else { return .goOn }
    let isWorse = objectives.allSatisfy { objective in
      let values = others.compactMap { loss($0.reports.last { $0.epoch <= epoch }, objective) }
      guard values.count >= options.least else { return false }
      let best = trial.reports.compactMap { loss($0, objective) }.min() ?? .infinity
      return best > Self.percentile(options.percentile, of: values)
    }
    return isWorse ? .prune : .goOn
  }

  private func loss(_ report: Report?, _ objective: Objective) -> Double? {
    guard let value = report?.values[objective.metric] else { return nil }
    return value.isFinite ? objective.loss(value) : .infinity
  }

  /// Interpolated between neighbours in order.
  static func percentile(_ percent: Double, of values: [Double]) -> Double {
    let sorted = values.sorted()
    let place = percent / 100 * Double(sorted.count - 1)
    let low = sorted[Int(place)]
    let high = sorted[min(Int(place) + 1, sorted.count - 1)]
    let share = place - place.rounded(.down)
    return share == 0 || low == high ? low : low + (high - low) * share
  }
}

extension SchedulerKind {
  static let median = SchedulerKind(
    MedianOptions.self, "a trial whose best value is worse than half of the others' is stopped"
  ) { options in
    SchedulerMethod(options.description) { try PercentileStopping($0, options.asPercentile) }
  }

  static let percentile = SchedulerKind(
    PercentileOptions.self, "a trial that is not in the best share of the others is stopped"
  ) { .percentile($0) }
}

extension SchedulerMethod {
  /// Stops trials whose best value is worse than the median of the others'.
  public static var median: SchedulerMethod {
    SchedulerMethod(MedianOptions().description) {
      try PercentileStopping($0, PercentileOptions())
    }
  }

  /// Stops trials that are not among the best percentage.
  public static func percentile(_ options: PercentileOptions) -> SchedulerMethod {
    SchedulerMethod(options.description) { try PercentileStopping($0, options) }
  }
}

public import OuterloopStudy

/// The options of stopping by the signed-rank test.
public struct WilcoxonOptions: Sendable, Hashable {
  /// The significance level: a trial is stopped if the p-value is smaller.
  public var threshold = 0.1
  /// Instances in common with the best trial before one may be stopped.
  public var startup = 2

  public init() {}
}

extension WilcoxonOptions: MethodOptions {
  /// Parses the options of a description.
  /// - Throws: `StudyError` for an unknown name, and a value of another kind or out of range.
  public init(_ given: [String: ParameterValue]) throws { try self.init(reading: given) }

  static let owner = StudySpecification.instanceScheduler
  static let declarations: [MethodOption<Self>] = [
    .number(
      "threshold", \.threshold, 0...1,
      "p-value below which a trial is stopped"),
    .whole(
      "startup", \.startup, 2...1_000_000,
      "instances in common with the best trial before one may be stopped"),
  ]
}

/// Stops a trial whose scores on the instances of a problem (folds of a cross-validation, repetitions, data sets)
/// are worse than those of the best trial on the same instances, as soon as Wilcoxon's signed-rank test is
/// significant (the WilcoxonPruner of Optuna). Epochs are the instances' numbers: they need not be in order, and
/// the value of one does not predict that of a later one.
///
/// With x_i and b_i the losses of the trial and of the best complete one on the instances i that both have,
///
///     p = P(W >= observed) of the differences x_i - b_i (`SignedRank`);   stopped if p < threshold
///
/// unless the mean of all x_i is not above the best trial's result: then it may still become the best. Since the
/// test runs after each instance, its false positive rate exceeds the threshold, about twofold.
///
/// A trial's result is its last report, the mean over its instances; so the last report of a complete trial is not
/// an instance. A non-finite value is worse than all numbers, and tied with other non-finite ones.
///
/// Several objectives: a trial is stopped if it is worse in each of them, compared with the best of that objective.
///
/// Differences from Optuna: ties are computed exactly (there up to 13 instances); non-finite values do not
/// keep a trial from being stopped.
///
/// - Complexity: O(m^3) for m instances up to 100, O(m log m) beyond, and O(n) for n trials, for a report.
struct WilcoxonStopping: EarlyStopping {
  private let options: WilcoxonOptions
  private let specification: StudySpecification
  var training: FullTraining

  /// - Throws: `StudyError` for options out of range and studies without epochs.
  init(_ specification: StudySpecification, _ options: WilcoxonOptions) throws {
    try options.check()
    try WilcoxonOptions.requireEpochs(specification)
    self.options = options
    self.specification = specification
    training = FullTraining(epochs: specification.epochs)
  }

  mutating func verdict(on trial: Int, in history: History) -> Verdict {
    let reports = history.trials[trial].reports
    let isWorse = specification.objectives.enumerated().allSatisfy { place, objective in
      guard
        let best = history.best(for: objective, at: place, where: specification.isFeasible),
        let result = best.values?[place]
      else { return false }
      let scores = scores(reports, objective)
      let instances = best.reports.filter { $0.epoch != best.lastReport?.epoch }
      let differences = self.scores(instances, objective).compactMap { epoch, loss in
        scores[epoch].map { $0 == loss ? 0 : $0 - loss }
      }
      guard differences.count >= options.startup else { return false }
      let mean = scores.values.reduce(0, +) / Double(scores.count)
      guard mean > objective.loss(result) else { return false }
      return SignedRank.probability(ofLarger: differences) < options.threshold
    }
    return isWorse ? .prune : .goOn
  }

  /// The loss on each instance; infinite where it is not finite.
  private func scores(_ reports: [Report], _ objective: Objective) -> [Int: Double] {
    reports.reduce(into: [:]) { scores, report in
      guard let value = report.values[objective.metric] else { return }
      scores[report.epoch] = value.isFinite ? objective.loss(value) : .infinity
    }
  }
}

extension SchedulerKind {
  static let wilcoxon = SchedulerKind(
    WilcoxonOptions.self,
    "for folds and repetitions: a trial whose scores are worse than the best one's is stopped"
  ) { .wilcoxon($0) }
}

extension SchedulerMethod {
  /// Stops trials by the signed-rank test on instances.
  public static func wilcoxon(_ options: WilcoxonOptions = WilcoxonOptions()) -> SchedulerMethod {
    SchedulerMethod(options.description) { try WilcoxonStopping($0, options) }
  }
}

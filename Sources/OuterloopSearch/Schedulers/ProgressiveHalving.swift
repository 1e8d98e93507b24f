public import OuterloopStudy

/// The options of progressive asynchronous successive halving.
public struct ProgressiveHalvingOptions: Sendable, Hashable {
  /// The reduction factor: one in this many trials of a rung is promoted.
  public var factor = 3
  /// The smallest number of epochs of the first rung.
  public var least = 1

  public init() {}
}

extension ProgressiveHalvingOptions: RungOptions {
  /// Parses the options of a description.
  /// - Throws: `StudyError` for an unknown name, and a value of another kind or out of range.
  public init(_ given: [String: ParameterValue]) throws { try self.init(reading: given) }

  static let owner = "pasha"
  static let declarations: [MethodOption<Self>] = rungDeclarations
}

/// Progressive asynchronous successive halving (Bohdal et al. 2023, PASHA): like ASHA, but no trial is promoted
/// beyond the current top rung, which starts as the second one and rises by one when the ranking of trials there
/// disagrees with their ranking one rung below.
///
/// Let the trials on the top rung be ordered by their losses there, giving the trials t_1, t_2, ..., and by their
/// losses one rung below, giving the losses y_1 <= y_2 <= .... The rankings agree if for all i
///
///     |y(t_i) - y_i| <= eps,
///
/// y(t) being the loss of t one rung below: the trial at rank i could have had that rank but for noise. eps is
/// that of `RankingNoise`, over the epochs after the rung below up to the top rung. Both are evaluated after each
/// report; the top rung rises by one at a time.
///
/// When no new trial may start and nothing is left to promote, the best trial of the highest rung is trained to
/// the end if no trial has been, as in ASHA.
///
/// Differences from the authors' code: ties on the top rung are ordered as on the rung below, so that they never
/// disagree with it; failures, non-finite losses and infeasible trials come last; with several objectives each has
/// its own ranking and eps, and a single disagreement is enough.
///
/// - Complexity: in addition to ASHA's and that of `RankingNoise`, O(n log n) for n trials on the top rung
///   when one arrives there or eps changes. O(reports) memory.
struct ProgressiveHalving: Scheduler {
  /// The current top rung is its highest one.
  private(set) var halving: AsynchronousHalving
  private let objectives: [Objective]
  /// By objective.
  private(set) var noise: [RankingNoise]

  /// - Throws: `StudyError` for options out of range and studies without epochs.
  init(_ specification: StudySpecification, _ options: ProgressiveHalvingOptions) throws {
    halving = AsynchronousHalving(
      specification, epochs: try options.brackets(specification)[0].epochs, factor: options.factor)
    objectives = specification.objectives
    halving.top = min(1, halving.epochs.count - 1)
    let (low, high) = Self.window(of: halving)
    noise = objectives.map { _ in RankingNoise(low: low, high: high) }
  }

  /// The epochs of the rung below the top one and of the top one.
  private static func window(of halving: AsynchronousHalving) -> (low: Int, high: Int) {
    let top = halving.top
    return (top > 0 ? halving.epochs[top - 1] : 0, halving.epochs[top])
  }

  mutating func observe(_ event: Event, in history: History) {
    let arrived = halving.results.results[halving.top].count
    halving.observe(event, in: history)
    guard halving.top > 0, halving.top < halving.epochs.count - 1 else { return }
    var isChanged = halving.results.results[halving.top].count != arrived
    switch event.kind {
    case .reported(_, let report), .extended(_, let report):
      let values = history.trials[event.trial].reports.last { $0.epoch == report.epoch }?.values
      for (place, objective) in objectives.enumerated() {
        guard let value = values?[objective.metric] else { continue }
        let before = noise[place].epsilon
        noise[place].observe(objective.loss(value), of: event.trial, at: report.epoch)
        if noise[place].epsilon != before { isChanged = true }
      }
    default: break
    }
    guard isChanged, !rankingsAgree else { return }
    halving.top += 1
    let (low, high) = Self.window(of: halving)
    for place in noise.indices { noise[place].move(low: low, high: high) }
  }

  private var rankingsAgree: Bool {
    let (above, below) = (
      halving.results.results[halving.top], halving.results.results[halving.top - 1]
    )
    let trials = above.keys.sorted()
    return objectives.indices.allSatisfy { place in
      func loss(_ trial: Int, _ rung: [Int: RungResults.Result]) -> Double {
        guard let result = rung[trial], result.values != nil, result.violation == 0 else {
          return .infinity
        }
        return result.losses[place]
      }
      let ranking = Ranking(trials.map { (loss($0, above), loss($0, below)) })
      return ranking.agrees(within: noise[place].epsilon)
    }
  }

  mutating func propose(
    _ number: Int?, in history: History, suggest: (Int) throws -> Assignment?
  ) throws -> Proposal {
    try halving.propose(number, in: history, suggest: suggest)
  }

  mutating func verdict(on trial: Int, in history: History) -> Verdict { .goOn }
}

/// Losses of trials on a rung and on the one below, in the order of the upper one.
struct Ranking {
  private let below: [Double]

  /// - Parameter losses: of each trial, above and below.
  init(_ losses: [(above: Double, below: Double)]) {
    below = losses.sorted { $0 < $1 }.map(\.below)
  }

  /// Whether the rankings above and below agree up to noise.
  func agrees(within epsilon: Double) -> Bool {
    zip(below, below.sorted()).allSatisfy { $0 == $1 || abs($0 - $1) <= epsilon }
  }
}

extension SchedulerKind {
  static let pasha = SchedulerKind(
    ProgressiveHalvingOptions.self,
    "asha that adds a rung only when the top two rank trials differently"
  ) { .pasha($0) }
}

extension SchedulerMethod {
  /// Progressive asynchronous successive halving.
  public static func pasha(
    _ options: ProgressiveHalvingOptions = ProgressiveHalvingOptions()
  ) -> SchedulerMethod {
    SchedulerMethod(options.description) {
      try ProgressiveHalving($0, options)
    } adapting: {
      $0.learning { try options.brackets($0)[0].epochs }
    }
  }
}

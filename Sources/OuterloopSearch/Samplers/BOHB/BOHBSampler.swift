public import OuterloopStudy

/// The densities of BOHB (Falkner, Klein and Hutter 2018, section 3.2 and Algorithm 2), a sampler for schedulers
/// with rungs: together with `hyperband` it is BOHB.
///
/// D are the n results at the largest budget that has at least 2 (d + 1) of them, d being the number of parameters:
///
///     l: the best n_l = max(d + 1, 15% n) of them,   g: the other ones, d + 1 or more,
///
/// each a `KernelDensity`. Of 64 candidates around points of l, with three times its bandwidths, the one with the
/// smallest g(x)/l(x) is proposed, which is the one with the largest expected improvement under that model; a
/// third of the proposals, and all until D exists, are uniformly random. A configuration that crashed has loss
/// +infinity.
///
/// Under a scheduler with rungs the budgets are the rungs (`OneRungSampler`), and trials that have not reached the
/// rung are ignored; where trials are trained to the end there is one budget. So trials that are stopped early by
/// a scheduler without rungs are ignored.
///
/// The paper starts with d + 3 results, of which the worst d + 1 are g: while there are few, both densities are fitted
/// to the same trials. This is the rule of the authors' code (HpBandSter), which drops the worst one where both 15%
/// and 85% are rounded down. Further differences from it: g/l is computed in logarithms, without bounds at 1e-32;
/// candidates are scored at the proposed values, not between grid values; forbidden configurations and duplicates are
/// skipped; a crash at a lower budget counts at every higher one; ordinals are supported. For conditional parameters
/// and choices see `KernelDensity`.
///
/// - Complexity: a proposal is O(c n d) for c candidates, and O(n log n) after a result. O(n d) memory.
public struct BOHBSampler: Sampler {
  private struct Model {
    let good: KernelDensity
    let bad: KernelDensity
  }

  private let specification: StudySpecification
  private let options: BOHBOptions
  private let layout: CoordinateLayout
  private var tried: TriedConfigurations
  private var ranks: [Int: TrialRank] = [:]
  private var model: Model?
  private var isStale = false

  /// - Throws: `StudyError` for options out of range and for several objectives.
  public init(_ specification: StudySpecification, _ options: BOHBOptions = BOHBOptions()) throws {
    try options.check()
    try specification.requireOneObjective(for: BOHBOptions.owner)
    self.specification = specification
    self.options = options
    layout = CoordinateLayout(specification.space, pairsAreChoices: false)
    tried = TriedConfigurations(specification.space)
  }

  /// Parameters with more than one value.
  private var dimension: Int { layout.grids.count + layout.choiceCounts.count }

  public mutating func observe(_ event: Event, in history: History) {
    tried.observe(event)
    switch event.kind {
    case .finished:
      let trial = history.trials[event.trial]
      ranks[trial.number] =
        trial.state == .pruned ? nil : RankedTrial(trial, specification)?.rank
      isStale = true
    case .retried:
      ranks[event.trial] = nil
      isStale = true
    default: break
    }
  }

  private mutating func fit(_ history: History) {
    guard isStale else { return }
    isStale = false
    model = nil
    let (count, least) = (ranks.count, dimension + 1)
    guard count >= resultsNeeded else { return }
    let order = ranks.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map { entry in
      layout.positions(of: history.trials[entry.key].assignment)
    }
    let good = min(max(least, Int(options.good / 100 * Double(count))), count - least)
    model = Model(
      good: KernelDensity(Array(order.prefix(good)), choiceCounts: layout.choiceCounts),
      bad: KernelDensity(Array(order.dropFirst(good)), choiceCounts: layout.choiceCounts))
  }

  public mutating func suggest(_ number: Int, in history: History) throws -> Assignment? {
    if try tried.isDone() { return nil }
    fit(history)
    let key = Draws(seed: specification.seed, .candidates, trial: number)
    if let model, let found = best(of: model, key) { return found }
    var draws = Draws(seed: specification.seed, .startup, trial: number)
    return try tried.draw(&draws)
  }

  /// The candidate with the smallest g/l; nil when a random configuration is due, or if all are forbidden or
  /// tried.
  private func best(of model: Model, _ draws: Draws) -> Assignment? {
    var stream = draws
    guard stream.next() >= options.random else { return nil }
    var best: (assignment: Assignment, score: Double)?
    for _ in 0..<options.candidates {
      let (places, choices) = model.good.candidate(widening: options.widening) { stream.next() }
      guard let assignment = layout.assignment(places, choices), !tried.contains(assignment)
      else { continue }
      let point = layout.positions(of: assignment)
      let score = model.bad.logDensity(at: point) - model.good.logDensity(at: point)
      if best.map({ score < $0.score }) ?? true { best = (assignment, score) }
    }
    return best?.assignment
  }
}

extension BOHBSampler: OneRungSampler {
  var resultsNeeded: Int { 2 * (dimension + 1) }
}

extension SamplerKind {
  static let bohb = SamplerKind(
    BOHBOptions.self,
    "kernel densities at the highest rung with enough results; with hyperband it is BOHB",
    [.learns, .isScaleFree]
  ) { .bohb($0) }
}

extension ExpressibleBySampler {
  /// The densities of BOHB.
  public static func bohb(_ options: BOHBOptions = BOHBOptions()) -> Self {
    Self(options.description) { try BOHBSampler($0, options) }
  }
}

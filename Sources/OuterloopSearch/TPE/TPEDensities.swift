internal import OuterloopStudy

/// The densities l of good and g of other trials, for every group of parameters, as a fold over the
/// study's events.
///
/// Good and bad are decided among complete and pruned trials. Trials whose configuration made them
/// fail count as bad. With the constant liar, so do unfinished trials, as soon as a proposal is
/// made while they are running. Lost and cancelled trials are ignored.
///
/// Where parameters open branches (``Branching``), trials are good or bad relative to their own branch:
/// a branch is searched according to its own good trials, even while another one is ahead. The next
/// branch is chosen not by the densities but by ``BranchAllocation``.
///
/// Joint densities of bad trials are thinned (``Thinning``); good ones are few.
struct TPEDensities: Sendable {
  struct Group: Sendable {
    let parameters: ParameterGroup
    var good: GroupDensity
    var bad: GroupDensity
    /// The number of trials in which it is active, in any state.
    var trials = 0
    /// The model of their costs.
    var costs: CostRegression
  }

  private(set) var groups: [Group]
  /// Without branches there is one class of trials.
  private var classes: BranchClasses
  private let objectives: [Objective]
  private let hasLiar: Bool
  private let cost: TrialCost?
  /// The user priors.
  private(set) var priors: HintedPriors
  /// The weight of cost in the next proposal.
  private var costWeight = 0.0
  /// The approximate limit on bad trials in a joint density; 0: no limit.
  private let limit: Int
  /// The side of every trial that is in the densities.
  private var isGood: [Int: Bool] = [:]
  /// Unfinished trials, ascending, and those among them that are in the densities already.
  private var pending: Set<Int> = []

  init(_ specification: StudySpecification, _ options: TPEOptions) throws {
    objectives = specification.objectives
    hasLiar = options.constantLiar
    cost = specification.cost
    priors = HintedPriors(specification)
    limit = options.exact ? 0 : options.kernels
    classes = BranchClasses(specification, options)
    let isSingle = objectives.count == 1
    groups = try ParameterGroup.groups(
      of: specification.space, jointly: options.multivariate ?? (isSingle || options.group),
      byCondition: options.group || classes.areSeveral
    ).map { group in
      Group(
        parameters: group,
        good: GroupDensity(
          group.domains, options.parzen(equalWeights: !isSingle), isExact: options.exact),
        bad: GroupDensity(
          group.domains, options.parzen(equalWeights: false), isExact: options.exact),
        costs: CostRegression(group.domains))
    }
  }

  /// Complete and pruned trials.
  var count: Int { classes.count }

  mutating func observe(_ event: Event, in history: History) {
    priors.observe(event, in: history)
    if event.kind.isAboutStudy { return }
    let trial = history.trials[event.trial]
    switch event.kind {
    case .suggested, .enqueued:
      pending.insert(trial.number)
      classes.begin(trial)
      for index in groups.indices
      where groups[index].parameters.isActive(in: trial.assignment) { groups[index].trials += 1 }
    case .finished:
      pending.remove(trial.number)
      remove(trial)
      insertCost(of: trial)
      // For a trial with too few or too many values, it is not known which is which.
      let losses = trial.values.flatMap { $0.count == objectives.count ? self.losses($0) : nil }
      switch trial.state {
      case .complete: apply(classes.insert(trial, losses: losses, prunedAt: nil), history)
      case .pruned:
        let last = trial.lastReport
        let reported = last.map { report in
          self.losses(objectives.map { report.values[$0.metric] ?? .nan })
        }
        apply(classes.insert(trial, losses: reported, prunedAt: last?.epoch ?? 0), history)
      case .failed(let reason) where reason.isCausedByConfiguration: insert(trial, asGood: false)
      default: classes.drop(trial)
      }
    case .retried: classes.resume(trial)
    default: break
    }
  }

  /// Updates the densities for a proposal.
  mutating func settle(_ history: History) {
    apply(classes.settle(), history)
    for index in groups.indices {
      groups[index].bad.thin(
        Thinning(limit: limit, trials: groups[index].trials, next: history.trials.count))
    }
    costWeight = cost?.weight(in: history) ?? 0
    guard hasLiar else { return }
    for number in pending.sorted() where isGood[number] == nil {
      insert(history.trials[number], asGood: false)
    }
  }

  /// For each branching parameter, by its index in the space, the indices of its values in order of
  /// preference.
  func branches(_ uniform: () -> Double) -> [Int: [Int]] {
    classes.preference(costWeight: costWeight, priors, uniform)
  }

  /// m points of group `index` drawn from l, and their scores log l - log g.
  ///
  /// - Parameter fixed: fixed parameter values, by index in the space, in points drawn from all of
  ///   l: the score then reflects compatibility with them.
  mutating func candidates(
    _ count: Int, ofGroup index: Int, fixed: [Int: Double] = [:],
    from uniforms: inout UniformStream
  ) -> (points: [[Double]], scores: [Double]) {
    var columns = groups[index].good.sample(count, from: &uniforms)
    for (column, place) in groups[index].parameters.indices.enumerated() {
      if let value = fixed[place] {
        columns[column] = [Double](repeating: value, count: count)
      }
    }
    drawPriors(&columns, ofGroup: index, fixed: fixed, from: &uniforms)
    let points = (0..<count).map { i in columns.map { $0[i] } }
    return (points, scores(ofGroup: index, at: points))
  }

  /// The acquisition function at points of group `index`: log l - log g, minus the weighted log
  /// cost, plus the log prior.
  mutating func scores(ofGroup index: Int, at points: [[Double]]) -> [Double] {
    guard let first = points.first else { return [] }
    let columns = first.indices.map { j in points.map { $0[j] } }
    let good = groups[index].good.logDensity(at: columns)
    let bad = groups[index].bad.logDensity(at: columns)
    var scores = zip(good, bad).map(-)
    if costWeight > 0, let costs = groups[index].costs.logCosts(at: points) {
      for place in scores.indices { scores[place] -= costWeight * costs[place] }
    }
    let group = groups[index].parameters
    if group.indices.contains(where: { priors.latest(of: $0) != nil }) {
      for (place, point) in points.enumerated() {
        for (parameter, value) in zip(group.indices, group.values(of: point)) {
          scores[place] += priors.logWeight(of: parameter, at: value)
        }
      }
    }
    return scores
  }

  /// Draws values of parameters with a prior from the prior, in a fraction e / (2 (1 + e)) of the
  /// candidates, e being the prior's exponent: l may not reach there yet.
  private func drawPriors(
    _ columns: inout [[Double]], ofGroup index: Int, fixed: [Int: Double],
    from uniforms: inout UniformStream
  ) {
    let group = groups[index].parameters
    for (column, place) in group.indices.enumerated() where fixed[place] == nil {
      guard let belief = priors.latest(of: place) else { continue }
      let exponent = priors.exponent(of: belief)
      let count = Int(Double(columns[column].count) * exponent / (2 * (1 + exponent)))
      for candidate in 0..<count {
        let unit = belief.density.unit(atQuantile: uniforms.next())
        columns[column][candidate] = group.number(atUnit: unit, column: column)
      }
    }
  }

  /// Costs of failed and pruned trials are equally informative; those of lost or cancelled ones are
  /// truncated.
  private mutating func insertCost(of trial: Trial) {
    if let reason = trial.state.reason, !reason.isCausedByConfiguration { return }
    guard let value = cost?.value(of: trial) else { return }
    classes.insert(cost: value, of: trial)
    for index in groups.indices {
      guard let point = groups[index].parameters.point(of: trial.assignment) else { continue }
      groups[index].costs.insert(point, cost: value)
    }
  }

  private func losses(_ values: [Double]) -> [Double] {
    zip(objectives, values).map { $0.loss($1) }
  }

  private mutating func apply(_ moves: [GoodTrials.Move], _ history: History) {
    for move in moves {
      let trial = history.trials[move.trial]
      remove(trial)
      insert(trial, asGood: move.isBelow)
    }
  }

  private mutating func insert(_ trial: Trial, asGood: Bool) {
    isGood[trial.number] = asGood
    for index in groups.indices {
      guard let point = groups[index].parameters.point(of: trial.assignment) else { continue }
      if asGood {
        groups[index].good.insert(point, trial: trial.number)
      } else {
        groups[index].bad.insert(point, trial: trial.number)
      }
    }
  }

  private mutating func remove(_ trial: Trial) {
    guard let wasGood = isGood.removeValue(forKey: trial.number) else { return }
    for index in groups.indices {
      guard let point = groups[index].parameters.point(of: trial.assignment) else { continue }
      if wasGood {
        groups[index].good.remove(point, trial: trial.number)
      } else {
        groups[index].bad.remove(point, trial: trial.number)
      }
    }
  }
}

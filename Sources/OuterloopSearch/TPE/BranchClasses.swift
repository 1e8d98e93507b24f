internal import OuterloopStudy

/// The good trials of every branch, and the choice of the next branch; a fold over trials. Without
/// branching parameters there is one class with all trials, split as in Optuna.
///
/// With several objectives arms are compared by a weighted maximum of the objectives, with new
/// random weights for each proposal (Knowles 2006), on the scale of the complete trials' ranges.
struct BranchClasses: Sendable {
  private let branching: Branching
  private let specification: StudySpecification
  private let objectives: Int
  private var allocations: [BranchAllocation]
  private var classes: [GoodTrials] = []
  /// The index of each branch in `classes`.
  private var places: [[Int]: Int] = [:]
  /// Trials that are currently ignored.
  private var dropped: Set<Int> = []
  /// With several objectives: losses of complete trials, and their branches.
  private var losses: [(values: [Double], key: [Int])] = []
  private let startup: Int
  /// Complete and pruned trials.
  private(set) var count = 0

  init(_ specification: StudySpecification, _ options: TPEOptions) {
    branching = Branching(options.branches ? specification.space : SearchSpace())
    self.specification = specification
    objectives = specification.objectives.count
    startup = options.startup
    allocations = branching.parents.map {
      BranchAllocation(dimensions: $0.dimensions, startup: options.startup)
    }
  }

  /// Whether there are branches.
  var areSeveral: Bool { !branching.parents.isEmpty }

  mutating func begin(_ trial: Trial) { count(trial, 1) }

  /// Ignores a trial whose end is not informative.
  mutating func drop(_ trial: Trial) {
    if dropped.insert(trial.number).inserted { count(trial, -1) }
  }

  /// Reconsiders a trial that runs again or delivered a result.
  mutating func resume(_ trial: Trial) {
    if dropped.remove(trial.number) != nil { count(trial, 1) }
  }

  private mutating func count(_ trial: Trial, _ change: Int) {
    for (parent, value) in branching.key(of: trial.assignment).enumerated() where value >= 0 {
      allocations[parent].count(value, change)
    }
  }

  /// Adds a finished trial; see ``GoodTrials``.
  mutating func insert(
    _ trial: Trial, losses: [Double]?, prunedAt step: Int?
  ) -> [GoodTrials.Move] {
    resume(trial)
    count += 1
    let key = branching.key(of: trial.assignment)
    let violation = specification.violation(of: trial)
    for (parent, value) in key.enumerated() where value >= 0 {
      if violation > 0 {
        allocations[parent].insert(violation: violation, in: value)
      } else if step == nil, objectives == 1, let losses {
        allocations[parent].insert(loss: losses[0], in: value)
      }
    }
    if objectives > 1, areSeveral, violation == 0, step == nil, let losses,
      losses.allSatisfy(\.isFinite)
    {
      self.losses.append((losses, key))
    }
    let place = places[key] ?? classes.count
    if place == classes.count {
      places[key] = place
      classes.append(GoodTrials(objectives: objectives, ofMany: areSeveral))
    }
    return classes[place].insert(trial.number, losses: losses, prunedAt: step, violation: violation)
  }

  /// Adds the cost of a trial.
  mutating func insert(cost: Double, of trial: Trial) {
    for (parent, value) in branching.key(of: trial.assignment).enumerated() where value >= 0 {
      allocations[parent].insert(cost: cost, in: value)
    }
  }

  /// Moves that were deferred until the sides are needed.
  mutating func settle() -> [GoodTrials.Move] {
    if objectives == 1 { return [] }
    return classes.indices.flatMap { classes[$0].settle() }
  }

  /// For each branching parameter, by its index in the space, the indices of its values in order of
  /// preference.
  func preference(
    costWeight: Double, _ priors: HintedPriors, _ uniform: () -> Double
  ) -> [Int: [Int]] {
    var preference: [Int: [Int]] = [:]
    let scalars = objectives == 1 || !areSeveral ? [] : scalarized(uniform)
    for (index, parent) in branching.parents.enumerated() {
      var allocation = allocations[index]
      for (loss, trial) in zip(scalars, losses) where trial.key[index] >= 0 {
        allocation.insert(loss: loss, in: trial.key[index])
      }
      let weights = allocation.arms.indices.map {
        priors.logWeight(of: parent.place, at: parent.domain.value(atIndex: $0))
      }
      preference[parent.place] = allocation.preference(
        costWeight: costWeight, weights: weights, uniform)
    }
    return preference
  }

  /// max_j w_j (loss_j - least_j) / range_j of every complete trial. O(n).
  private func scalarized(_ uniform: () -> Double) -> [Double] {
    let weights = (0..<objectives).map { _ in uniform() }
    guard let first = losses.first?.values else { return [] }
    var (least, most) = (first, first)
    for trial in losses {
      for (j, value) in trial.values.enumerated() {
        least[j] = min(least[j], value)
        most[j] = max(most[j], value)
      }
    }
    return losses.map { trial in
      trial.values.indices.reduce(0) { result, j in
        let range = most[j] - least[j]
        return range > 0 ? max(result, weights[j] * ((trial.values[j] - least[j]) / range)) : result
      }
    }
  }
}

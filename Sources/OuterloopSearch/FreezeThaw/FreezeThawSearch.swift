private import OuterloopNumerics
public import OuterloopStudy

/// Freeze-thaw search (Swersky, Snoek and Adams 2014): all trials are trained side by side, one epoch at a time,
/// and a model of their learning curves decides after each epoch which one goes on, or whether a new
/// configuration begins.
///
/// *Start.* Evenly spread configurations are trained for one epoch each, for a small share of the budget.
/// *Model.* A Gaussian process over configurations and epochs (`CurveProcess`), of losses that are clipped at the
/// median first one (`LossScale`), with at most some hundreds of rows (`RowThinning`).
/// *Choice.* The trial that rests or the new configuration that most probably comes above a random threshold
/// within a random horizon (`RandomThreshold`), which the epochs left in the budget bound. What runs counts as if
/// it came to its predicted mean.
///
/// Only trainings whose course does not depend on how far they are to go are compared rightly: a schedule that
/// decays to the last epoch is to be set for all epochs of a full training.
///
/// Differences from ifBO (Rakotoarison et al. 2024): a Gaussian process that is fitted to the study instead of a
/// network trained beforehand; losses of any scale; constraints and conditions of the space are kept; several
/// workers; a trial that failed because of its configuration counts as worst and rests for good.
///
/// - Complexity: for a proposal O(n^2) time for each candidate, n at most `FreezeThawOptions.observations`; O(n^3)
///   for some hundred fits of at most 200 rows while a thousand epochs are trained.
package struct FreezeThawSearch: Searcher {
  private let specification: StudySpecification
  private let options: FreezeThawOptions
  private let coordinates: SpaceCoordinates
  private var observed: ObservedCurves
  private var model: CurveModel
  private var new: NewConfigurations

  /// The share of trials near which new configurations are looked for.
  private static let bestShare = 0.1
  private static let mostBest = 10
  /// Every report up to 32, every 16th at 256.
  private static let fits = FitSchedule(first: 4, density: 16)
  /// First epochs at the start of a study without a budget of epochs, and at most.
  private static let standardScreening = 10
  private static let mostScreening = 60

  /// - Throws: `StudyError` for options out of range, and several objectives; `BLASError` if there is no
  ///   linear algebra library.
  package init(
    _ specification: StudySpecification, _ options: FreezeThawOptions = FreezeThawOptions()
  ) throws {
    try self.init(specification, options, pool: nil)
  }

  /// - Parameter pool: the configurations that there are to try, as those of a recorded table; nil: all of
  ///   the space.
  package init(
    _ specification: StudySpecification, _ options: FreezeThawOptions, pool: [Assignment]?
  ) throws {
    try options.check()
    guard specification.objectives.count == 1 else {
      throw StudyError(
        "freeze-thaw takes one objective, not \(specification.objectives.count)",
        "name one metric, and state bounds on the others")
    }
    _ = try BLAS.load()
    self.specification = specification
    self.options = options
    coordinates = SpaceCoordinates(specification.space)
    observed = ObservedCurves(
      specification, coordinates, Self.fits, rows: options.observations)
    model = CurveModel(coordinates, epochs: specification.epochs)
    new = try NewConfigurations(
      specification, coordinates, candidates: options.candidates, list: pool)
  }

  package mutating func observe(_ event: Event, in history: History) {
    new.observe(event, in: history)
    observed.observe(event, in: history)
  }

  /// The epochs that there are to spend: those of the budget; where it is one of trials only, a third of what
  /// it would take to train them all to the end.
  private var budget: Int? {
    if let epochs = specification.budget.epochs { return epochs }
    return specification.budget.trials.map {
      max(min($0, Self.mostTrials) * min(specification.epochs, Self.mostTrials) / 3, 1)
    }
  }

  private static let mostTrials = 1_000_000_000

  package mutating func propose(_ number: Int?, in history: History) throws -> Proposal {
    var number = number
    if number != nil, try new.isExhausted() { number = nil }
    if number == nil, specification.budget.epochs == nil, let budget, history.epochs >= budget {
      return ended(history)
    }
    let resting = history.trials.filter { trial in
      trial.state == .paused && !trial.isUnderWay && trial.epoch < specification.epochs
    }
    if let number, history.trials.count < screening {
      if let found = try new.unprejudiced(number, in: history) { return .start(found, through: 1) }
    }
    if !coordinates.coordinates.isEmpty, let scale = try model.update(observed),
      let choice = try choice(number, resting, scale, in: history)
    {
      return choice
    }
    if let number, let found = try new.unprejudiced(number, in: history) {
      return .start(found, through: 1)
    }
    if let trial = resting.first { return .advance(trial: trial.number, through: trial.epoch + 1) }
    return ended(history)
  }

  private func ended(_ history: History) -> Proposal {
    history.runningCount + history.claimableCount > 0 ? .wait : .exhausted
  }

  package mutating func verdict(on trial: Int, in history: History) -> Verdict { .goOn }

  /// How many trials begin before the model decides.
  private var screening: Int {
    guard let budget else { return Self.standardScreening }
    return min(max(Int(options.screening * Double(budget)), 1), Self.mostScreening)
  }

  /// What the model thinks is best; nil: it knows nothing to do.
  private mutating func choice(
    _ number: Int?, _ resting: [Trial], _ scale: LossScale, in history: History
  ) throws -> Proposal? {
    guard var process = model.process else { return nil }
    let key = RandomKey(
      seed: specification.seed, purpose: "freeze-thaw",
      index: UInt64(truncatingIfNeeded: observed.steps)
    ).split(2)
    var uniforms = UniformStream(key: key[0], expecting: 2)
    let best = observed.curves.reduce(scale.worst) { max($0, scale.value($1.best)) }
    let rule = RandomThreshold(
      best: best, worst: scale.worst, upTo: epochsLeft(in: history),
      (uniforms.next(), uniforms.next()))

    var curveOf = model.curveOf
    for trial in history.trials where trial.isUnderWay {
      addFantasy(of: trial, to: &process, &curveOf)
    }
    var queries = CurveQueries(coordinates.layout)
    // What the model has no room for is among the worst.
    let known = resting.filter { curveOf[$0.number] != nil }
    for trial in known {
      let curve = curveOf[trial.number] ?? 0
      let epoch = min(trial.epoch + rule.horizon, specification.epochs)
      queries.append(
        process.rows.curves.selecting(curve..<curve + 1), curve: curve, time: model.time(epoch))
    }
    var found: [NewConfigurations.Option] = []
    if number != nil {
      found = new.options(near: bestCandidates(), key: key[1])
      let points = coordinates.points(found.map(\.candidate))
      queries.append(contentsOf: points, time: model.time(rule.horizon))
    }
    guard queries.count > 0 else { return nil }
    let (means, variances) = process.predict(queries)
    let scores = means.indices.map { rule.score(mean: means[$0], variance: variances[$0]) }
    let order = scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
    for place in order {
      if place < known.count {
        return .advance(trial: known[place].number, through: known[place].epoch + 1)
      }
      if let assignment = new.assignment(of: found[place - known.count]) {
        return .start(assignment, through: 1)
      }
    }
    return nil
  }

  /// The epochs that a training may go on, as far as the budget tells: those that running trials are to be
  /// trained are spent.
  private func epochsLeft(in history: History) -> Int {
    guard let budget else { return specification.epochs }
    let promised = history.trials.reduce(0) { sum, trial in
      trial.isUnderWay ? sum + max(trial.through - max(trial.epoch, 0), 0) : sum
    }
    return min(max(budget - history.epochs - promised, 1), specification.epochs)
  }

  /// Lets the process believe that a trial comes to its predicted mean at the epoch that it is trained through.
  private func addFantasy(
    of trial: Trial, to process: inout CurveProcess, _ curveOf: inout [Int: Int]
  ) {
    let through = min(trial.through, specification.epochs)
    guard through > trial.epoch else { return }
    let curve = curveOf[trial.number] ?? process.rows.curves.count
    if curveOf[trial.number] == nil {
      process.append(curves: coordinates.points([observed.curves[trial.number].candidate]))
      curveOf[trial.number] = curve
    }
    _ = process.append(curve: curve, time: model.time(through))
  }

  /// The best trials by what they reported, best first.
  private func bestCandidates() -> [Candidate] {
    let curves = observed.curves
    let known = curves.indices.filter { curves[$0].best < .infinity }
    let share = min(
      max(Int((Self.bestShare * Double(known.count)).rounded(.up)), 1), Self.mostBest)
    return known.sorted { (curves[$0].best, $0) < (curves[$1].best, $1) }.prefix(share)
      .map { curves[$0].candidate }
  }
}

extension SchedulerKind {
  package static let freezeThaw = SchedulerKind(
    choosingBy: FreezeThawOptions.self,
    "a model of the learning curves decides after each epoch which trial goes on"
  ) { .freezeThaw($0) }
}

extension Trial {
  /// Whether it runs, or waits for a worker that needs nobody's leave.
  fileprivate var isUnderWay: Bool { state == .running || isClaimable }
}

extension SearchMethod {
  /// Freeze-thaw search: chooses configurations and how far each is trained, one epoch at a time.
  public static func freezeThaw(_ options: FreezeThawOptions = FreezeThawOptions()) -> SearchMethod
  {
    freezeThaw(options, pool: nil)
  }

  /// - Parameter pool: the configurations that there are to try; nil: all of the space.
  package static func freezeThaw(_ options: FreezeThawOptions, pool: [Assignment]?) -> SearchMethod
  {
    SearchMethod(
      MethodDescription(.noSampler, scheduler: options.description),
      searcher: { try FreezeThawSearch($0, options, pool: pool) })
  }
}

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
  private var training: EpochwiseTraining

  /// Every report up to 32, every 16th at 256.
  private static let fits = FitSchedule(first: 4, density: 16)

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
    _ = try BLAS.load()
    self.specification = specification
    self.options = options
    coordinates = SpaceCoordinates(specification.space)
    observed = ObservedCurves(
      specification, coordinates, Self.fits, rows: options.observations)
    model = CurveModel(coordinates, epochs: specification.epochs)
    let new = try NewConfigurations(
      specification, coordinates, candidates: options.candidates, list: pool)
    training = try EpochwiseTraining(specification, new, for: FreezeThawOptions.owner)
  }

  package mutating func observe(_ event: Event, in history: History) {
    training.new.observe(event, in: history)
    observed.observe(event, in: history)
  }

  package mutating func propose(_ number: Int?, in history: History) throws -> Proposal {
    let screening = training.screening(options.screening)
    switch try training.opening(number, screening: screening, in: history) {
    case .made(let proposal): return proposal
    case .open(let number, let resting):
      if !coordinates.coordinates.isEmpty, let scale = try model.update(observed),
        let choice = try choice(number, resting, scale, in: history)
      {
        return choice
      }
      return try training.unguided(number, resting: resting, in: history)
    }
  }

  package mutating func verdict(on trial: Int, in history: History) -> Verdict { .goOn }

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
      best: best, worst: scale.worst, upTo: training.epochsLeft(in: history),
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
      found = training.new.options(near: observed.best(), key: key[1])
      let points = coordinates.points(found.map(\.candidate))
      queries.append(contentsOf: points, time: model.time(rule.horizon))
    }
    guard queries.count > 0 else { return nil }
    let (means, variances) = process.predict(queries)
    let scores = means.indices.map { rule.score(mean: means[$0], variance: variances[$0]) }
    return training.best(scores, of: known, found)
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
}

extension SchedulerKind {
  package static let freezeThaw = SchedulerKind(
    choosingBy: FreezeThawOptions.self,
    "a model of the learning curves decides after each epoch which trial goes on"
  ) { .freezeThaw($0) }
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

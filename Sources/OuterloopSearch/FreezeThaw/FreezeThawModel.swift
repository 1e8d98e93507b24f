private import OuterloopNumerics
public import OuterloopStudy

/// Freeze-thaw search (Swersky, Snoek and Adams 2014): all trials are trained concurrently, one epoch at a time,
/// and a model of their learning curves decides after each epoch which one continues, or whether a new
/// configuration starts.
///
/// *Start.* The middle of the space and space-filling configurations are trained for one epoch each, for a small
/// fraction of the budget. *Model.* A Gaussian process over configurations and epochs (`CurveProcess`), of losses that
/// are clipped at the worst fifth of the first ones (`LossScale`), with at most a few hundred rows (`RowThinning`).
/// *Choice.* The paused trial or new configuration that most probably exceeds a random threshold within a random
/// horizon (`RandomThreshold`), which the epochs left in the budget limit. Running trials count as if they reached
/// their predicted mean.
///
/// *Cost.* Where epochs differ in cost (`EpochCosts`), all candidates get the same budget: with c_i the logarithm of
/// an epoch's cost as a multiple of the mean one, a horizon of h e^(-c_i) epochs, and the score log P_i - c_i of
/// their probability P_i.
///
/// Only trainings whose course does not depend on the number of epochs requested are compared correctly: a
/// learning-rate schedule must be set for the full training.
///
/// Differences from ifBO (Rakotoarison et al. 2024): a Gaussian process fitted to the study instead of a
/// pretrained network; losses of any scale; constraints and conditions of the space are respected; several
/// workers; a trial that failed because of its configuration counts as worst and is never continued.
///
/// - Complexity: for a proposal O(n^2) time for each candidate that may be the best (`HighestScores`), n at most
///   `FreezeThawOptions.observations`; O(n^3) for about a hundred fits of at most 200 rows while a thousand epochs
///   are trained.
struct FreezeThawModel: EpochwiseModel {
  private let coordinates: SpaceCoordinates
  private let epochs: Int
  private let cost: TrialCost?
  private var curves: CurveModel
  private var scale: LossScale?

  /// Every report up to 32, every 16th at 256.
  static let fits = FitSchedule(first: 4, density: 16)

  init(_ coordinates: SpaceCoordinates, epochs: Int, cost: TrialCost?) {
    (self.coordinates, self.epochs, self.cost) = (coordinates, epochs, cost)
    curves = CurveModel(coordinates, epochs: epochs)
  }

  mutating func update(_ observed: ObservedCurves) throws -> Bool {
    scale = try curves.update(observed)
    return scale != nil
  }

  func scores(_ choice: EpochwiseChoice) throws -> [Double]? {
    guard let scale, var process = curves.process else { return nil }
    let observed = choice.observed
    var uniforms = UniformStream(key: choice.key, expecting: 2)
    let best = observed.curves.reduce(scale.worst) { max($0, scale.value($1.best)) }
    let rule = RandomThreshold(
      best: best, worst: scale.worst, upTo: choice.epochsLeft, (uniforms.next(), uniforms.next()))

    let costs = try cost.map {
      try EpochCosts(choice, coordinates, weight: $0.weight(in: choice.history))
    }
    func horizon(_ cost: Double?) -> Int { cost.map(rule.horizon(atCost:)) ?? rule.horizon }

    var curveOf = curves.curveOf
    for trial in choice.underWay(of: epochs) {
      addFantasy(of: trial, observed, to: &process, &curveOf)
    }
    var queries = CurveQueries(coordinates.layout)
    // Trials that are not in the model are among the worst.
    let known = choice.resting.indices.filter { curveOf[choice.resting[$0].number] != nil }
    for place in known {
      let trial = choice.resting[place]
      let curve = curveOf[trial.number] ?? 0
      let epoch = min(trial.epoch + horizon(costs?.ofPaused[place]), epochs)
      queries.append(
        process.rows.curves.selecting(curve..<curve + 1), curve: curve, time: curves.time(epoch))
    }
    let ofNew = choice.new.indices.map { min(horizon(costs?.ofNew[$0]), epochs) }
    queries.append(contentsOf: coordinates.points(choice.new), times: ofNew.map(curves.time))
    let all = costs.map { costs in known.map { costs.ofPaused[$0] } + costs.ofNew }
    let scores = HighestScores(process, queries).scores { query, mean, variance in
      let score = rule.score(mean: mean, variance: variance)
      return all.map { StandardNormal.logCDF(score) - $0[query] } ?? score
    }
    var ofPaused = [Double](repeating: -.infinity, count: choice.resting.count)
    for (place, score) in zip(known, scores) { ofPaused[place] = score }
    return ofPaused + scores.dropFirst(known.count)
  }

  /// Adds the predicted mean of a running trial at its requested epoch as an observation (kriging believer).
  private func addFantasy(
    of trial: Trial, _ observed: ObservedCurves, to process: inout CurveProcess,
    _ curveOf: inout [Int: Int]
  ) {
    let curve = curveOf[trial.number] ?? process.rows.curves.count
    if curveOf[trial.number] == nil {
      process.append(curves: coordinates.points([observed.curves[trial.number].candidate]))
      curveOf[trial.number] = curve
    }
    _ = process.append(curve: curve, time: curves.time(min(trial.through, epochs)))
  }
}

extension FreezeThawOptions {
  func searcher(_ specification: StudySpecification, pool: [Assignment]?) throws -> any Searcher {
    _ = try BLAS.load()
    return try EpochwiseSearch(
      specification, self, candidates: candidates, pool: pool, FreezeThawModel.fits
    ) { FreezeThawModel($0, epochs: specification.epochs, cost: specification.cost) }
  }
}

extension SchedulerKind {
  package static let freezeThaw = SchedulerKind(
    epochwise: FreezeThawOptions.self,
    "a model of the learning curves decides after each epoch which trial continues",
    .weighsCosts)
}

extension SearchMethod {
  /// Freeze-thaw search: chooses configurations and how far each is trained, one epoch at a time.
  public static func freezeThaw(_ options: FreezeThawOptions = FreezeThawOptions()) -> SearchMethod
  {
    options.method()
  }
}

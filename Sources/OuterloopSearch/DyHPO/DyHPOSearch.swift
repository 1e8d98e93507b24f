private import OuterloopNumerics
private import OuterloopPlatform
public import OuterloopStudy

/// DyHPO (Wistuba, Kadra and Grabocka 2022, arXiv 2202.09774): all trials are trained side by side, one epoch at a
/// time. A Gaussian process whose kernel is a network of configuration, epoch and curve (`DeepKernel`) predicts every
/// trial's next epoch, and the one that is expected to improve most on the best value known at its epoch goes on, or a
/// new one begins.
///
/// *Acquisition.* With b the next epoch of a trial, f(b) its best known value (`FidelityIncumbents`), and the
/// prediction's mean and standard deviation without noise, log EI = log sigma + log h((mean - f(b)) / sigma). What runs
/// counts as if it came to its predicted mean.
///
/// Differences from the published code, which `PublishedDyHPOSearch` keeps to:
/// - a loss is minimized and an accuracy maximized; what is no number counts as worst, and so does a trial that
///   failed because of its configuration;
/// - values are clipped at the median first loss and standardized (`LossScale`), in curves too, so that neither unit
///   nor origin matter;
/// - curves are masked instead of padded by zeros, so that a row's features depend on that row alone;
/// - rows are normalized one by one, so that training and prediction compute the same network; any number of rows
///   can be trained on;
/// - noise has a floor in units of the values' variance, and what is predicted is the curve, not its noise;
/// - the logarithm of the expected improvement, whose order does not drown in zeros;
/// - new configurations are drawn for each proposal, all over the space and near the best, not once for a study;
/// - a share of the budget goes to first epochs of evenly spread configurations;
/// - rows are bounded, trainings fall due as observations grow by a share, and each is from scratch or from the end
///   of one that was: no restarts by patience, and a replay is as quick as a proposal;
/// - several workers; conditions and constraints of the space are kept.
///
/// - Complexity: for a proposal O(n^2) time for each candidate, n at most `DyHPOOptions.observations`; see
///   `DeepKernelFits` for what trainings cost.
package struct DyHPOSearch: Searcher {
  private let specification: StudySpecification
  private let options: DyHPOOptions
  private let coordinates: SpaceCoordinates
  private var observed: ObservedCurves
  private var model: DeepKernelFits
  private var training: EpochwiseTraining

  /// - Parameter pool: the configurations that there are to try, as those of a recorded table; nil: all of
  ///   the space.
  /// - Throws: `StudyError` for options out of range, and several objectives; `BLASError` if there is no
  ///   linear algebra library.
  package init(
    _ specification: StudySpecification, _ options: DyHPOOptions = DyHPOOptions(),
    pool: [Assignment]? = nil
  ) throws {
    try options.check()
    _ = try BLAS.load()
    self.specification = specification
    self.options = options
    coordinates = SpaceCoordinates(specification.space)
    observed = ObservedCurves(
      specification, coordinates, DeepKernelFits.schedule, rows: options.observations)
    model = DeepKernelFits(
      coordinates, epochs: specification.epochs, seed: specification.seed,
      steps: options.trainingSteps)
    let new = try NewConfigurations(
      specification, coordinates, candidates: options.candidateCount, list: pool)
    training = try EpochwiseTraining(specification, new, for: DyHPOOptions.owner)
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
      if !coordinates.coordinates.isEmpty, let fit = try model.update(observed),
        let choice = try choice(number, resting, fit.deep, fit.scale, in: history)
      {
        return choice
      }
      return try training.unguided(number, resting: resting, in: history)
    }
  }

  package mutating func verdict(on trial: Int, in history: History) -> Verdict { .goOn }

  /// What the model thinks is best; nil: it knows nothing to do.
  private mutating func choice(
    _ number: Int?, _ resting: [Trial], _ deep: DeepKernel, _ scale: LossScale,
    in history: History
  ) throws -> Proposal? {
    let (inputs, curves) = (model.inputs, observed.curves)
    var incumbents = FidelityIncumbents(epochs: specification.epochs)
    for curve in curves {
      for (epoch, loss) in zip(curve.epochs, curve.losses) {
        incumbents.observe(scale.value(loss), at: epoch)
      }
    }
    let underWay = history.trials.filter { trial in
      trial.isUnderWay && min(trial.through, specification.epochs) > trial.epoch
    }

    var queries = inputs.none
    let known = inputs.numbers((underWay + resting).map { curves[$0.number].candidate })
    func append(_ trial: Trial, _ place: Int, epoch: Int) {
      inputs.append(
        known[place * inputs.width..<(place + 1) * inputs.width], curves[trial.number],
        epoch: epoch, scale, to: &queries)
    }
    for (place, trial) in underWay.enumerated() {
      append(trial, place, epoch: min(trial.through, specification.epochs))
    }
    for (place, trial) in resting.enumerated() {
      append(trial, underWay.count + place, epoch: trial.epoch + 1)
    }
    var found: [NewConfigurations.Option] = []
    if number != nil {
      let key = RandomKey(
        seed: specification.seed, purpose: "dyhpo",
        index: UInt64(truncatingIfNeeded: observed.steps))
      found = training.new.options(near: observed.best(), key: key)
      let numbers = inputs.numbers(found.map(\.candidate))
      for place in found.indices {
        inputs.append(
          new: numbers[place * inputs.width..<(place + 1) * inputs.width], to: &queries)
      }
    }
    guard resting.count + found.count > 0,
      var process = try process(deep, scale, roomFor: underWay.count)
    else { return nil }
    let features = try deep.features(model.programs, queries)
    let width = KernelNetwork.features
    for place in underWay.indices { process.believe(features[place * width..<(place + 1) * width]) }
    let (means, variances) = process.predict(Array(features[(underWay.count * width)...]))
    let scores = means.indices.map { place in
      let epoch = place < resting.count ? resting[place].epoch + 1 : 1
      let best = incumbents[epoch] ?? scale.worst
      return Self.score(mean: means[place], variance: variances[place], best: best)
    }
    return training.best(scores, of: resting, found)
  }

  /// The posterior given the observations that the model takes.
  private func process(
    _ deep: DeepKernel, _ scale: LossScale, roomFor room: Int
  ) throws -> DeepKernelProcess? {
    let rows = model.inputs.rows(observed.rows, observed.curves, scale)
    return try DeepKernelProcess(
      deep.kernel, features: try deep.features(model.programs, rows),
      outputs: observed.rows.map {
        scale.value(observed.curves[$0.trial].loss(at: $0.epoch))
      }, roomFor: room)
  }

  /// The logarithm of the expected improvement.
  private static func score(mean: Double, variance: Double, best: Double) -> Double {
    let sigma = (variance + ExpectedImprovement.floor).squareRoot()
    return log(sigma) + NormalImprovement((mean - best) / sigma).log
  }
}

extension SchedulerKind {
  package static let dyhpo = SchedulerKind(
    choosingBy: DyHPOOptions.self,
    "a deep kernel over configurations and curves decides after each epoch which trial goes on"
  ) { .dyhpo($0) }
}

extension SearchMethod {
  /// DyHPO: chooses configurations and how far each is trained, one epoch at a time.
  public static func dyhpo(_ options: DyHPOOptions = DyHPOOptions()) -> SearchMethod {
    dyhpo(options, pool: nil)
  }

  /// - Parameter pool: the configurations that there are to try; nil: all of the space.
  package static func dyhpo(_ options: DyHPOOptions, pool: [Assignment]?) -> SearchMethod {
    SearchMethod(MethodDescription(.noSampler, scheduler: options.description)) {
      if options.faithful { return try PublishedDyHPOSearch($0, options, pool: pool) }
      return try DyHPOSearch($0, options, pool: pool)
    }
  }
}

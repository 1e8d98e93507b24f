private import OuterloopNumerics
private import OuterloopPlatform
public import OuterloopStudy

/// DPL, deep power laws (Kadra, Janowski, Wistuba and Grabocka 2023, arXiv 2302.00441): all trials are trained side by
/// side, one epoch at a time. Five networks take the curve of a configuration for a power law (`PowerLawNetwork`), and
/// the trial whose value at the end of a full training is expected to improve most on the best value seen anywhere
/// goes on, or a new one begins. There is no Gaussian process: a proposal is cheap.
///
/// *Kept of the published code:* networks, loss, optimizer and batches; 250 epochs from scratch and 20 epochs of
/// refining, with the newest observation in every batch; mean and standard deviation over the members; expected
/// improvement at the last epoch; one epoch at a time.
///
/// *Differences:*
/// - values are clipped at the median first loss and standardized (`LossScale`) instead of handed over as they are,
///   accuracies subtracted from 100; what is no number counts as worst instead of being left out;
/// - numbers of configurations are centered on their scales, not scaled to a pool's least and largest;
/// - the logarithm of the expected improvement, with a floor below the standard deviation;
/// - new configurations are drawn for each proposal; evenly spread ones begin;
/// - trainings from scratch fall due as observations grow by two fifths and refinings begin at the end of the last
///   one of them (`FitSchedule`), instead of eleven trainings from scratch and a chain of refinings with a restart after
///   1.2 trainings without improvement: a replay is as quick as a proposal;
/// - rows are bounded; several workers: what runs is not asked for again, and changes no prediction.
///
/// - Complexity: for a proposal O(1) time for each candidate; see `PowerLawFits` for what trainings cost.
package struct DPLSearch: Searcher {
  private let specification: StudySpecification
  private let options: DPLOptions
  private let coordinates: SpaceCoordinates
  private var observed: ObservedCurves
  private var model: PowerLawFits
  private var training: EpochwiseTraining

  /// Added to the standard deviation, in units of the values'.
  private static let floor = 1e-6

  /// - Parameter pool: the configurations that there are to try, as those of a recorded table; nil: all of
  ///   the space.
  /// - Throws: `StudyError` for options out of range, and several objectives.
  package init(
    _ specification: StudySpecification, _ options: DPLOptions = DPLOptions(),
    pool: [Assignment]? = nil
  ) throws {
    try options.check()
    self.specification = specification
    self.options = options
    coordinates = SpaceCoordinates(specification.space)
    observed = ObservedCurves(
      specification, coordinates, PowerLawFits.schedule, rows: options.observations)
    model = PowerLawFits(
      coordinates, epochs: specification.epochs, seed: specification.seed, options)
    let new = try NewConfigurations(
      specification, coordinates, candidates: options.candidates, list: pool)
    training = try EpochwiseTraining(specification, new, for: DPLOptions.owner)
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
        let choice = try choice(number, resting, fit.ensemble, fit.scale)
      {
        return choice
      }
      return try training.unguided(number, resting: resting, in: history)
    }
  }

  package mutating func verdict(on trial: Int, in history: History) -> Verdict { .goOn }

  /// What the ensemble thinks is best; nil: there is nothing to do.
  private mutating func choice(
    _ number: Int?, _ resting: [Trial], _ ensemble: PowerLawEnsemble, _ scale: LossScale
  ) throws -> Proposal? {
    var found: [NewConfigurations.Option] = []
    if number != nil {
      let key = RandomKey(
        seed: specification.seed, purpose: "dpl",
        index: UInt64(truncatingIfNeeded: observed.steps))
      found = training.new.options(near: observed.best(), key: key)
    }
    let candidates = resting.map { observed.curves[$0.number].candidate } + found.map(\.candidate)
    guard !candidates.isEmpty else { return nil }
    let best = observed.curves.reduce(scale.worst) { max($0, scale.value($1.best)) }
    let (means, deviations) = try ensemble.predict(
      model.network, model.inputs.numbers(candidates), count: candidates.count)
    let scores = means.indices.map { place in
      let sigma = deviations[place] + Self.floor
      return log(sigma) + NormalImprovement((means[place] - best) / sigma).log
    }
    return training.best(scores, of: resting, found)
  }
}

extension SchedulerKind {
  package static let dpl = SchedulerKind(
    choosingBy: DPLOptions.self,
    "power laws by neural networks decide after each epoch which trial goes on"
  ) { .dpl($0) }
}

extension SearchMethod {
  /// DPL: chooses configurations and how far each is trained, one epoch at a time.
  public static func dpl(_ options: DPLOptions = DPLOptions()) -> SearchMethod {
    dpl(options, pool: nil)
  }

  /// - Parameter pool: the configurations that there are to try; nil: all of the space.
  package static func dpl(_ options: DPLOptions, pool: [Assignment]?) -> SearchMethod {
    SearchMethod(MethodDescription(.noSampler, scheduler: options.description)) {
      try DPLSearch($0, options, pool: pool)
    }
  }
}

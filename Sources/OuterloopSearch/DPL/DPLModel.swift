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
struct DPLModel: EpochwiseModel {
  private var fits: PowerLawFits
  private var fit: (ensemble: PowerLawEnsemble, scale: LossScale)?

  /// Added to the standard deviation, in units of the values'.
  private static let floor = 1e-6

  init(_ fits: PowerLawFits) { self.fits = fits }

  mutating func update(_ observed: ObservedCurves) throws -> Bool {
    fit = try fits.update(observed)
    return fit != nil
  }

  func scores(_ choice: EpochwiseChoice) throws -> [Double]? {
    guard let (ensemble, scale) = fit else { return nil }
    let curves = choice.observed.curves
    let candidates = choice.resting.map { curves[$0.number].candidate } + choice.new
    let best = curves.reduce(scale.worst) { max($0, scale.value($1.best)) }
    let (means, deviations) = try ensemble.predict(
      fits.network, fits.inputs.numbers(candidates), count: candidates.count)
    return means.indices.map { place in
      let sigma = deviations[place] + Self.floor
      return log(sigma) + NormalImprovement((means[place] - best) / sigma).log
    }
  }
}

extension DPLOptions {
  func searcher(_ specification: StudySpecification, pool: [Assignment]?) throws -> any Searcher {
    try EpochwiseSearch(
      specification, self, candidates: candidates, pool: pool, PowerLawFits.schedule
    ) {
      DPLModel(
        PowerLawFits($0, epochs: specification.epochs, seed: specification.seed, self))
    }
  }
}

extension SchedulerKind {
  package static let dpl = SchedulerKind(
    epochwise: DPLOptions.self,
    "power laws by neural networks decide after each epoch which trial continues")
}

extension SearchMethod {
  /// DPL: chooses configurations and how far each is trained, one epoch at a time.
  public static func dpl(_ options: DPLOptions = DPLOptions()) -> SearchMethod { options.method() }
}

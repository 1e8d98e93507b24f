private import OuterloopNumerics
private import OuterloopPlatform
public import OuterloopStudy

/// DPL, deep power laws (Kadra, Janowski, Wistuba and Grabocka 2023, arXiv 2302.00441): all trials are trained
/// concurrently, one epoch at a time. Five networks model the curve of a configuration as a power law
/// (`PowerLawNetwork`), and the trial whose final value has the largest expected improvement on the best value seen
/// anywhere continues, or a new one starts. There is no Gaussian process: a proposal is cheap.
///
/// *Kept of the published code:* networks, loss, optimizer and batches; 250 epochs from scratch and 20 epochs of
/// refinement, with the newest observation in every batch; mean and standard deviation over the members;
/// expected improvement at the last epoch; one epoch at a time.
///
/// *Differences:*
/// - values are clipped at the median first loss and standardized (`LossScale`) instead of used raw, with
///   accuracies subtracted from 100; NaN counts as worst instead of being ignored;
/// - parameters are centered on their scales, not scaled to the range of a pool;
/// - the logarithm of the expected improvement, with a floor below the standard deviation;
/// - new configurations are drawn for each proposal; space-filling ones come first;
/// - trainings from scratch are due as observations grow by two fifths, and refinements start from the last of them
///   (`FitSchedule`), instead of eleven trainings from scratch and a chain of refinements with a restart after 1.2
///   trainings without improvement: a replay is as fast as a proposal;
/// - the number of rows is bounded; with several workers, running trials are not proposed again and
///   do not change predictions.
///
/// - Complexity: for a proposal O(1) time for each candidate; see `PowerLawFits` for the cost of
///   trainings.
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

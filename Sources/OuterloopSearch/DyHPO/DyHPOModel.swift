private import OuterloopNumerics
private import OuterloopPlatform
public import OuterloopStudy

/// DyHPO (Wistuba, Kadra and Grabocka 2022, arXiv 2202.09774): all trials are trained concurrently, one epoch at a
/// time. A Gaussian process whose kernel is a network of configuration, epoch and curve (`DeepKernel`) predicts every
/// trial's next epoch, and the one with the largest expected improvement on the best value known at its epoch
/// continues, or a new one starts.
///
/// *Acquisition.* With b the next epoch of a trial, f(b) its best known value (`FidelityIncumbents`), and the
/// prediction's mean and standard deviation without noise, log EI = log sigma + log h((mean - f(b)) / sigma). Running
/// trials count as if they reached their predicted mean.
///
/// Differences from the published code, which `PublishedDyHPOSearch` follows:
/// - a loss is minimized and an accuracy maximized; NaN counts as worst, and so does a trial that failed
///   because of its configuration;
/// - values are clipped at the median first loss and standardized (`LossScale`), in curves too, so that neither unit
///   nor origin matters;
/// - curves are masked instead of padded by zeros, so that a row's features depend on that row alone;
/// - rows are normalized one by one, so that training and prediction compute the same network; any number of rows
///   can be trained on;
/// - noise has a floor in units of the values' variance, and the prediction is of the curve, without noise;
/// - the logarithm of the expected improvement, which does not underflow to ties;
/// - new configurations are drawn for each proposal, across the space and near the best, not once for a study;
/// - a fraction of the budget is spent on first epochs of space-filling configurations;
/// - the number of rows is bounded; trainings are due as observations grow by a fraction, and each is from scratch
///   or from the end of one that was: no restarts by patience, and a replay is as fast as a proposal;
/// - several workers are supported; conditions and constraints of the space are respected.
///
/// - Complexity: for a proposal O(n^2) time for each candidate, n at most `DyHPOOptions.observations`; see
///   `DeepKernelFits` for the cost of trainings.
struct DyHPOModel: EpochwiseModel {
  private let epochs: Int
  private var fits: DeepKernelFits
  private var fit: (deep: DeepKernel, scale: LossScale)?

  init(_ fits: DeepKernelFits, epochs: Int) {
    (self.fits, self.epochs) = (fits, epochs)
  }

  mutating func update(_ observed: ObservedCurves) throws -> Bool {
    fit = try fits.update(observed)
    return fit != nil
  }

  func scores(_ choice: EpochwiseChoice) throws -> [Double]? {
    guard let (deep, scale) = fit else { return nil }
    let (inputs, curves) = (fits.inputs, choice.observed.curves)
    var incumbents = FidelityIncumbents(epochs: epochs)
    for curve in curves {
      for (epoch, loss) in zip(curve.epochs, curve.losses) {
        incumbents.observe(scale.value(loss), at: epoch)
      }
    }
    let underWay = choice.underWay(of: epochs)
    let nextEpochs =
      underWay.map { min($0.through, epochs) } + choice.resting.map { $0.epoch + 1 }
    let trials = underWay + choice.resting
    let numbers = inputs.numbers(trials.map { curves[$0.number].candidate } + choice.new)
    var queries = inputs.none
    for (place, trial) in trials.enumerated() {
      inputs.append(
        numbers[place * inputs.width..<(place + 1) * inputs.width], curves[trial.number],
        epoch: nextEpochs[place], scale, to: &queries)
    }
    for place in trials.count..<trials.count + choice.new.count {
      inputs.append(
        new: numbers[place * inputs.width..<(place + 1) * inputs.width], to: &queries)
    }
    guard var process = try process(choice.observed, deep, scale, roomFor: underWay.count) else {
      return nil
    }
    let features = try deep.features(fits.programs, queries)
    let width = KernelNetwork.features
    for place in underWay.indices {
      process.addFantasy(features[place * width..<(place + 1) * width])
    }
    let (means, variances) = process.predict(Array(features[(underWay.count * width)...]))
    return means.indices.map { place in
      let epoch = place < choice.resting.count ? choice.resting[place].epoch + 1 : 1
      let best = incumbents[epoch] ?? scale.worst
      return Self.score(mean: means[place], variance: variances[place], best: best)
    }
  }

  /// The posterior given the model's observations.
  private func process(
    _ observed: ObservedCurves, _ deep: DeepKernel, _ scale: LossScale, roomFor room: Int
  ) throws -> DeepKernelProcess? {
    let rows = fits.inputs.rows(observed.rows, observed.curves, scale)
    return try DeepKernelProcess(
      deep.kernel, features: try deep.features(fits.programs, rows),
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

extension DyHPOOptions {
  func searcher(_ specification: StudySpecification, pool: [Assignment]?) throws -> any Searcher {
    if faithful { return try PublishedDyHPOSearch(specification, self, pool: pool) }
    _ = try BLAS.load()
    return try EpochwiseSearch(
      specification, self, candidates: candidateCount, pool: pool, DeepKernelFits.schedule
    ) {
      DyHPOModel(
        DeepKernelFits(
          $0, epochs: specification.epochs, seed: specification.seed, steps: trainingSteps),
        epochs: specification.epochs)
    }
  }
}

extension SchedulerKind {
  package static let dyhpo = SchedulerKind(
    epochwise: DyHPOOptions.self,
    "a deep kernel over configurations and curves decides after each epoch which trial continues")
}

extension SearchMethod {
  /// DyHPO: chooses configurations and how far each is trained, one epoch at a time.
  public static func dyhpo(_ options: DyHPOOptions = DyHPOOptions()) -> SearchMethod {
    options.method()
  }
}

private import OuterloopNumerics
private import OuterloopPlatform
package import OuterloopStudy

/// DyHPO as in its published code (HPO4DL 0.1.0, releaunifreiburg/DyHPO), for comparisons; `DyHPOModel` lists the
/// improvements.
///
/// *Kept:* a fixed pool of random configurations and its numbers (`PublishedPool`); one random configuration first; values
/// without scaling; curves padded by zeros to the longest of a batch; rows normalized together in training and by running
/// statistics in prediction; an update after each report, all observations as rows (`PublishedSurrogate`); a restart when
/// exactly 1.2 trainings brought no improvement, one for a plateau (`PublishedHistory`); expected improvement with the
/// noise in the standard deviation, on the best value at the epoch or, where there is none, anywhere; ties go to the first
/// of the pool; one epoch at a time.
///
/// *Not kept*, since the published code is unusable in these cases:
/// - the direction: it always maximizes, while this minimizes a loss;
/// - after a NaN it suggests the same trial for ever, or fails if that was the first value; here NaN counts as the
///   worst value at its epoch, or overall where there is none, and is never an improvement;
/// - the bias of the first layer, which the normalization cancels, so that its derivative is 0: in the published code
///   rounding errors move it, as fast as all others under Adam, and with it the predictions by running statistics. Here it
///   stays constant;
/// - several workers, which it does not support: running trials count as if they reached their
///   predicted mean;
/// - its state is lost when it ends; here a replay of the events repeats the same updates, so that a study can be
///   resumed;
/// - numbers are float64.
///
/// - Complexity: an update O(n^3) for each of its 50 steps; a proposal O(n^2) for each member of the pool; a replay all
///   updates.
package struct PublishedDyHPOSearch: Searcher {
  private let specification: StudySpecification
  private let coordinates: SpaceCoordinates
  private let pool: PublishedPool
  private var training: EpochwiseTraining
  private var curves: [ObservedCurve] = []
  /// The encoded configuration of each trial, and its index in the pool; enqueued configurations follow after
  /// the pool.
  private var numbers: [[Double]] = []
  private var places: [Int] = []
  private var logged: [Int] = []
  private var past: PublishedHistory
  private var surrogate: PublishedSurrogate
  private var updates = 0

  /// - Throws: `StudyError` for options out of range, several objectives, and a space in which no allowed
  ///   configuration can be found; `BLASError` if there is no linear algebra library.
  package init(
    _ specification: StudySpecification, _ options: DyHPOOptions, pool list: [Assignment]? = nil
  ) throws {
    try options.check()
    _ = try BLAS.load()
    self.specification = specification
    coordinates = SpaceCoordinates(specification.space)
    pool = try PublishedPool(
      specification.space, size: options.candidateCount, seed: specification.seed, list: list)
    let new = try NewConfigurations(
      specification, coordinates, candidates: options.candidateCount, list: pool.all)
    training = try EpochwiseTraining(specification, new, for: DyHPOOptions.owner)
    past = PublishedHistory(epochs: specification.epochs)
    surrogate = PublishedSurrogate(
      width: pool.width, seed: specification.seed, steps: options.trainingSteps)
  }

  package mutating func observe(_ event: Event, in history: History) {
    training.new.observe(event, in: history)
    switch event.kind {
    case .suggested(let assignment, _, _), .enqueued(let assignment, _):
      curves.append(ObservedCurve(coordinates.candidate(of: assignment)))
      numbers.append(pool.numbers(assignment))
      places.append(training.new.place(of: assignment) ?? pool.all.count + event.trial)
      logged.append(0)
    case .reported, .extended, .finished:
      let trial = event.trial
      _ = curves[trial].update(history.trials[trial], in: specification)
      for (epoch, loss) in zip(curves[trial].epochs, curves[trial].losses)
      where epoch > logged[trial] {
        past.append(trial: trial, epoch: epoch, value: loss.isFinite ? -loss : nil)
        logged[trial] = epoch
      }
    default: break
    }
  }

  package mutating func propose(_ number: Int?, in history: History) throws -> Proposal {
    switch try training.opening(number, screening: 1, in: history) {
    case .made(let proposal): return proposal
    case .open(let number, let resting):
      if past.count > 0, let choice = try choice(number, resting, in: history) { return choice }
      return try training.unguided(number, resting: resting, in: history)
    }
  }

  package mutating func verdict(on trial: Int, in history: History) -> Verdict { .goOn }

  /// Performs the updates that are due.
  private mutating func update() throws {
    while updates < past.count {
      let isStale = past.isAlarm(updates)
      updates += 1
      let (rows, outputs) = past.rows(updates, width: pool.width) { numbers[$0] }
      try surrogate.update(rows, outputs: outputs, isStale: isStale)
    }
  }

  private struct Option {
    let place: Int
    let epoch: Int
    let proposal: Proposal
  }

  private mutating func choice(
    _ number: Int?, _ resting: [Trial], in history: History
  ) throws -> Proposal? {
    try update()
    let curves = past.curves
    var options: [(option: Option, numbers: [Double], curve: [Double])] = resting.map { trial in
      let epoch = trial.epoch + 1
      return (
        Option(
          place: places[trial.number], epoch: epoch,
          proposal: .advance(trial: trial.number, through: epoch)),
        numbers[trial.number], curves[trial.number] ?? []
      )
    }
    if number != nil {
      let key = RandomKey(seed: specification.seed, purpose: "dyhpo-published")
      for found in training.new.options(near: [], trials: history.trials.count, key: key) {
        guard let place = found.place else { continue }
        let assignment = pool.all[place]
        options.append(
          (
            Option(place: place, epoch: 1, proposal: .start(assignment, through: 1)),
            pool.numbers(assignment), []
          ))
      }
    }
    options.sort { $0.option.place < $1.option.place }
    guard !options.isEmpty else { return nil }
    var queries = NetworkRows(width: pool.width, .zeroPadded)
    for option in options {
      queries.append(
        option.numbers[...], epoch: Double(option.option.epoch) / Double(specification.epochs),
        curve: option.curve)
    }
    guard let process = try process(history) else { return nil }
    let (means, variances) = process.predict(
      try surrogate.deep.features(surrogate.programs, queries))
    let (incumbents, noise) = (past.incumbents, surrogate.deep.kernel.noise)
    let scores = means.indices.map { place in
      PublishedImprovement.value(
        mean: means[place], deviation: (variances[place] + noise).squareRoot(),
        best: incumbents[options[place].option.epoch] ?? 0)
    }
    return PublishedImprovement.first(of: scores).map { options[$0].option.proposal }
  }

  /// The posterior given all observations, with running trials at their means.
  private func process(_ history: History) throws -> DeepKernelProcess? {
    let (deep, programs) = (surrogate.deep, surrogate.programs)
    let (rows, outputs) = past.rows(past.count, width: pool.width) { numbers[$0] }
    let curves = past.curves
    var underWay = NetworkRows(width: pool.width, .zeroPadded)
    for trial in history.trials where trial.isUnderWay {
      let through = min(trial.through, specification.epochs)
      guard through > trial.epoch else { continue }
      underWay.append(
        numbers[trial.number][...], epoch: Double(through) / Double(specification.epochs),
        curve: curves[trial.number] ?? [])
    }
    guard
      var process = try DeepKernelProcess(
        deep.kernel, features: try deep.features(programs, rows), outputs: outputs,
        roomFor: underWay.count)
    else { return nil }
    let features = try deep.features(programs, underWay)
    let width = KernelNetwork.features
    for place in 0..<underWay.count {
      process.addFantasy(features[place * width..<(place + 1) * width])
    }
    return process
  }
}

internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopLearning
internal import OuterloopNumerics

/// One seed of the comparison: a split, the first weights, and all noise.
///
/// Training is Adam on all examples, for the mode of the posterior under cross-validation and for a
/// mean-field Gaussian under the bound (Graves 2011, "Practical variational inference for neural
/// networks"). Both losses are divided by the number of examples.
///
/// Time: a training takes T steps of O(n P), of O(K n P) under the bound. Memory: O(K (n + P)).
struct EvidenceNoiseTraining {
  /// The number of test images whose predictions are kept.
  static let shown = 8
  /// The search range of the precisions, around 1 on a logarithmic scale.
  static let range = 1e-3...1e3
  /// The number of weight draws over which a prediction is averaged.
  private static let predictionDraws = 30
  /// The number of draws of the fixed bound, which has a maximum to solve for.
  private static let fixedDraws = 4

  private typealias Mode = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>
  private typealias Bound<Batch: Structure> = BilevelProblem<
    TrainingState<MeanFieldGaussian>, Tensor, Batch
  >

  /// Examples to train on.
  private struct Examples {
    var x, y: Tensor
    var count: Int { y.count }
  }

  private let settings: EvidenceNoiseExperiment
  private let split: ImageSplit
  private let seed: UInt64
  private let layout: WeightLayout<MultilayerPerceptron>
  private let groups: WeightGroups
  /// (P)
  private let first: Tensor
  private let all: Examples

  init(_ settings: EvidenceNoiseExperiment, _ parts: DataParts, seed: UInt64) throws {
    self.settings = settings
    self.seed = seed
    split = try ImageSplit(parts, settings.sizes, seed: seed)
    let network = MultilayerPerceptron(
      [split.pixels, settings.units, split.classes], activation: .tanh,
      key: RandomKey(seed: seed, purpose: "weights"))
    layout = try WeightLayout(network)
    groups = try .tensors(of: network)
    first = layout.vector(network)
    all = Examples(
      x: concatenate([split.train.x, split.validation.x]),
      y: concatenate([split.train.y, split.validation.y]))
  }

  func learn(_ context: ExperimentContext) throws -> Run {
    let problems = Problems(
      mode: mode(on: Examples(x: split.train.x, y: split.train.y)), final: mode(on: all),
      bound: try fresh)
    let checks = try checks(problems.bound)
    var outcomes: [Outcome] = []
    for search in PrecisionSearch.allCases {
      let byLoss = try select(problems.mode, for: .validation, by: search, context)
      outcomes.append(try outcome(.validation, search, byLoss, problems))
      var byBound = try select(problems.bound, for: .bound, by: search, context)
      byBound.objective /= Double(all.count)
      outcomes.append(try outcome(.bound, search, byBound, problems))
    }
    return Run(outcomes: outcomes, checks: checks)
  }

  // MARK: - Problems

  private struct Problems {
    /// On the training part, evaluated on the held-out part.
    let mode: Mode
    /// The same on all examples.
    let final: Mode
    let bound: Bound<Tensor>
  }

  /// Training for the mode of the posterior; the outer loss is that of the examples held out.
  private func mode(on train: Examples) -> Mode {
    let (layout, groups, first, held) = (layout, groups, first, split.validation)
    let rate = settings.rate
    return Mode(
      steps: settings.steps, weights: { _ in first },
      optimizer: { _, _ in .adam(rate: .init(rate)) },
      loss: { w, logs in
        let penalty = (groups.expanded(exp(logs)) * w.square()).sum()
        return Loss.crossEntropy(layout.weights(w)(train.x), labels: train.y)
          + penalty * (0.5 / Double(train.count))
      },
      outer: { w, _ in Loss.crossEntropy(layout.weights(w)(held.x), labels: held.y) })
  }

  /// The bound on all examples, which needs no held-out part.
  private func bound(draws: Int) throws -> VariationalBound<MeanFieldGaussian, Tensor> {
    let (layout, all) = (layout, all)
    return try VariationalBound(
      groups: groups, draws: draws, precisions: { exp($0) },
      logLikelihood: { w, _ in
        -Double(all.count) * Loss.crossEntropy(layout.weights(w)(all.x), labels: all.y)
      })
  }

  /// Training of the posterior, with fresh draws at every step.
  private var fresh: Bound<Tensor> {
    get throws {
      let (first, rate) = (first, settings.rate)
      return try bound(draws: settings.draws).problem(
        steps: settings.steps, seed: seed, posterior: { _ in Self.start(first) },
        optimizer: { _, _ in .adam(rate: .init(rate)) })
    }
  }

  /// The bound of one set of draws, the same at every step and at both levels: a function that has a
  /// maximum to solve for. With fresh draws at every step there is none.
  private func fixed(_ bound: VariationalBound<MeanFieldGaussian, Tensor>) -> Bound<NoTensors> {
    let key = RandomKey(seed: seed, purpose: "fixed draws").tensor
    let (first, rate, scale) = (first, settings.rate, -1 / Double(all.count))
    return Bound<NoTensors>(
      steps: settings.steps, weights: { _ in Self.start(first) },
      optimizer: { _, _ in .adam(rate: .init(rate)) },
      loss: { q, logs in scale * (try bound(q, logs, key: key)) },
      outer: { q, logs in scale * (try bound(q, logs, key: key)) })
  }

  private static func start(_ weights: Tensor) -> MeanFieldGaussian {
    MeanFieldGaussian(mean: weights, scale: 0.05)
  }

  private var startingLogs: Tensor { Tensor.zeros([groups.count], dtype: .float32) }

  // MARK: - Searches

  /// What a search found.
  private struct Choice {
    /// The logarithms of the precisions.
    var point: Tensor
    var objective = Double.infinity
    var looks = 0
  }

  /// The best precisions that a search finds on a problem. A hypergradient counts as three trainings
  /// of random search; non-finite derivatives end the search.
  private func select<State: Structure, Batch: Structure>(
    _ problem: BilevelProblem<State, Tensor, Batch>, for criterion: SelectionCriterion,
    by search: PrecisionSearch, _ context: ExperimentContext
  ) throws -> Choice {
    var best = Choice(point: startingLogs)
    func judge(_ point: Tensor, _ loss: Double) {
      best.looks += 1
      if loss < best.objective { (best.point, best.objective) = (point, loss) }
    }
    let end = try log(Tensor(Self.range.upperBound, dtype: .float64)).item()
    let estimator: Estimator
    switch search {
    case .random:
      let trials = 3 * settings.updates
      let draws = try RandomKey(seed: seed, purpose: "random search")
        .uniform([trials, groups.count], dtype: .float64).doubles()
      for trial in 0..<trials {
        try context.continueOrStop()
        let row = draws[(trial * groups.count)..<((trial + 1) * groups.count)]
        let point = Tensor(row.map { Float(end * (2 * $0 - 1)) })
        do { judge(point, try problem.solve(at: point).loss) } catch BilevelError.nonFinite {}
      }
      return best
    case .greedy: estimator = .greedy(gamma: settings.gamma)
    case .drmad: estimator = .drmad(.steps(1))
    case .hoag:
      // The right side of HOAG's linear system is the derivative of the bound by the posterior, 0 at its
      // maximum: what is left is the direct term. L-BFGS has no maximum to find with fresh draws.
      estimator =
        criterion == .validation
        ? .hoag(
          .quadratic(initial: 0.05, floor: 2e-3), solver: .minres(),
          inner: .lbfgs(LBFGS(iterations: 4 * settings.steps)))
        : .firstOrder
    }
    let loop = OuterLoop<Tensor>(
      .adam(rate: .init(settings.outerRate)), constraints: [try .box(lower: -end, upper: end)])
    var point = startingLogs
    do {
      _ = try problem.minimize(
        from: point, by: estimator, updates: settings.updates, with: loop
      ) { progress in
        try context.continueOrStop()
        judge(point, progress.loss)
        point = progress.hyper
        return true
      }
    } catch BilevelError.nonFinite {}
    return best
  }

  // MARK: - Tests

  /// Trains on all examples with the chosen precisions and classifies the test images under noise.
  private func outcome(
    _ criterion: SelectionCriterion, _ search: PrecisionSearch, _ choice: Choice,
    _ problems: Problems
  ) throws -> Outcome {
    let logs = choice.point
    let mode = try read(try problems.final.solve(at: logs).state.weights.expanded(at: 0))
    var final = mode
    if criterion == .bound {
      let noise = RandomKey(seed: seed, purpose: "prediction")
        .normal([Self.predictionDraws, layout.count])
      final = try read(try problems.bound.solve(at: logs).state.weights.draws(noise))
    }
    return Outcome(
      criterion: criterion, search: search, precisions: try exp(logs).doubles(),
      objective: choice.objective, looks: choice.looks, errors: final.errors,
      modeErrors: mode.errors, readings: final.readings)
  }

  /// The predictions of the ensemble of networks with these weights, (S, P), for the test images, by
  /// the noise.
  private func read(_ weights: Tensor) throws -> (errors: [Double], readings: [[Int32]]) {
    let labels = split.test.data.labels
    let layout = layout
    var (errors, readings): ([Double], [[Int32]]) = ([], [])
    for sigma in settings.noise {
      let x = Self.noisy(split, sigma, seed: seed)
      let shares = try vmap(weights) { softmax(layout.weights($0)(x)) }.mean(axes: [0])
      let read = try shares.argmax(axis: 1).scalars(Int32.self)
      errors.append(100 * Double(zip(read, labels).count { $0 != $1 }) / Double(labels.count))
      readings.append(Array(read.prefix(Self.shown)))
    }
    return (errors, readings)
  }

  /// The test pictures with noise in every pixel: the same draw for all sigma, only scaled.
  static func noisy(_ split: ImageSplit, _ sigma: Double, seed: UInt64) -> Tensor {
    let noise = RandomKey(seed: seed, purpose: "pixel noise").normal(split.test.x.shape)
    return split.test.x + sigma * noise
  }

  // MARK: - Checks

  private func checks(_ fresh: Bound<Tensor>) throws -> Checks {
    let bound = try bound(draws: Self.fixedDraws)
    func deviation(_ a: Tensor, _ b: Tensor) throws -> Double {
      try ((a - b).square().sum() / b.square().sum()).item().squareRoot()
    }
    let logs = startingLogs
    let reverse = try fresh.hypergradient(at: logs, by: .reverse)
    let forward = try fresh.hypergradient(at: logs, by: .forward).gradient
    let q = reverse.state.weights
    // -dF/d log a_g = (a_g sum of (mu^2 + s^2) - size) / 2
    let spread = groups.sums(q.mean.square() + q.variances)
    let sizes = Tensor(groups.sizes.map { Float($0) })
    let solved = try fixed(bound).hypergradient(
      at: logs,
      by: .implicit(
        .minres(), inner: .lbfgs(LBFGS(tolerance: 2e-4, iterations: 5_000))))
    let best = log(bound.optimalPrecisions(q))
    return Checks(
      modes: try deviation(reverse.gradient, forward),
      direct: try deviation(reverse.direct, 0.5 * (exp(logs) * spread - sizes)),
      indirect: try deviation(solved.gradient, solved.direct),
      gain: try (bound.divergence(q, logs) - bound.divergence(q, best)).item())
  }
}

internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopLearning
internal import OuterloopNumerics

/// One seed of the first run: a split, a network and an order of the data.
struct FirstRunTraining {
  /// The result of training with given hyperparameters.
  struct Outcome: Codable, Sendable {
    /// The rate and the decay of each layer.
    var hyper: [Double]
    var validationLoss, testLoss, testError: Double
  }

  struct Run: Codable, Sendable {
    var start, tuned, searched: Outcome
    /// The validation loss before each update, and of each training of random search.
    var losses, searchLosses: [Double]
    /// The hyperparameters before each update.
    var path: [[Double]]
    /// The test predictions of the untuned and the tuned network.
    var startPredictions, tunedPredictions: [Int32]
    /// The difference of reverse and forward mode derivatives at the start.
    var modesError: Double
  }

  /// The range of random search.
  static let rates = 1e-3...1.0
  static let decays = 1e-6...0.1

  private typealias Problem = BilevelProblem<TrainingState<MultilayerPerceptron>, Tensor, Tensor>
  private let settings: FirstRunExperiment
  private let split: ImageSplit
  private let seed: UInt64
  private let network: MultilayerPerceptron
  private let problem: Problem

  init(_ settings: FirstRunExperiment, _ parts: DataParts, seed: UInt64) throws {
    self.settings = settings
    self.seed = seed
    let split = try ImageSplit(parts, settings.sizes, seed: seed)
    self.split = split
    let network = MultilayerPerceptron(
      [split.pixels, settings.units, split.classes], activation: .tanh,
      key: RandomKey(seed: seed, purpose: "weights"))
    self.network = network
    let (train, held, momentum) = (split.train, split.validation, settings.momentum)
    problem = Problem(
      steps: settings.steps,
      batches: try .shuffled(count: train.count, size: settings.batch, seed: seed),
      weights: { _ in network },
      optimizer: { logs, _ in
        .momentum(rate: .init(exp(logs.sliced(axis: 0, 0..<1))), momentum: .init(momentum))
      },
      loss: { network, logs, rows in
        let decays = exp(logs)
        let penalty = network.layers.enumerated().map { number, layer in
          decays.sliced(axis: 0, (number + 1)..<(number + 2)).reshaped([])
            * layer.weights.square().sum()
        }
        return Loss.crossEntropy(
          network(train.x.gathered(at: rows)), labels: train.y.gathered(at: rows))
          + 0.5 * (penalty[0] + penalty[1])
      },
      outer: { network, _ in Loss.crossEntropy(network(held.x), labels: held.y) })
  }

  func learn(_ context: ExperimentContext) throws -> Run {
    let start = log(Tensor([settings.rate, settings.decay, settings.decay], dtype: .float32))
    let reverse = try problem.hypergradient(at: start, by: .reverse).gradient
    let forward = try problem.hypergradient(at: start, by: .forward).gradient
    let difference = try ((reverse - forward).square().sum() / forward.square().sum()).item()
    var (losses, path, point): ([Double], [[Double]], Tensor) = ([], [], start)
    let found = try problem.minimize(
      from: start, updates: settings.updates,
      with: OuterLoop(.adam(rate: .init(settings.outerRate)))
    ) { progress in
      try context.continueOrStop()
      losses.append(progress.loss)
      path.append(try exp(point).doubles())
      point = progress.hyper
      return true
    }
    let search = try search(context)
    let (before, first) = try outcome(start)
    let (after, last) = try outcome(found.hyper)
    return Run(
      start: before, tuned: after, searched: try outcome(search.best).0, losses: losses,
      searchLosses: search.losses, path: path, startPredictions: first, tunedPredictions: last,
      modesError: difference.squareRoot())
  }

  /// Random search with three trainings for each update; a diverging one counts as the loss of a random
  /// guess.
  private func search(_ context: ExperimentContext) throws -> (best: Tensor, losses: [Double]) {
    func logarithms(_ range: ClosedRange<Double>) throws -> (low: Double, span: Double) {
      let ends = try log(Tensor([range.lowerBound, range.upperBound], dtype: .float64)).doubles()
      return (ends[0], ends[1] - ends[0])
    }
    let ranges = [try logarithms(Self.rates)] + (try [Self.decays, Self.decays].map(logarithms))
    let draws = try RandomKey(seed: seed, purpose: "random search")
      .uniform([3 * settings.updates, 3], dtype: .float64).doubles()
    let guess = try log(Tensor(Double(split.classes), dtype: .float64)).item()
    var (losses, best): ([Double], (Double, Tensor)) = ([], (.infinity, Tensor([0.0])))
    for trial in 0..<(3 * settings.updates) {
      try context.continueOrStop()
      let point = Tensor(
        (0..<3).map { Float(ranges[$0].low + ranges[$0].span * draws[3 * trial + $0]) })
      var loss = guess
      do { loss = try problem.solve(at: point).loss } catch BilevelError.nonFinite {}
      losses.append(loss)
      if loss < best.0 { best = (loss, point) }
    }
    return (best.1, losses)
  }

  private func outcome(_ logs: Tensor) throws -> (Outcome, predictions: [Int32]) {
    let result = try problem.solve(at: logs)
    let test = split.test
    let logits = result.state.weights(test.x)
    let outcome = Outcome(
      hyper: try exp(logs).doubles(), validationLoss: result.loss,
      testLoss: try Loss.crossEntropy(logits, labels: test.y).item(),
      testError: 100 * (1 - (try Loss.accuracy(logits, labels: test.y).item())))
    return (outcome, try logits.argmax(axis: 1).scalars(Int32.self))
  }
}

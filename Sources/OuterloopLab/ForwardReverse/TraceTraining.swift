internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopLearning
internal import OuterloopNumerics

/// One seed of one model: forward and reverse hypergradients of the same training, and real-time updates along it.
struct TraceTraining {
  struct Run: Codable, Sendable {
    var weights: Int
    /// Bytes of states and products with the derivative of a step.
    var forwardBytes, reverseBytes, forwardProducts, reverseProducts: Int
    var forwardSeconds, reverseSeconds, realTimeSeconds: Double
    /// The norm of the difference of both hypergradients over that of the reverse one.
    var disagreement: Double
    /// Test accuracy with the initial hyperparameters, and with real-time updates.
    var batchAccuracy, realTimeAccuracy: Double
    /// The validation loss before each real-time update.
    var losses: [Double]
    /// Seconds of forward and reverse mode by the number of hyperparameters, for the first few.
    var counts: [Int]
    var forwardByCount, reverseByCount: [Double]
  }

  private typealias Problem = BilevelProblem<TrainingState<TraceNetwork>, Tensor, Tensor>
  private let settings: ForwardReverseExperiment
  private let model: TraceModel
  private let train, held, test: (x: Tensor, y: Tensor)
  private let network: TraceNetwork
  private let seed: UInt64

  init(
    _ settings: ForwardReverseExperiment, _ parts: DataParts, _ model: TraceModel, seed: UInt64
  ) throws {
    self.settings = settings
    self.model = model
    self.seed = seed
    let split = try ImageSplit(parts, settings.sizes, seed: seed)
    func enlarged(_ part: ImageSplit.Part) -> (x: Tensor, y: Tensor) {
      (Self.enlarged(part.x, split.height, split.width), part.y)
    }
    train = enlarged(split.train)
    held = enlarged(split.validation)
    test = enlarged(split.test)
    network = TraceNetwork(model, classes: split.classes, seed: seed)
  }

  /// Pictures (n, h w) as (n, 784): each pixel repeated as often as fits, with a black edge.
  static func enlarged(_ x: Tensor, _ height: Int, _ width: Int) -> Tensor {
    let side = TraceNetwork.side
    let factor = Swift.max(1, Swift.min(side / height, side / width))
    let n = x.shape[0]
    let large = x.reshaped([n, height, 1, width, 1])
      .broadcast(to: [n, height, factor, width, factor])
      .reshaped([n, height * factor, width * factor])
    let (down, across) = (side - height * factor, side - width * factor)
    return large.padded(
      low: [0, down / 2, across / 2], high: [0, down - down / 2, across - across / 2]
    ).reshaped([n, side * side])
  }

  /// log L1 and log L2 of each layer, log rate, logit momentum.
  private var start: Tensor {
    let layers = model.layers
    let rate = log(Tensor([settings.rate], dtype: .float32))
    let momentum = log(Tensor([settings.momentum / (1 - settings.momentum)], dtype: .float32))
    let penalty = log(Tensor(repeating: settings.penalty, shape: [2 * layers]))
    return concatenate([rate, momentum, penalty])
  }

  /// - Parameter count: the number of hyperparameters to differentiate; the others keep their
  ///   initial values.
  private func problem(count: Int) throws -> Problem {
    let (train, held, network) = (train, held, network)
    let (all, layers) = (start, model.layers)
    @Sendable func whole(_ hyper: Tensor) -> Tensor {
      count == all.count
        ? hyper : concatenate([hyper, all.sliced(axis: 0, count..<all.count)])
    }
    @Sendable func number(_ hyper: Tensor, _ place: Int) -> Tensor {
      whole(hyper).sliced(axis: 0, place..<(place + 1)).reshaped([])
    }
    return Problem(
      steps: settings.steps(of: model),
      batches: try .shuffled(count: train.x.shape[0], size: settings.batch, seed: seed),
      weights: { _ in network },
      optimizer: { hyper, _ in
        .momentum(
          rate: .init(exp(number(hyper, 0))), momentum: .init(sigmoid(number(hyper, 1))))
      },
      loss: { network, hyper, rows in
        let data = Loss.crossEntropy(
          network(train.x.gathered(at: rows)), labels: train.y.gathered(at: rows))
        return network.penalized.enumerated().reduce(data) { sum, layer in
          sum + exp(number(hyper, 2 + layer.offset)) * abs(layer.element).sum()
            + exp(number(hyper, 2 + layers + layer.offset)) * layer.element.square().sum()
        }
      },
      outer: { network, _ in Loss.crossEntropy(network(held.x), labels: held.y) })
  }

  func run(_ context: ExperimentContext) throws -> Run {
    let problem = try problem(count: model.hyperparameters)
    let forward = try problem.hypergradient(at: start, by: .forward)
    try context.continueOrStop()
    let reverse = try problem.hypergradient(at: start, by: .reverse)
    try context.continueOrStop()
    let difference = try
      ((forward.gradient - reverse.gradient).square().sum()
      / reverse.gradient.square().sum()).item()
    var (losses, seconds, last): ([Double], Double, TraceNetwork?) = ([], 0, nil)
    _ = try problem.minimize(
      from: start, by: .realTime(every: settings.every),
      with: OuterLoop(.adam(rate: .init(settings.outerRate)))
    ) { progress in
      try context.continueOrStop()
      losses.append(progress.loss)
      seconds += progress.cost.seconds
      last = progress.state.weights
      return true
    }
    let counts = model == .mlp ? [1, 2, 4, 8, 12] : []
    let times = try counts.map { count in
      try context.continueOrStop()
      return try time(count: count)
    }
    return Run(
      weights: network.elementCount, forwardBytes: forward.cost.stateBytes,
      reverseBytes: reverse.cost.stateBytes, forwardProducts: forward.cost.products,
      reverseProducts: reverse.cost.products, forwardSeconds: forward.cost.seconds,
      reverseSeconds: reverse.cost.seconds, realTimeSeconds: seconds,
      disagreement: difference.squareRoot(),
      batchAccuracy: try accuracy(reverse.state.weights),
      realTimeAccuracy: try accuracy(last ?? network), losses: losses, counts: counts,
      forwardByCount: times.map(\.forward), reverseByCount: times.map(\.reverse))
  }

  /// The shortest of three times, after a run that compiles.
  private func time(count: Int) throws -> (forward: Double, reverse: Double) {
    let problem = try problem(count: count)
    let point = start.sliced(axis: 0, 0..<count)
    func least(_ estimator: Estimator) throws -> Double {
      _ = try problem.hypergradient(at: point, by: estimator)
      return try (0..<3).map { _ in
        try problem.hypergradient(at: point, by: estimator).cost.seconds
      }.min() ?? .nan
    }
    return (try least(.forward), try least(.reverse))
  }

  private func accuracy(_ network: TraceNetwork) throws -> Double {
    let hits = try network(test.x).argmax(axis: 1).scalars(Int32.self)
    let labels = try test.y.scalars(Int32.self)
    return Double(zip(hits, labels).count { $0 == $1 }) / Double(labels.count)
  }
}

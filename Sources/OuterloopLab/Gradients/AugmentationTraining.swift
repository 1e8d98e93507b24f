internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopLearning
internal import OuterloopNumerics

/// One seed of the augmentation experiment: a split, a network, and an order of data and draws.
struct AugmentationTraining {
  static let names = ImageAugmentation.Strengths.names

  /// The result of training with given strengths.
  struct Outcome: Codable, Sendable {
    var strengths: [Double]
    var testLoss, testError: Double
  }

  struct Run: Codable, Sendable {
    var without, start, learned: Outcome
    /// The strengths before each update.
    var path: [[Double]]
    /// The difference of reverse and forward mode derivatives at the start.
    var modesError: Double
  }

  private typealias Problem = BilevelProblem<
    TrainingState<MultilayerPerceptron>, Tensor, Pair<Tensor, Tensor>
  >
  private let settings: AugmentationExperiment
  private let problem: Problem
  private let test: (x: Tensor, y: Tensor)

  /// - Parameter angle: the standard deviation in degrees by which held-out images are rotated.
  init(
    _ settings: AugmentationExperiment, _ parts: DataParts, angle: Double, seed: UInt64
  ) throws {
    self.settings = settings
    let split = try ImageSplit(parts, settings.sizes, seed: seed)
    let augmentation = ImageAugmentation(height: split.height, width: split.width)
    func held(_ part: ImageSplit.Part, _ purpose: String) -> (x: Tensor, y: Tensor) {
      guard angle > 0 else { return (part.x, part.y) }
      let zeros = Tensor.zeros([part.count, 1])
      let angles = RandomKey(seed: seed, purpose: purpose).normal([part.count, 1])
      return (
        augmentation.turned(
          part.x, angle: angles * (angle * Double.pi / 180), down: zeros, right: zeros), part.y
      )
    }
    let validation = held(split.validation, "validation angles")
    test = held(split.test, "test angles")
    let network = MultilayerPerceptron(
      [split.pixels, settings.units, split.classes], activation: .tanh,
      key: RandomKey(seed: seed, purpose: "weights"))
    let (train, rate) = (split.train, settings.rate)
    let rows = try Batches.shuffled(count: train.count, size: settings.batch, seed: seed)
    problem = Problem(
      steps: settings.steps,
      batches: Batches { step in
        let key = RandomKey(seed: seed, purpose: "augmentation", index: UInt64(step))
        return Pair(try rows.batch(step), key.tensor)
      },
      weights: { _ in network },
      optimizer: { _, _ in .momentum(rate: .init(rate), momentum: 0.9) },
      loss: { network, strengths, batch in
        func strength(_ place: Int) -> Tensor {
          strengths.sliced(axis: 0, place..<(place + 1)).reshaped([])
        }
        let x = augmentation(
          train.x.gathered(at: batch.first),
          .init(rotation: strength(0), shift: strength(1), noise: strength(2)), key: batch.second)
        return Loss.crossEntropy(network(x), labels: train.y.gathered(at: batch.first))
      },
      outer: { network, _ in Loss.crossEntropy(network(validation.x), labels: validation.y) })
  }

  /// The problem in the logarithms of the strengths: `minimize` updates them, and the chain rule is applied
  /// here.
  func learn(_ context: ExperimentContext) throws -> Run {
    let first = Tensor([settings.rotation, settings.shift, settings.noise], dtype: .float32)
    let reverse = try problem.hypergradient(at: first, by: .reverse).gradient
    let forward = try problem.hypergradient(at: first, by: .forward).gradient
    let difference = try
      (((reverse - forward) * first).square().sum()
      / (forward * first).square().sum()).item()
    let loop = OuterLoop<Tensor>(.adam(rate: .init(settings.outerRate)))
    var state = try loop.start(at: log(first))
    var path: [[Double]] = []
    for _ in 0..<settings.updates {
      try context.continueOrStop()
      let strengths = exp(state.hyper)
      path.append(try strengths.doubles())
      let slope = try problem.hypergradient(at: strengths, by: .reverse).gradient
      state = try loop.step(state, along: slope * strengths)
    }
    return Run(
      without: try outcome(Tensor.zeros([3])), start: try outcome(first),
      learned: try outcome(exp(state.hyper)), path: path, modesError: difference.squareRoot())
  }

  private func outcome(_ strengths: Tensor) throws -> Outcome {
    let network = try problem.solve(at: strengths).state.weights
    let logits = network(test.x)
    return Outcome(
      strengths: try strengths.doubles(),
      testLoss: try Loss.crossEntropy(logits, labels: test.y).item(),
      testError: 100 * (1 - (try Loss.accuracy(logits, labels: test.y).item())))
  }

  /// The first training images of a split with given strengths.
  static func examples(
    _ split: ImageSplit, _ strengths: [Double], count: Int
  ) throws -> [[Float]] {
    let augmentation = ImageAugmentation(height: split.height, width: split.width)
    let x = split.train.x.sliced(axis: 0, 0..<Swift.min(count, split.train.count))
    func strength(_ place: Int) -> Tensor { Tensor(strengths[place], dtype: .float32) }
    let pictures = try augmentation(
      x, .init(rotation: strength(0), shift: strength(1), noise: strength(2)),
      key: RandomKey(seed: 0, purpose: "shown").tensor
    ).scalars(Float.self)
    return stride(from: 0, to: pictures.count, by: split.pixels).map {
      Array(pictures[$0..<($0 + split.pixels)])
    }
  }
}

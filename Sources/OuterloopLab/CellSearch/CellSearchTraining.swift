internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopLearning
internal import OuterloopNumerics

/// One seed of the cell search: searches by first and second order, and a control of random cells.
struct CellSearchTraining {
  /// A search, and the performance of its cell.
  struct Search: Codable, Sendable {
    /// Weights of the operations, by edge: at some updates, the start and the end included.
    var stages: [[[Double]]]
    /// The validation loss before each update.
    var losses: [Double]
    var cell: Cell
  }

  /// A discrete cell trained from scratch.
  struct Cell: Codable, Sendable {
    var genotype: Genotype
    var validationLoss, testLoss, testError: Double
  }

  struct Run: Codable, Sendable {
    var second, first: Search
    var random: [Cell]
    /// How far the difference of two gradients is from the exact product, by radius: the norm of the error over that of
    /// the second-order term.
    var differenceErrors: [Double]
    /// The difference of reverse and forward mode on one step, relative to the second-order term.
    var modesError: Double
  }

  /// Norms of the finite difference step in weight space.
  static let radii = [0.1, 0.01, 0.001, 0.0001]

  private typealias Problem = BilevelProblem<TrainingState<CellNetwork>, Tensor, Tensor>
  private let settings: CellSearchExperiment
  private let split: ImageSplit
  private let seed: UInt64

  init(_ settings: CellSearchExperiment, _ parts: DataParts, seed: UInt64) throws {
    self.settings = settings
    split = try ImageSplit(parts, settings.sizes, seed: seed)
    self.seed = seed
  }

  private func pictures(_ part: ImageSplit.Part) -> Tensor {
    part.x.reshaped([part.count, split.height, split.width, 1])
  }

  private func network(_ purpose: String) throws -> CellNetwork {
    try CellNetwork(
      channels: settings.channels, nodes: settings.nodes, classes: split.classes,
      key: RandomKey(seed: seed, purpose: purpose))
  }

  private var optimizer: Optimizer { .momentum(rate: .init(settings.rate), momentum: 0.9) }

  func run(_ context: ExperimentContext) throws -> Run {
    let (x, y) = (pictures(split.train), split.train.y)
    let (held, heldLabels) = (pictures(split.validation), split.validation.y)
    let (start, optimizer) = (try network("search weights"), optimizer)
    let problem = Problem(
      steps: settings.every * settings.updates,
      batches: try .shuffled(count: split.train.count, size: settings.batch, seed: seed),
      weights: { _ in start }, optimizer: { _, _ in optimizer },
      loss: { network, logits, rows in
        let weights = SimplexRelaxation()(logits)
        return Loss.crossEntropy(
          network(x.gathered(at: rows), weights: weights), labels: y.gathered(at: rows))
      },
      outer: { network, logits in
        Loss.crossEntropy(
          network(held, weights: SimplexRelaxation()(logits)), labels: heldLabels)
      })
    let second = try search(problem, start.cell, by: .oneStep, context)
    let first = try search(problem, start.cell, by: .firstOrder, context)
    let random = try (0..<settings.controls).map { index in
      try train(randomGenotype(index), context)
    }
    // Both after the same first step of training.
    let logits = start.cell.startingLogits(key: RandomKey(seed: seed, purpose: "logits"))
    var short = problem.dynamics
    short.steps = 1
    let once = Problem(dynamics: short) { state, logits in
      Loss.crossEntropy(
        state.weights(held, weights: SimplexRelaxation()(logits)), labels: heldLabels)
    }
    let exact = try once.hypergradient(at: logits, by: .oneStep)
    let term = try (exact.gradient - exact.direct).square().sum().item().squareRoot()
    let errors = try Self.radii.map { radius in
      let difference = try once.hypergradient(at: logits, by: .finiteDifference(radius: radius))
      return try (exact.gradient - difference.gradient).square().sum().item().squareRoot() / term
    }
    let forward = try once.hypergradient(at: logits, by: .forward).gradient
    let modesError = try (exact.gradient - forward).square().sum().item().squareRoot() / term
    return Run(
      second: second, first: first, random: random, differenceErrors: errors,
      modesError: modesError)
  }

  private func search(
    _ problem: Problem, _ cell: ArchitectureCell, by estimator: Estimator,
    _ context: ExperimentContext
  ) throws -> Search {
    let logits = cell.startingLogits(key: RandomKey(seed: seed, purpose: "logits"))
    func weights(_ logits: Tensor) throws -> [[Double]] {
      let values = try SimplexRelaxation()(logits).doubles()
      let count = CellNetwork.candidates.count
      return stride(from: 0, to: values.count, by: count).map { Array(values[$0..<($0 + count)]) }
    }
    var (stages, losses) = ([try weights(logits)], [Double]())
    let shown = [settings.updates / 3, 2 * settings.updates / 3, settings.updates]
    let end = try problem.minimize(
      from: logits, by: estimator, updates: settings.updates,
      with: OuterLoop(.adam(rate: .init(settings.outerRate))),
      training: .online(every: settings.every, trainings: 1)
    ) { progress in
      try context.continueOrStop()
      losses.append(progress.loss)
      if shown.contains(progress.update) { stages.append(try weights(progress.hyper)) }
      return true
    }.hyper
    let genotype = try cell.genotype(weights: SimplexRelaxation()(end))
    return Search(stages: stages, losses: losses, cell: try train(genotype, context))
  }

  private func randomGenotype(_ index: Int) -> Genotype {
    var draws = RandomKey(seed: seed, purpose: "random cell", index: UInt64(index))
      .bits(4 * settings.nodes)[...]
    func draw(_ count: Int) -> Int { Int(draws.removeFirst() % UInt32(count)) }
    return Genotype(
      inputs: 1,
      nodes: (0..<settings.nodes).map { node in
        // Two distinct sources, where there are two.
        let first = draw(node + 1)
        let second = (first + 1 + draw(Swift.max(node, 1))) % (node + 1)
        let sources = node == 0 ? [0] : [first, second].sorted()
        return sources.map {
          Genotype.Edge(source: $0, operation: CellNetwork.candidates[1 + draw(4)])
        }
      })
  }

  /// Trains a discrete cell from new weights.
  private func train(_ genotype: Genotype, _ context: ExperimentContext) throws -> Cell {
    try context.continueOrStop()
    let (x, y) = (pictures(split.train), split.train.y)
    let (held, heldLabels) = (pictures(split.validation), split.validation.y)
    let (start, optimizer) = (try network("final weights"), optimizer)
    let problem = Problem(
      steps: settings.finalSteps,
      batches: try .shuffled(count: split.train.count, size: settings.batch, seed: seed),
      weights: { _ in start }, optimizer: { _, _ in optimizer },
      loss: { network, _, rows in
        Loss.crossEntropy(
          network(x.gathered(at: rows), genotype: genotype), labels: y.gathered(at: rows))
      },
      outer: { network, _ in
        Loss.crossEntropy(network(held, genotype: genotype), labels: heldLabels)
      })
    let result = try problem.solve(at: Tensor([0], dtype: .float32))
    let logits = result.state.weights(pictures(split.test), genotype: genotype)
    return Cell(
      genotype: genotype, validationLoss: result.loss,
      testLoss: try Loss.crossEntropy(logits, labels: split.test.y).item(),
      testError: 100 * (1 - (try Loss.accuracy(logits, labels: split.test.y).item())))
  }
}

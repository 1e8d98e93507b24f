internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopLearning
internal import OuterloopNumerics
internal import OuterloopStudy

/// Networks by their numbers of layers and units, each trained once: the objective of a search among
/// them.
struct ArchitectureTable: Sendable {
  /// The results of an architecture.
  struct Entry: Codable, Sendable {
    /// Error rates on validation and test digits, averaged over the trainings.
    var error, testError: Double
    /// The cost of one example: microseconds if timed, otherwise thousands of operations.
    var inference: Double
  }

  let space: SearchSpace
  private let units: [Int]
  private let entries: [[Int]: Entry]

  /// - Parameter entries: by the units of each layer.
  init(units: [Int], layers: Int, entries: [[Int]: Entry]) throws {
    self.units = units
    self.entries = entries
    var space = SearchSpace()
    _ = try space.int("layers", 1...layers)
    for layer in 1...layers {
      try space.add(
        ParameterDeclaration(
          "units\(layer)", .ordinal(units.map { .int($0) }),
          if: layer == 1 ? nil : "layers >= \(layer)"))
    }
    self.space = space
  }

  /// All architectures, small ones first.
  static func architectures(units: [Int], layers: Int) -> [[Int]] {
    var all: [[Int]] = []
    var last: [[Int]] = [[]]
    for _ in 0..<layers {
      last = last.flatMap { stem in units.map { stem + [$0] } }
      all += last
    }
    return all
  }

  subscript(_ assignment: Assignment) -> Entry? {
    let layers = Int(assignment["layers"]?.number ?? 1)
    let widths = (1...layers).map { Int(assignment["units\($0)"]?.number ?? 0) }
    return entries[widths]
  }

  var all: [Entry] {
    entries.keys.sorted { $0.lexicographicallyPrecedes($1) }.compactMap { entries[$0] }
  }

  /// Thousands of operations for one example: two for each weight, and a fixed cost per layer.
  static func operations(_ sizes: [Int]) -> Double {
    zip(sizes, sizes.dropFirst()).reduce(0) { $0 + 2 * Double($1.0 * $1.1) + 500 } / 1_000
  }

  /// Trains an architecture several times with different initial weights.
  static func train(
    _ widths: [Int], _ split: ImageSplit, settings: ModelSelectionExperiment
  ) throws -> Entry {
    let sizes = [split.pixels] + widths + [split.classes]
    let (train, held, test) = (split.train, split.validation, split.test)
    var (error, testError): (Double, Double) = (0, 0)
    var network = MultilayerPerceptron(sizes, key: RandomKey(seed: 0))
    let problem = BilevelProblem<TrainingState<MultilayerPerceptron>, MultilayerPerceptron, Tensor>(
      steps: settings.steps,
      batches: try .shuffled(count: train.count, size: settings.batch, seed: 0),
      weights: { $0 }, optimizer: { _, _ in .adam(rate: .init(settings.rate)) },
      loss: { network, _, rows in
        Loss.crossEntropy(
          network(train.x.gathered(at: rows)), labels: train.y.gathered(at: rows))
      },
      outer: { network, _ in Loss.crossEntropy(network(held.x), labels: held.y) })
    for repetition in 0..<settings.repetitions {
      let start = MultilayerPerceptron(
        sizes, activation: .relu,
        key: RandomKey(seed: UInt64(repetition), purpose: "architecture"))
      network = try problem.solve(at: start).state.weights
      error += 1 - Double(try Loss.accuracy(network(held.x), labels: held.y).item())
      testError += 1 - Double(try Loss.accuracy(network(test.x), labels: test.y).item())
    }
    let count = Double(settings.repetitions)
    return Entry(
      error: error / count, testError: testError / count,
      inference: settings.timings == 0
        ? operations(sizes) : try microseconds(network, test.x, repeats: settings.timings))
  }

  /// Microseconds for one example, in batches of all test examples: compiled, warm, the median of some passes.
  private static func microseconds(
    _ network: MultilayerPerceptron, _ x: Tensor, repeats: Int
  ) throws -> Double {
    let pass = Compiled { (network: MultilayerPerceptron) in network(x) }
    for _ in 0..<3 { _ = try pass(network) }
    let seconds = try (0..<repeats).map { _ in
      let start = ContinuousClock.now
      _ = try pass(network)
      return start.duration(to: .now) / .seconds(1)
    }
    return 1e6 * Repetitions(values: seconds).median / Double(x.shape[0])
  }
}

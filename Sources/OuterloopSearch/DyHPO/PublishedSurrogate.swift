internal import OuterloopNumerics

/// The deep kernel as the published code trains it: from new random parameters for 1000 steps at each of the first ten
/// updates, for 50 steps from its last parameters later, with Adam reset each time. It starts from new parameters again
/// after a failed training, whose parameters are dropped, and when `isStale` is set. A single row is not trained on.
struct PublishedSurrogate: Sendable {
  let network: KernelNetwork
  let programs: NetworkPrograms
  private(set) var deep: DeepKernel
  private let seed: UInt64
  private let steps: Int
  private var updates = 0
  private var restarts = true

  static let fullUpdates = 10
  /// The number of steps from new parameters per refinement step.
  static let refining = 20
  static let rate = 1e-3
  static let noiseFloor = 1e-4

  /// - Parameters:
  ///   - width: the length of an encoded configuration.
  ///   - steps: from new parameters: 1000 as published.
  init(width: Int, seed: UInt64, steps: Int) {
    self.steps = steps
    network = KernelNetwork(inputs: width + 1, norm: .batch)
    programs = NetworkPrograms(network)
    self.seed = seed
    deep = Self.untrained(network, network.initial(Self.key(seed, 0)))
  }

  private static func key(_ seed: UInt64, _ update: Int) -> RandomKey {
    RandomKey(seed: seed, purpose: "dyhpo-published", index: UInt64(update))
  }

  /// All of the process's raw parameters are 0.
  static func untrained(_ network: KernelNetwork, _ weights: [Double]) -> DeepKernel {
    DeepKernel(network, weights, kernel: FeatureKernel([0, 0, 0, 0], noiseFloor: noiseFloor))
  }

  /// - Parameter isStale: whether the search has stagnated.
  /// - Returns: the losses before the steps.
  /// - Throws: `BLASError` if there is no linear algebra library.
  @discardableResult
  mutating func update(
    _ rows: NetworkRows, outputs: [Double], isStale: Bool
  ) throws -> [Double] {
    updates += 1
    if isStale { restarts = true }
    let before = deep
    let steps = restarts ? steps : max(steps / Self.refining, 1)
    if restarts {
      deep = Self.untrained(network, network.initial(Self.key(seed, updates)))
      if updates >= Self.fullUpdates { restarts = false }
    }
    guard rows.count > 1 else { return [] }
    let training = try deep.train(
      programs, rows, outputs: outputs, steps: steps, rate: Self.rate)
    if training.ending == .broken {
      restarts = true
      deep = before
    }
    return training.losses
  }
}

internal import OuterloopNumerics
internal import OuterloopStudy

/// The deep kernel of a study: trained when a fit is due (`FitSchedule`), from scratch at anchors and otherwise from
/// the end of the last anchor, so that a replay of a study reproduces the same parameters with two trainings.
struct DeepKernelFits: Sendable {
  struct Fit: Sendable {
    var deep: DeepKernel
    /// Nil: nothing has been observed.
    var scale: LossScale?
  }

  let inputs: KernelInputs
  let programs: NetworkPrograms
  private let start: DeepKernel
  private let steps: Int
  private var fits = AnchoredFits<Fit>()

  /// Up to 12 observations, every one triggers a fit; at 240, every fortieth.
  static let schedule = FitSchedule(first: 4, density: 6)
  private static let thinning = RowThinning(limit: 200)
  private static let rate = 3e-3
  /// The number of steps from scratch per refinement step.
  private static let refining = 4
  /// The initial and the minimal noise, for values of variance 1.
  private static let noise = (start: 0.05, least: 1e-4)

  /// - Parameter steps: of a training from scratch.
  init(_ coordinates: SpaceCoordinates, epochs: Int, seed: UInt64, steps: Int) {
    self.steps = steps
    inputs = KernelInputs(coordinates, epochs: epochs)
    let network = KernelNetwork(inputs: inputs.width + 1, norm: .layer)
    programs = NetworkPrograms(network)
    let kernel = FeatureKernel(
      [0, FeatureKernel.raw(1), FeatureKernel.raw(1), FeatureKernel.raw(Self.noise.start)],
      noiseFloor: Self.noise.least)
    start = DeepKernel(
      network, network.initial(RandomKey(seed: seed, purpose: "dyhpo-network")), kernel: kernel)
  }

  /// The last fit that was due; nil if there is none yet, or if all observations are equal.
  /// - Throws: `BLASError` if there is no linear algebra library.
  /// - Complexity: O(n^3) for each of some ten trainings' steps, n at most 200, when a fit was due.
  mutating func update(_ observed: ObservedCurves) throws -> (deep: DeepKernel, scale: LossScale)? {
    let model = self
    let fit = try fits.fit(observed, from: Fit(deep: start)) { snapshot, from, isAnchor in
      try model.trained(
        snapshot.curves, from: from.deep,
        isAnchor ? model.steps : max(model.steps / Self.refining, 1))
    }
    guard let fit, let scale = fit.scale, scale.isInformative else { return nil }
    return (fit.deep, scale)
  }

  private func trained(
    _ curves: [ObservedCurve], from start: DeepKernel, _ steps: Int
  ) throws -> Fit {
    let scale = LossScale(curves)
    guard scale.isInformative else { return Fit(deep: start, scale: scale) }
    let chosen = Self.thinning.rows(curves)
    var deep = start
    let training = try deep.train(
      programs, inputs.rows(chosen, curves, scale),
      outputs: chosen.map { scale.value(curves[$0.trial].loss(at: $0.epoch)) }, steps: steps,
      rate: Self.rate)
    return Fit(deep: training.ending == .finished ? deep : start, scale: scale)
  }
}

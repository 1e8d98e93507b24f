internal import OuterloopNumerics
private import OuterloopPlatform
internal import OuterloopStudy

/// The power laws of a study: trained when a fit is due (`FitSchedule`), from scratch at anchors and otherwise from
/// the end of the last anchor, with the newest observation in every batch; so a replay of a study reproduces the same
/// parameters with two trainings.
struct PowerLawFits: Sendable {
  struct Fit: Sendable {
    var ensemble: PowerLawEnsemble
    /// Nil: nothing has been observed.
    var scale: LossScale?
  }

  let inputs: KernelInputs
  let network: PowerLawNetwork
  private let epochs: Int
  private let seed: UInt64
  private let training: Int
  private let thinning: RowThinning
  private var fits = AnchoredFits<Fit>()

  /// Up to 16 observations, every one triggers a fit; at 240, every thirtieth.
  static let schedule = FitSchedule(first: 4, density: 8)
  /// The refinement epochs for every 25 epochs from scratch: 20 of 250.
  private static let refining = 2

  init(
    _ coordinates: SpaceCoordinates, epochs: Int, seed: UInt64, _ options: DPLOptions
  ) {
    inputs = KernelInputs(coordinates, epochs: epochs)
    network = PowerLawNetwork(inputs: inputs.width)
    (self.epochs, self.seed, training) = (epochs, seed, options.training)
    thinning = RowThinning(limit: options.observations)
  }

  /// The last fit that was due; nil if there is none yet, or if all observations are equal.
  /// - Complexity: five networks' gradients for each observation and epoch, when a fit was due.
  mutating func update(
    _ observed: ObservedCurves
  ) throws -> (ensemble: PowerLawEnsemble, scale: LossScale)? {
    let start = Fit(ensemble: PowerLawEnsemble(network, seed: seed))
    let model = self
    let fit = try fits.fit(observed, from: start) { snapshot, from, isAnchor in
      try model.trained(snapshot, from: from.ensemble, isAnchor)
    }
    guard let fit, let scale = fit.scale, scale.isInformative else { return nil }
    return (fit.ensemble, scale)
  }

  private func trained(
    _ snapshot: ObservedCurves.Snapshot, from start: PowerLawEnsemble, _ isAnchor: Bool
  ) throws -> Fit {
    let curves = snapshot.curves
    let scale = LossScale(curves)
    guard scale.isInformative else { return Fit(ensemble: start, scale: scale) }
    let chosen = thinning.rows(curves)
    var rows = PowerLawRows()
    for row in chosen {
      rows.x += inputs.numbers([curves[row.trial].candidate])
      rows.logTimes.append(log(Double(row.epoch) / Double(epochs)))
      rows.y.append(scale.value(curves[row.trial].loss(at: row.epoch)))
    }
    var ensemble = start
    try ensemble.train(
      network, rows, newest: isAnchor ? nil : chosen.firstIndex(of: snapshot.newest),
      epochs: isAnchor ? training : max(training * Self.refining / 25, 1),
      key: RandomKey(
        seed: seed, purpose: isAnchor ? "dpl-anchor" : "dpl-fit", index: UInt64(snapshot.count)))
    return Fit(ensemble: ensemble, scale: scale)
  }
}

internal import OuterloopNumerics
internal import OuterloopStudy

/// The log cost of an epoch of each training: measured if the training has started, otherwise predicted from the
/// configuration by a Gaussian process.
///
/// The process is fitted to the newest trials with known cost, so that it depends only on the history.
///
/// - Complexity: a few dozen evidence evaluations with at most 64 trials.
struct EpochCosts {
  /// c_i of the paused trials, then of the new configurations: relative to the mean log cost, and 0 for all
  /// while nothing is known.
  let ofPaused, ofNew: [Double]

  /// The number of trials in the process, the newest ones.
  private static let rows = 64

  /// - Parameter weight: the weight of cost, from 0 to 1; all c_i are multiplied by it.
  init(_ choice: EpochwiseChoice, _ coordinates: SpaceCoordinates, weight: Double) throws {
    let curves = choice.observed.curves
    let known = curves.indices.filter { curves[$0].logCost != nil }.suffix(Self.rows)
    let costs = known.map { curves[$0].logCost ?? 0 }
    let (mean, deviation) = OutputTransform.moments(costs)
    var process: GaussianProcess?
    if deviation > 1e-9 {
      let outputs = costs.map { ($0 - mean) / deviation }
      let points = coordinates.points(known.map { curves[$0].candidate })
      let prior = KernelPrior(coordinates.layout)
      let fit = try KernelFit(
        Evidence(points, outputs: outputs), prior, from: [prior.mode], iterations: 20)
      process = try GaussianProcess(points, outputs: outputs, fit.parameters)
    }
    func predicted(_ candidates: [Candidate]) -> [Double] {
      guard let process, !candidates.isEmpty else { return candidates.map { _ in 0 } }
      return process.predict(coordinates.points(candidates)).means.map { weight * deviation * $0 }
    }
    let ofUnknown = predicted(choice.resting.map { curves[$0.number].candidate })
    ofPaused = zip(choice.resting, ofUnknown).map { trial, unknown in
      curves[trial.number].logCost.map { weight * ($0 - mean) } ?? unknown
    }
    ofNew = predicted(choice.new)
  }
}

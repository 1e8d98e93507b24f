private import OuterloopNumerics
internal import OuterloopStudy

/// What is fitted to the trials that have ended: hyperparameters, and whether outputs are bent.
///
/// A function of the trials alone, in the order in which they ended; what has been computed is kept.
struct SurrogateFits: Sendable {
  struct Fit: Sendable {
    var parameters: KernelParameters
    /// Whether the outputs go through the transform of Yeo and Johnson.
    var isBent: Bool
  }

  private let prior: KernelPrior
  private let schedule: FitSchedule
  /// By the number of trials: the anchors, and the last fit of all.
  private var anchors: [Int: Fit] = [:]
  private var latest: (count: Int, fit: Fit)?

  /// Beyond so many trials an anchor begins at the one before only.
  private static let manyStarts = 250

  /// Trials that a model takes.
  private let limit: Int
  private let output: ModelledOutput

  /// - Parameter shrinkage: see `KernelPrior`.
  init(
    _ output: ModelledOutput, _ layout: KernelLayout, _ schedule: FitSchedule, limit: Int,
    shrinkage: Double? = nil
  ) {
    self.output = output
    prior = KernelPrior(layout, shrinkage: shrinkage)
    self.schedule = schedule
    self.limit = limit
  }

  /// The fit that holds for all trials.
  /// - Parameter points: those of all trials.
  /// - Complexity: O(log n) fits where none is known, each O(n^3) for up to `limit` trials.
  mutating func fit(_ trials: ObservedTrials, _ points: KernelPoints) throws -> Fit {
    let count = schedule.fit(upTo: trials.count)
    if let latest, latest.count == count { return latest.fit }
    let places = schedule.anchors(upTo: count)
    var last: Fit?
    for place in places {
      let fit = try anchors[place] ?? anchor(trials, points, place, after: last)
      anchors[place] = fit
      last = fit
    }
    guard var fit = last else {
      return Fit(parameters: prior.mode, isBent: false)
    }
    if places.last != count {
      let data = rows(trials, count, isBent: fit.isBent)
      if data.isInformative {
        fit.parameters = try KernelFit(
          Evidence(points.selecting(data.places), outputs: data.outputs), prior,
          from: [fit.parameters], iterations: 20
        ).parameters
      }
    }
    latest = (count, fit)
    return fit
  }

  /// Several starts, and whether to bend: if that makes the losses more probable.
  private func anchor(
    _ trials: ObservedTrials, _ points: KernelPoints, _ count: Int, after last: Fit?
  ) throws -> Fit {
    let plain = rows(trials, count, isBent: false)
    guard plain.isInformative else {
      return last ?? Fit(parameters: prior.mode, isBent: false)
    }
    let taken = points.selecting(plain.places)
    var starts = last.map { [$0.parameters] } ?? []
    if count <= Self.manyStarts {
      starts.append(prior.mode)
      starts += (last.map { [$0.parameters] } ?? [prior.mode]).flatMap {
        [$0.stretched(by: 2), $0.stretched(by: 0.5)]
      }
    }
    let fit = try KernelFit(Evidence(taken, outputs: plain.outputs), prior, from: starts)
    let bent = rows(trials, count, isBent: true)
    guard bent.logJacobian != 0 else { return Fit(parameters: fit.parameters, isBent: false) }
    let other = try KernelFit(
      Evidence(taken, outputs: bent.outputs), prior, from: [fit.parameters])
    let isBent = other.value + bent.logJacobian > fit.value
    return Fit(parameters: isBent ? other.parameters : fit.parameters, isBent: isBent)
  }

  /// The outputs of those of the first `count` trials that a model takes.
  func rows(_ trials: ObservedTrials, _ count: Int, isBent: Bool) -> ModelledOutput.Rows {
    output.rows(trials, count, limit: limit, isBent: isBent)
  }
}

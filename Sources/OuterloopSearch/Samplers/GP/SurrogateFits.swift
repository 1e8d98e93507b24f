private import OuterloopNumerics
internal import OuterloopStudy

/// The fits to finished trials: hyperparameters, whether outputs are power-transformed, and whether
/// reported derivatives are used.
///
/// Derivatives are used if the losses are more probable given them than without, by a factor of e:
///
///     log p(losses | derivatives) > log p(losses) + 1,
///
/// each with its own hyperparameters. Before that, the derivatives along a parameter are dropped if the losses
/// are more probable without them by that factor (`Evidence.agreement`), all such at once, at most three times.
/// So derivatives that contradict the losses are not used; smaller discrepancies are absorbed by the fitted
/// noise of derivatives.
///
/// A function of the trials alone, in the order in which they ended; computed results are cached.
struct SurrogateFits: Sendable {
  struct Fit: Sendable {
    /// Without derivatives.
    var parameters: KernelParameters
    /// With derivatives; nil: none are used.
    var joint: Joint?
    /// Whether the outputs go through the transform of Yeo and Johnson.
    var isBent: Bool
  }

  struct Joint: Sendable {
    var parameters: KernelParameters
    /// Columns whose derivatives are not used.
    var leftOut: Set<DerivativeRows.Column>
  }

  private let prior: KernelPrior
  private let jointPrior: KernelPrior
  /// By the number of trials: the last anchor, and the last fit.
  private var anchor: (count: Int, fit: Fit)?
  private var latest: (count: Int, fit: Fit)?
  /// The last process, the step of the schedule at which it started, and the count of its fit.
  private var last: (step: Int, count: Int, process: GaussianProcess)?

  /// The largest number of trials in an anchor fit.
  private static let sample = 128

  /// The number of rounds in which derivatives may be dropped and the others refitted, and the required
  /// difference in the log probability of the losses.
  private static let eliminations = 3
  private static let margin = 1.0

  /// The largest number of trials in a model.
  private let limit: Int
  /// The largest number of derivatives in a model.
  private let mostDerivatives: Int
  private let output: ModelledOutput

  /// - Parameter shrinkage: see `KernelPrior`.
  init(
    _ output: ModelledOutput, _ layout: KernelLayout, _ options: GPOptions,
    shrinkage: Double? = nil
  ) {
    self.output = output
    prior = KernelPrior(layout, shrinkage: shrinkage)
    jointPrior = KernelPrior(layout, shrinkage: shrinkage, gradients: true)
    (limit, mostDerivatives) = (options.observations, options.gradients)
  }

  /// A copy without the cached processes.
  var fitsAlone: SurrogateFits {
    var result = self
    result.last = nil
    return result
  }

  /// The fit to the first `count` trials, one of the counts in the schedule.
  /// - Parameter points: those of all trials.
  /// - Complexity: a few dozen evidence evaluations with up to `limit` trials, each O(n^3).
  mutating func fit(
    _ trials: ObservedTrials, _ points: KernelPoints, at count: Int, _ schedule: FitSchedule
  ) throws -> Fit {
    if let latest, latest.count == count { return latest.fit }
    let place = schedule.anchor(upTo: count)
    if anchor?.count != place { anchor = (place, try anchor(trials, points, place)) }
    var fit = anchor?.fit ?? Fit(parameters: prior.mode, isBent: false)
    let data = rows(trials, count, isBent: fit.isBent)
    // The anchor was fitted to a sample of the trials, or to fewer.
    if data.isInformative, place != count || data.outputs.count > Self.sample {
      let all = taken(points, data, trials)
      let iterations = data.outputs.count > Self.sample ? 10 : 20
      if let joint = fit.joint {
        let derivatives = derivatives(trials, count, data, isBent: fit.isBent, joint.leftOut)
        fit.joint?.parameters = try KernelFit(
          Evidence(all, outputs: data.outputs, derivatives: derivatives), jointPrior,
          from: [joint.parameters], iterations: iterations
        ).parameters
      } else {
        fit.parameters = try KernelFit(
          Evidence(all, outputs: data.outputs), prior, from: [fit.parameters],
          iterations: iterations
        ).parameters
      }
    }
    latest = (count, fit)
    return fit
  }

  /// Fits from several starts, with and without the power transform, and keeps the more probable one. With
  /// many trials an evenly spaced sample is used.
  private func anchor(
    _ trials: ObservedTrials, _ points: KernelPoints, _ count: Int
  ) throws -> Fit {
    let data = rows(trials, count, isBent: false)
    guard data.isInformative else { return Fit(parameters: prior.mode, isBent: false) }
    let size = min(data.outputs.count, Self.sample)
    let places = (0..<size).map { $0 * data.outputs.count / size }
    let all = taken(points, data, trials).selecting(places)
    let outputs = places.map { data.outputs[$0] }
    let plain = try KernelFit(
      Evidence(all, outputs: outputs), prior,
      from: [1, 2, 0.5].map { prior.mode.stretched(by: $0) })
    var fit = Fit(parameters: plain.parameters, isBent: false)
    // Those of an earlier study, which come last, are unchanged.
    let own = Array(outputs.prefix(places.prefix { $0 < data.places.count }.count))
    if case .objective = output, let bent = YeoJohnson(fitting: own).standardized(own) {
      let other = try KernelFit(
        Evidence(all, outputs: bent.outputs + outputs.dropFirst(own.count)), prior,
        from: [plain.parameters])
      if other.value + bent.logJacobian > plain.value {
        fit = Fit(parameters: other.parameters, isBent: true)
      }
    }
    fit.joint = try joint(trials, points, count, fit)
    return fit
  }

  /// With derivatives, if these make the losses more probable.
  private func joint(
    _ trials: ObservedTrials, _ points: KernelPoints, _ count: Int, _ fit: Fit
  ) throws -> Joint? {
    let data = rows(trials, count, isBent: fit.isBent)
    let all = taken(points, data, trials)
    var joint = Joint(parameters: fit.parameters, leftOut: [])
    joint.parameters.gradientNoise = jointPrior.mode.gradientNoise
    for round in 0...Self.eliminations {
      let derivatives = derivatives(trials, count, data, isBent: fit.isBent, joint.leftOut)
      if derivatives.isEmpty { return nil }
      let evidence = Evidence(all, outputs: data.outputs, derivatives: derivatives)
      joint.parameters = try KernelFit(
        evidence, jointPrior, from: [joint.parameters], iterations: round == 0 ? 50 : 20
      ).parameters
      guard let given = try evidence.logarithmGivenDerivatives(joint.parameters),
        let agreement = try evidence.agreement(joint.parameters)
      else { return nil }
      let contradicting = agreement.filter { $0.value < -Self.margin }.keys
      if round < Self.eliminations, !contradicting.isEmpty {
        joint.leftOut.formUnion(contradicting)
        continue
      }
      let alone = try Evidence(all, outputs: data.outputs).logarithm(fit.parameters)?.value
      return alone.map { given > $0 + Self.margin } == true ? joint : nil
    }
    return nil
  }

  private func derivatives(
    _ trials: ObservedTrials, _ count: Int, _ data: ModelledOutput.Rows, isBent: Bool,
    _ leftOut: Set<DerivativeRows.Column>
  ) -> DerivativeRows {
    output.derivatives(
      trials, count, of: data.places, isBent: isBent, limit: mostDerivatives, without: leftOut)
  }

  /// The data selected from all trials, and the process on them; nil if there is none.
  ///
  /// - Parameter count: of the trials that `fit` was made of.
  /// - Complexity: O(n^2) for one more trial than the last time, O(n^3) where the schedule has a fit, for
  ///   trials with derivatives, after those of an earlier study, and with more trials than a model takes.
  mutating func process(
    _ trials: ObservedTrials, _ points: KernelPoints, _ fit: Fit, of count: Int,
    _ schedule: FitSchedule
  ) throws -> (rows: ModelledOutput.Rows, process: GaussianProcess)? {
    let data = rows(trials, trials.count, isBent: fit.isBent)
    let all = taken(points, data, trials)
    if let joint = fit.joint {
      let derivatives = derivatives(trials, trials.count, data, isBent: fit.isBent, joint.leftOut)
      let process = try GaussianProcess(
        all, outputs: data.outputs, derivatives: derivatives, joint.parameters)
      if let process { return (data, process) }
    }
    let step = schedule.fit(upTo: trials.count)
    if trials.count <= limit, trials.earlier == nil, step < trials.count,
      let process = try extended(all, data, fit, of: count, since: step)
    {
      return (data, process)
    }
    return try GaussianProcess(all, outputs: data.outputs, fit.parameters).map { (data, $0) }
  }

  /// The process built at a step of the schedule, extended by all trials since, one after another, so
  /// that results are bitwise equal to those of a replay, whatever was requested in between.
  private mutating func extended(
    _ all: KernelPoints, _ data: ModelledOutput.Rows, _ fit: Fit, of count: Int, since step: Int
  ) throws -> GaussianProcess? {
    let before = data.places.prefix { $0 < step }.count
    guard before > 0 else { return nil }
    let known = last.flatMap { $0.step == step && $0.count == count ? $0.process : nil }
    // A process that cannot be extended is not kept.
    last = nil
    guard
      let begun = try known
        ?? GaussianProcess(
          all.selecting(0..<before), outputs: Array(data.outputs[..<before]), fit.parameters),
      let process = begun.extended(
        by: all.selecting(begun.points.count..<all.count), outputs: data.outputs)
    else { return nil }
    last = (step, count, process)
    return process
  }

  /// The points in a model, those of an earlier study after the trials.
  private func taken(
    _ points: KernelPoints, _ data: ModelledOutput.Rows, _ trials: ObservedTrials
  ) -> KernelPoints {
    var taken = points.selecting(data.places)
    if case .objective = output, let earlier = trials.earlier {
      taken.append(contentsOf: earlier.points)
    }
    return taken
  }

  /// The outputs of those of the first `count` trials in a model.
  func rows(_ trials: ObservedTrials, _ count: Int, isBent: Bool) -> ModelledOutput.Rows {
    output.rows(trials, count, limit: limit, isBent: isBent)
  }
}

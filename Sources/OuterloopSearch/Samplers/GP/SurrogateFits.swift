private import OuterloopNumerics
internal import OuterloopStudy

/// What is fitted to the trials that have ended: hyperparameters, whether outputs are bent, and whether
/// reported derivatives are taken.
///
/// Derivatives are taken if the losses are more probable given them than without, by a factor of e:
///
///     log p(losses | derivatives) > log p(losses) + 1,
///
/// each with hyperparameters of its own. Before that, those by a parameter are left out without which the losses
/// are more probable by that factor (`Evidence.agreement`), all that are so at once, three times at most.
/// So what contradicts the losses is not taken; what lies between is the noise of derivatives, which is
/// fitted.
///
/// A function of the trials alone, in the order in which they ended; what has been computed is kept.
struct SurrogateFits: Sendable {
  struct Fit: Sendable {
    /// Without derivatives.
    var parameters: KernelParameters
    /// With derivatives; nil: none are taken.
    var joint: Joint?
    /// Whether the outputs go through the transform of Yeo and Johnson.
    var isBent: Bool
  }

  struct Joint: Sendable {
    var parameters: KernelParameters
    /// Columns whose derivatives are not taken.
    var leftOut: Set<DerivativeRows.Column>
  }

  private let prior: KernelPrior
  private let jointPrior: KernelPrior
  /// By the number of trials: the anchors, and the last fit of all.
  private var anchors: [Int: Fit] = [:]
  private var latest: (count: Int, fit: Fit)?
  /// The last process, the step of the schedule that it began at, and the count of its fit.
  private var last: (step: Int, count: Int, process: GaussianProcess)?

  /// Beyond so many trials an anchor begins at the one before only.
  private static let manyStarts = 250

  /// How often derivatives by some parameters are left out and the others fitted again, and by how much the
  /// probability of the losses has to differ, in its logarithm.
  private static let eliminations = 3
  private static let margin = 1.0

  /// Trials that a model takes.
  private let limit: Int
  /// Derivatives that a model takes.
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

  /// The same without what only helps to make a process.
  var fitsAlone: SurrogateFits {
    var result = self
    result.last = nil
    return result
  }

  /// The fit to the first `count` trials, one of those that the schedule has.
  /// - Parameter points: those of all trials.
  /// - Complexity: O(log n) fits where none is known, each O(n^3) for up to `limit` trials.
  mutating func fit(
    _ trials: ObservedTrials, _ points: KernelPoints, at count: Int, _ schedule: FitSchedule
  ) throws -> Fit {
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
      let all = taken(points, data, trials)
      if data.isInformative, let joint = fit.joint {
        let derivatives = derivatives(trials, count, data, isBent: fit.isBent, joint.leftOut)
        fit.joint?.parameters = try KernelFit(
          Evidence(all, outputs: data.outputs, derivatives: derivatives), jointPrior,
          from: [joint.parameters], iterations: 20
        ).parameters
      } else if data.isInformative {
        fit.parameters = try KernelFit(
          Evidence(all, outputs: data.outputs), prior, from: [fit.parameters], iterations: 20
        ).parameters
      }
    }
    latest = (count, fit)
    return fit
  }

  private func anchor(
    _ trials: ObservedTrials, _ points: KernelPoints, _ count: Int, after last: Fit?
  ) throws -> Fit {
    var fit = try plainAnchor(trials, points, count, after: last)
    fit.joint = try joint(trials, points, count, fit, after: last)
    return fit
  }

  /// With derivatives, if these make the losses more probable.
  private func joint(
    _ trials: ObservedTrials, _ points: KernelPoints, _ count: Int, _ fit: Fit, after last: Fit?
  ) throws -> Joint? {
    let data = rows(trials, count, isBent: fit.isBent)
    guard data.isInformative else { return nil }
    let all = taken(points, data, trials)
    var start = fit.parameters
    start.gradientNoise = jointPrior.mode.gradientNoise
    var joint = Joint(parameters: last?.joint?.parameters ?? start, leftOut: [])
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

  /// Several starts, and whether to bend: if that makes the losses more probable.
  private func plainAnchor(
    _ trials: ObservedTrials, _ points: KernelPoints, _ count: Int, after last: Fit?
  ) throws -> Fit {
    let plain = rows(trials, count, isBent: false)
    guard plain.isInformative else {
      return Fit(
        parameters: last?.parameters ?? prior.mode, isBent: last?.isBent ?? false)
    }
    let all = taken(points, plain, trials)
    var starts = last.map { [$0.parameters] } ?? []
    if count <= Self.manyStarts {
      starts.append(prior.mode)
      starts += (last.map { [$0.parameters] } ?? [prior.mode]).flatMap {
        [$0.stretched(by: 2), $0.stretched(by: 0.5)]
      }
    }
    let fit = try KernelFit(Evidence(all, outputs: plain.outputs), prior, from: starts)
    let bent = rows(trials, count, isBent: true)
    guard bent.logJacobian != 0 else { return Fit(parameters: fit.parameters, isBent: false) }
    let other = try KernelFit(
      Evidence(all, outputs: bent.outputs), prior, from: [fit.parameters])
    let isBent = other.value + bent.logJacobian > fit.value
    return Fit(parameters: isBent ? other.parameters : fit.parameters, isBent: isBent)
  }

  private func derivatives(
    _ trials: ObservedTrials, _ count: Int, _ data: ModelledOutput.Rows, isBent: Bool,
    _ leftOut: Set<DerivativeRows.Column>
  ) -> DerivativeRows {
    output.derivatives(
      trials, count, of: data.places, isBent: isBent, limit: mostDerivatives, without: leftOut)
  }

  /// What a model takes of all trials, and the process of these; nil if there is none.
  ///
  /// - Parameter count: of the trials that `fit` was made of.
  /// - Complexity: O(n^2) for a trial more than the last time, O(n^3) where the schedule has a fit, for trials
  ///   with derivatives, after those of an earlier study, and with more trials than a model takes.
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

  /// The process made at a step of the schedule, with all trials since, one after the other: so that the
  /// last bits are those of a replay, whatever was asked on the way.
  private mutating func extended(
    _ all: KernelPoints, _ data: ModelledOutput.Rows, _ fit: Fit, of count: Int, since step: Int
  ) throws -> GaussianProcess? {
    let before = data.places.prefix { $0 < step }.count
    guard before > 0 else { return nil }
    let known = last.flatMap { $0.step == step && $0.count == count ? $0.process : nil }
    // Nobody else holds it then, and it grows in place.
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

  /// The points of what a model takes, those of an earlier study behind the trials.
  private func taken(
    _ points: KernelPoints, _ data: ModelledOutput.Rows, _ trials: ObservedTrials
  ) -> KernelPoints {
    var taken = points.selecting(data.places)
    if case .objective = output, let earlier = trials.earlier {
      taken.append(contentsOf: earlier.points)
    }
    return taken
  }

  /// The outputs of those of the first `count` trials that a model takes.
  func rows(_ trials: ObservedTrials, _ count: Int, isBent: Bool) -> ModelledOutput.Rows {
    output.rows(trials, count, limit: limit, isBent: isBent)
  }
}

internal import OuterloopNumerics
private import OuterloopPlatform
internal import OuterloopStudy

/// The Gaussian processes of a study, one for each objective, one for each constraint and one for the cost if
/// relevant, and the acquisition function based on them.
///
/// Incumbents are means at feasible trials, and at pending trials in those draws in which they are
/// feasible. While nothing is feasible, only the probability of feasibility counts, and draws in which a
/// pending trial is feasible have little weight.
struct Surrogates: Sendable {
  private let seed: UInt64
  private let startup: Int
  private let density: Int
  private let objectives: Int
  private let constraints: Int
  private let hasCost: Bool
  /// By member of the ensemble: one, or with `saas` one for each shrinkage.
  private var members: [Fits] = []
  /// Fits to `count` trials that are being computed for later suggestions.
  private var ahead: (count: Int, members: BackgroundValue<[Fits]>)?

  private typealias Fits = [ModelledOutput: SurrogateFits]

  /// The number of draws of the results of pending trials, with one objective and with several, where
  /// each draw has its own front.
  private static let fantasies = 32
  private static let frontFantasies = 8
  /// The weight of a draw in which a pending trial is feasible, if no other trial is.
  private static let keptWeight = 0.01
  /// The largest number of pending trials, the newest ones; older ones will hardly return.
  private static let mostPending = 64

  init(_ specification: StudySpecification, _ layout: KernelLayout, _ options: GPOptions) {
    seed = specification.seed
    (startup, density) = (options.startup, options.fits)
    objectives = specification.objectives.count
    constraints = specification.constraints.count
    hasCost = specification.cost != nil
    let shrinkages: [Double?] = options.saas ? KernelPrior.shrinkages : [nil]
    for shrinkage in shrinkages {
      var fits: Fits = [:]
      for output in outputs + (hasCost ? [.cost] : []) {
        fits[output] = SurrogateFits(output, layout, options, shrinkage: shrinkage)
      }
      members.append(fits)
    }
  }

  /// The outputs that determine how good a trial is.
  private var outputs: [ModelledOutput] {
    (0..<objectives).map { .objective($0) } + (0..<constraints).map { .constraint($0) }
  }

  private func schedule(_ trials: ObservedTrials) -> FitSchedule {
    FitSchedule(first: trials.begin(startup) ?? max(trials.count, 1), density: density)
  }

  /// Starts computing the next fits of the schedule on another thread.
  mutating func fitAhead(_ trials: ObservedTrials, _ coordinates: SpaceCoordinates) {
    guard trials.count > 0, ahead == nil else { return }
    let schedule = schedule(trials)
    let count = schedule.fit(upTo: trials.count)
    guard count > schedule.used(upTo: trials.count) else { return }
    let known = members.map { $0.mapValues(\.fitsAlone) }
    let members = BackgroundValue {
      let points = coordinates.points(trials.rows.map(\.candidate))
      return try known.map { fits in
        try fits.mapValues { output in
          var output = output
          _ = try output.fit(trials, points, at: count, schedule)
          return output
        }
      }
    }
    ahead = (count, members)
  }

  /// Adopts fits that were computed ahead, if those to the first `count` trials are used now.
  private mutating func takeFits(_ count: Int) throws {
    guard let made = ahead, made.count <= count else { return }
    ahead = nil
    members = try made.members.value() ?? members
  }

  /// A process and its rows.
  private struct Model {
    var rows: ModelledOutput.Rows
    var process: GaussianProcess
  }

  /// The acquisition function; nil if the trials are not informative.
  ///
  /// - Parameters:
  ///   - costWeight: the weight of cost, from 0 to 1.
  ///   - fixed: coordinates that are fixed in candidates. The incumbent is the best of the trials that have
  ///     them too.
  mutating func acquisition(
    _ trials: ObservedTrials, _ coordinates: SpaceCoordinates, trial number: Int,
    costWeight: Double = 0, fixed: [Int: Double] = [:]
  ) throws -> (any Acquisition)? {
    let points = coordinates.points(trials.rows.map(\.candidate))
    let running = trials.pending.keys.sorted().suffix(Self.mostPending).compactMap {
      trials.pending[$0]
    }
    let pending = Pending(
      points: coordinates.points(running), isRival: running.map { $0.has(fixed) })
    let rivals = trials.rows.map { $0.candidate.has(fixed) }
    var parts: [any Acquisition] = []
    for member in members.indices {
      guard
        let part = try acquisition(
          member, trials, points, rivals: rivals, pending: pending, trial: number)
      else { return nil }
      parts.append(part)
    }
    let promise = parts.count == 1 ? parts[0] : EnsembleAcquisition(parts)
    guard hasCost, costWeight > 0, let cost = try model(.cost, 0, trials, points) else {
      return promise
    }
    return CostedAcquisition(promise, cost: cost.process, weight: costWeight * cost.rows.scale)
  }

  /// Running trials, and whether they can be incumbents.
  private struct Pending {
    var points: KernelPoints
    var isRival: [Bool]
  }

  private mutating func acquisition(
    _ member: Int, _ trials: ObservedTrials, _ points: KernelPoints, rivals: [Bool],
    pending: Pending, trial number: Int
  ) throws -> (any Acquisition)? {
    var models: [ModelledOutput: Model] = [:]
    for (place, output) in outputs.enumerated() {
      guard let model = try model(output, member, trials, points) else { continue }
      var imagined = model
      if pending.points.count > 0 {
        imagined.process = model.process.imagining(
          pending.points, normals: try normals(pending.points.count, number, output: place))
      }
      models[output] = imagined
    }
    let losses = (0..<objectives).compactMap { models[.objective($0)] }
    let limits = (0..<constraints).compactMap { models[.constraint($0)]?.process }
    return combined(losses, limits, trials, rivals: rivals, pending)
  }

  private mutating func model(
    _ output: ModelledOutput, _ member: Int, _ trials: ObservedTrials, _ points: KernelPoints
  ) throws -> Model? {
    let schedule = schedule(trials)
    let count = schedule.used(upTo: trials.count)
    try takeFits(count)
    guard var fits = members[member].removeValue(forKey: output) else { return nil }
    defer { members[member][output] = fits }
    guard fits.rows(trials, trials.count, isBent: false).isInformative else { return nil }
    let fit = try fits.fit(trials, points, at: count, schedule)
    return try fits.process(trials, points, fit, of: count, schedule).map {
      Model(rows: $0.rows, process: $0.process)
    }
  }

  /// The length-scales by group of the first objective's model, of its first member; nil before there
  /// is one.
  mutating func lengthscales(
    _ trials: ObservedTrials, _ coordinates: SpaceCoordinates
  ) throws -> [[Double]]? {
    let points = coordinates.points(trials.rows.map(\.candidate))
    let schedule = schedule(trials)
    let count = schedule.used(upTo: trials.count)
    try takeFits(count)
    guard let fit = try members[0][.objective(0)]?.fit(trials, points, at: count, schedule) else {
      return nil
    }
    return (fit.joint?.parameters ?? fit.parameters).lengthscales
  }

  /// Standard normal numbers for each draw and pending trial, evenly spread.
  private func normals(_ count: Int, _ number: Int, output: Int) throws -> [[Double]] {
    let purpose = output == 0 ? "gp-fantasies" : "gp-fantasies-\(output)"
    let sequence = try SobolSequence(
      dimensions: count,
      key: RandomKey(
        seed: seed, purpose: purpose, index: UInt64(truncatingIfNeeded: number)))
    return sequence.points(count: objectives == 1 ? Self.fantasies : Self.frontFantasies).map {
      $0.map { StandardNormal.truncatedQuantile($0, -40, 40) }
    }
  }

  private func combined(
    _ losses: [Model], _ limits: [GaussianProcess], _ trials: ObservedTrials, rivals: [Bool],
    _ pending: Pending
  ) -> (any Acquisition)? {
    let bounds = limits.map { ExpectedImprovement.Constraint($0, atMost: 0) }
    guard let first = losses.first?.process ?? limits.first else { return nil }
    let draws = first.samples
    var kept = Self.kept(limits, pending.points, draws: draws)
    let places = losses.first?.rows.places ?? []
    let feasible = places.indices.filter { trials.rows[places[$0]].violation == 0 }
    guard !losses.isEmpty, !feasible.isEmpty || limits.isEmpty else {
      guard !limits.isEmpty else { return nil }
      return ExpectedImprovement(
        first, constraints: bounds, best: nil,
        logWeights: kept.map { $0.isEmpty ? 0 : log(Self.keptWeight) })
    }
    // Where nothing is known of the constraints, all trials count.
    var counted = feasible.isEmpty ? Array(places.indices) : feasible
    let ofRivals = counted.filter { rivals[places[$0]] }
    if !ofRivals.isEmpty {
      counted = ofRivals
      kept = kept.map { $0.filter { pending.isRival[$0] } }
    }
    let fronts = Self.fronts(losses, counted, pending.points, kept)
    if losses.count == 1 {
      let best: [Double] = fronts.map { front in
        front.reduce(Double.infinity) { min($0, $1[0]) }
      }
      return ExpectedImprovement(first, constraints: bounds, best: best)
    }
    let known: [[Double]] = counted.map { row in losses.map { $0.rows.outputs[row] } }
    return HypervolumeImprovement(
      losses.map(\.process), constraints: bounds, fronts: fronts,
      reference: Self.reference(known))
  }

  /// The feasible pending trials of each draw.
  private static func kept(
    _ limits: [GaussianProcess], _ pending: KernelPoints, draws: Int
  ) -> [[Int]] {
    guard pending.count > 0 else { return [[Int]](repeating: [], count: draws) }
    let means: [[Double]] = limits.map { $0.predict(pending).means }
    return (0..<draws).map { k -> [Int] in
      (0..<pending.count).filter { i -> Bool in
        means.allSatisfy { $0[k * pending.count + i] <= 0 }
      }
    }
  }

  /// The relevant means of each draw, point by point: those of some rows, and those of pending
  /// trials.
  private static func fronts(
    _ losses: [Model], _ counted: [Int], _ pending: KernelPoints, _ kept: [[Int]]
  ) -> [[[Double]]] {
    let draws = kept.count
    let smoothed: [[Double]] = losses.map(\.process.smoothed)
    let drawn: [[Double]] =
      pending.count > 0 ? losses.map { $0.process.predict(pending).means } : []
    return (0..<draws).map { k -> [[Double]] in
      var front: [[Double]] = []
      for row in counted {
        front.append(smoothed.map { (column: [Double]) -> Double in column[row * draws + k] })
      }
      for i in kept[k] {
        front.append(drawn.map { (column: [Double]) -> Double in column[k * pending.count + i] })
      }
      return front
    }
  }

  /// The reference point: beyond the worst of the front in each objective by a fraction of the front's
  /// range, or of the range of all rows where the front has none.
  ///
  /// The rule of `ObjectivePoints.referencePoint` depends on where zero is, which is meaningless for
  /// standardised losses; all rows instead of the front, or a larger fraction, make the search explore
  /// extreme ends of the front, a smaller one neglects the ends.
  private static func reference(_ rows: [[Double]]) -> [Double] {
    let objectives = rows[0].count
    let points = ObjectivePoints(
      count: rows.count, objectives: objectives, values: rows.flatMap { $0 })
    let front = points.selecting(points.paretoFront())
    let share = objectives == 2 ? 0.3 : 0.1
    return (0..<objectives).map { j -> Double in
      var (least, most) = front.range(of: j)
      if most <= least { (least, most) = points.range(of: j) }
      return most + share * (most - least)
    }
  }
}

extension ObjectivePoints {
  /// The least and the largest value of an objective.
  fileprivate func range(of objective: Int) -> (least: Double, most: Double) {
    var (least, most) = (Double.infinity, -Double.infinity)
    for point in 0..<count {
      least = Swift.min(least, self[point, objective])
      most = Swift.max(most, self[point, objective])
    }
    return (least, most)
  }
}

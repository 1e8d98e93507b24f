internal import OuterloopStudy

/// The common part of CMA-ES and CatCMA as samplers: the fold over a study's events.
///
/// Every proposal is a draw from the current distribution. A result counts in the generation that is
/// current when it arrives, whichever distribution its point was drawn from: lambda results complete a
/// generation, update the distribution, and start the next. So any number of workers is kept busy and no
/// result is discarded. Points of an earlier distribution, and enqueued ones, are *injected*: their steps
/// are shortened to a length that the distribution would hardly exceed (see `CovarianceAdaptation.update`).
/// With 5 to 20 workers this reaches in 300 trials what ignoring them reaches in 500 or more.
///
/// - A draw is reconstructed from its event: the trial's stream is applied to the distribution that was
///   current at the revision seen by the event. So gridded and inactive coordinates keep their drawn
///   positions.
/// - Inactive coordinates are drawn like others and are no part of the configuration; the distribution drifts
///   randomly along them, since they do not affect results.
/// - Failures caused by the configuration rank worst in a generation; before them infeasible trials, by
///   violation, and before those pruned ones. A generation of only failures changes nothing. Lost and cancelled
///   trials do not count.
/// - Before the first proposal, other results (enqueued trials) determine the initial distribution
///   (`WarmStart`).
/// - Late results of a run that ended with a restart do not count in the next one.
struct DistributionSearch: Sendable {
  struct Options: Sendable {
    /// 0: the default.
    var population = 0
    var startup = 0
    var restarts = true
  }

  /// Makes the initial distribution of a run.
  typealias InitialDistribution =
    @Sendable (CMAParameters, [CoordinateGrid?], RunStart) ->
    SpaceDistribution.Numbers

  /// The origin of a trial's point.
  private struct Pending: Sendable {
    /// The point as drawn; nil if it was not drawn from a known distribution.
    var point: SpaceDistribution.Point?
    var generation: Int
    var run: Int
  }

  private struct Snapshot: Sendable {
    var revision: Int
    var generation: Int
    var run: Int
    var distribution: SpaceDistribution
  }

  private struct Cached: Sendable {
    var number: Int
    var generation: Int
    var assignment: Assignment
    var point: SpaceDistribution.Point
  }

  private let layout: CoordinateLayout
  private let specification: StudySpecification
  private let seed: UInt64
  private let options: Options
  private let initialDistribution: InitialDistribution
  private var tried: TriedConfigurations
  private var restarts: Restarts
  private var stopTest: StopTest?
  /// Distributions, the newest last; empty before the first proposal.
  private var snapshots: [Snapshot] = []
  private var members: [SpaceDistribution.Member] = []
  private var pending: [Int: Pending] = [:]
  /// Results before the first proposal, with the revisions at which they arrived.
  private var prior: [(revision: Int, trial: RankedTrial, assignment: Assignment)] = []
  private var lastDraw: Cached?

  /// Proposals may be at most this many generations old.
  private static let mostSnapshots = 16
  /// The largest number of draws for an allowed, new configuration.
  private static let mostDraws = 64

  init(
    _ specification: StudySpecification, _ options: Options, pairsAreChoices: Bool,
    initialDistribution: @escaping InitialDistribution
  ) {
    layout = CoordinateLayout(specification.space, pairsAreChoices: pairsAreChoices)
    self.specification = specification
    seed = specification.seed
    self.options = options
    self.initialDistribution = initialDistribution
    tried = TriedConfigurations(specification.space)
    let dimensions = layout.grids.count + layout.choiceCounts.count
    restarts = Restarts(
      population: options.population > 0
        ? options.population : CMAParameters.standardPopulation(dimensions),
      seed: seed)
  }

  // MARK: The fold

  mutating func observe(_ event: Event, in history: History) {
    tried.observe(event)
    switch event.kind {
    case .enqueued:
      pending[event.trial] = Pending(point: nil, generation: -1, run: restarts.run.number)
    case .suggested(let assignment, _, let seen):
      pending[event.trial] = origin(of: assignment, trial: event.trial, seen: seen)
    case .finished:
      let trial = history.trials[event.trial]
      guard let origin = pending.removeValue(forKey: event.trial),
        let ranked = RankedTrial(trial, specification)
      else { return }
      if snapshots.isEmpty {
        prior.append((event.revision, ranked, trial.assignment))
      } else {
        take(ranked, trial.assignment, origin, at: event.revision)
      }
    default: break
    }
  }

  /// How the point of a proposal was drawn.
  private mutating func origin(of assignment: Assignment, trial: Int, seen: Int) -> Pending {
    if trial < options.startup {
      return Pending(point: nil, generation: -1, run: restarts.run.number)
    }
    if snapshots.isEmpty { begin(seen: seen) }
    let snapshot = snapshots.last { $0.revision <= seen } ?? snapshots[0]
    if let lastDraw, lastDraw.number == trial, lastDraw.generation == snapshot.generation,
      lastDraw.assignment == assignment
    {
      return Pending(point: lastDraw.point, generation: snapshot.generation, run: snapshot.run)
    }
    var draws = Draws(seed: seed, .population, trial: trial)
    for _ in 0..<Self.mostDraws {
      let point = snapshot.distribution.draw(&draws)
      if self.assignment(of: point, in: snapshot.distribution) == assignment {
        return Pending(point: point, generation: snapshot.generation, run: snapshot.run)
      }
    }
    return Pending(point: nil, generation: -1, run: snapshot.run)
  }

  private mutating func take(
    _ ranked: RankedTrial, _ assignment: Assignment, _ origin: Pending, at revision: Int
  ) {
    guard let current = snapshots.last, origin.run == current.run else { return }
    let point =
      origin.point ?? current.distribution.point(of: layout.positions(of: assignment))
    members.append(
      SpaceDistribution.Member(
        point: point, rank: ranked.rank,
        loss: ranked.violation > 0 ? .infinity : ranked.losses?[0] ?? .infinity,
        isInjected: origin.generation != current.generation))
    restarts.count()
    if members.count == restarts.run.population { close(current, at: revision) }
  }

  private mutating func close(_ current: Snapshot, at revision: Int) {
    defer { members.removeAll(keepingCapacity: true) }
    guard members.contains(where: { $0.rank < .failed }) else { return }
    var next = current
    next.revision = revision
    next.generation += 1
    next.distribution.update(members)
    if options.restarts, isOver(next.distribution) {
      var draws = restarts.restart()
      next.run = restarts.run.number
      let mean = layout.grids.map { _ in draws.next() }
      next.distribution = distribution(.place(mean, stepFactor: restarts.run.stepFactor))
      stopTest = next.distribution.gaussian.map { StopTest($0) }
    }
    snapshots.append(next)
    if snapshots.count > Self.mostSnapshots { snapshots.removeFirst() }
  }

  private mutating func isOver(_ distribution: SpaceDistribution) -> Bool {
    guard let gaussian = distribution.gaussian else { return false }
    let losses = members.map(\.loss)
    let isDone = stopTest?.isDone(losses: losses, gaussian) ?? false
    return isDone || restarts.run.trials >= restarts.run.limit
  }

  // MARK: Starts

  private mutating func begin(seen: Int) {
    let first = firstDistribution(seen: seen)
    stopTest = first.gaussian.map { StopTest($0) }
    snapshots = [
      Snapshot(revision: 0, generation: 0, run: restarts.run.number, distribution: first)
    ]
    prior = []
  }

  private func firstDistribution(seen: Int) -> SpaceDistribution {
    let known = prior.enumerated().filter { $0.element.revision <= seen }
      .filter { $0.element.trial.losses != nil }
      .sorted { ($0.element.trial.rank, $0.offset) < ($1.element.trial.rank, $1.offset) }
    let start = WarmStart(known.map { layout.positions(of: $0.element.assignment).places })
    return distribution(start.map { .warm($0) } ?? .middle)
  }

  private func distribution(_ start: RunStart) -> SpaceDistribution {
    let (population, count) = (restarts.run.population, layout.grids.count)
    let numbers =
      count == 0
      ? nil
      : initialDistribution(
        CMAParameters(dimensions: count, population: population), layout.grids, start)
    return SpaceDistribution(
      numbers,
      ChoiceDistribution(counts: layout.choiceCounts, discrete: max(layout.discreteCount, 1)),
      population: population)
  }

  // MARK: Proposals

  mutating func suggest(_ number: Int, in history: History) throws -> Assignment? {
    if try tried.isDone() { return nil }
    if number >= options.startup {
      let snapshot =
        snapshots.last
        ?? Snapshot(
          revision: 0, generation: 0, run: 0,
          distribution: firstDistribution(seen: history.revision))
      if let found = draw(number, from: snapshot) { return found }
    }
    var draws = Draws(seed: seed, .startup, trial: number)
    return try tried.draw(&draws)
  }

  private mutating func draw(_ number: Int, from snapshot: Snapshot) -> Assignment? {
    var draws = Draws(seed: seed, .population, trial: number)
    var last: SpaceDistribution.Point?
    for _ in 0..<Self.mostDraws {
      let point = snapshot.distribution.draw(&draws)
      guard let assignment = assignment(of: point, in: snapshot.distribution) else {
        last = last ?? point
        continue
      }
      if !tried.contains(assignment) {
        lastDraw = Cached(
          number: number, generation: snapshot.generation, assignment: assignment, point: point)
        return assignment
      }
    }
    return last.flatMap { point in
      layout.repaired(
        snapshot.distribution.places(of: point), point.choices.map { $0 ?? 0 }, seed: seed,
        trial: number, &tried)
    }
  }

  private func assignment(
    of point: SpaceDistribution.Point, in distribution: SpaceDistribution
  ) -> Assignment? {
    layout.assignment(distribution.places(of: point), point.choices.map { $0 ?? 0 })
  }
}

public import OuterloopStudy

/// The options of Hyperband.
public struct HyperbandOptions: Sendable, Hashable {
  /// The reduction factor: one in this many trials of a rung is promoted.
  public var factor = 3
  /// The smallest number of epochs of the first rung.
  public var least = 1

  public init() {}
}

extension HyperbandOptions: RungOptions {
  /// Parses the options of a description.
  /// - Throws: `StudyError` for an unknown name, and a value of another kind or out of range.
  public init(_ given: [String: ParameterValue]) throws { try self.init(reading: given) }

  static let owner = "hyperband"
  static let declarations: [MethodOption<Self>] = rungDeclarations
}

/// The options of successive halving.
public struct HalvingOptions: Sendable, Hashable {
  /// The reduction factor: one in this many trials of a rung is promoted.
  public var factor = 3
  /// The smallest number of epochs of the first rung.
  public var least = 1

  public init() {}
}

extension HalvingOptions: RungOptions {
  /// Parses the options of a description.
  /// - Throws: `StudyError` for an unknown name, and a value of another kind or out of range.
  public init(_ given: [String: ParameterValue]) throws { try self.init(reading: given) }

  static let owner = "halving"
  static let declarations: [MethodOption<Self>] = rungDeclarations
}

/// Synchronous successive halving, one bracket after another: Hyperband (Li et al. 2018, Algorithm 1)
/// cycles through all brackets, successive halving (Jamieson and Talwalkar 2016) repeats the first one.
///
/// When every trial of a rung has reached it or failed, the best n_(i+1) of them are promoted and the others
/// are pruned. Trials are ranked by their values at the rung, ties by number. A worker that would have to wait
/// for a rung starts the next bracket. The bracket of a trial follows from how many were suggested before it;
/// enqueued configurations belong to none.
///
/// A rung is completed with fewer trials than planned when no new trial may start: at the end of the
/// budget or of the space.
///
/// - Complexity: a proposal is O(n log n) for n trials in the brackets that are open.
struct BracketScheduler: Scheduler {
  private let brackets: [Bracket]
  private var results: RungResults
  /// The started brackets, in order.
  private var begun: [Open] = []
  /// The brackets before this one are complete.
  private var firstOpen = 0

  private struct Open: Sendable {
    var bracket: Bracket
    /// By rung: the trials assigned to it.
    var trials: [[Int]]

    var isFull: Bool { trials[0].count >= bracket.sizes[0] }
  }

  init(_ specification: StudySpecification, _ brackets: [Bracket]) {
    self.brackets = brackets
    let epochs = Set(brackets.flatMap(\.epochs)).sorted()
    results = RungResults(epochs, specification)
  }

  mutating func observe(_ event: Event, in history: History) {
    results.observe(event, in: history)
    switch event.kind {
    case .suggested:
      let place = nextBracket
      if place == begun.count { begun.append(opened(place)) }
      begun[place].trials[0].append(event.trial)
    case .continued(let through, _):
      for place in firstOpen..<begun.count where begun[place].trials[0].contains(event.trial) {
        guard let rung = begun[place].bracket.epochs.firstIndex(of: through) else { return }
        begun[place].trials[rung].append(event.trial)
      }
    default: break
    }
    while firstOpen < begun.count, isDone(begun[firstOpen], history) { firstOpen += 1 }
  }

  private func opened(_ place: Int) -> Open {
    let bracket = brackets[place % brackets.count]
    return Open(bracket: bracket, trials: bracket.epochs.map { _ in [] })
  }

  /// The bracket that the next new trial belongs to.
  private var nextBracket: Int {
    if let last = begun.last, !last.isFull { begun.count - 1 } else { begun.count }
  }

  /// The first rung of the next new trial, as a rung of the bracket with the most rungs.
  var firstRungOfNewTrial: Int {
    let place = nextBracket
    let bracket = place < begun.count ? begun[place].bracket : brackets[place % brackets.count]
    return brackets[0].epochs.count - bracket.epochs.count
  }

  private func isDone(_ open: Open, _ history: History) -> Bool {
    open.isFull && open.trials[0].allSatisfy { history.trials[$0].state.isFinished }
  }

  mutating func propose(
    _ number: Int?, in history: History, suggest: (Int) throws -> Assignment?
  ) throws -> Proposal {
    if let next = next(history, mayBegin: number != nil) { return next }
    if let number, let assignment = try suggest(number) {
      let bracket = nextBracket < begun.count ? begun[nextBracket] : opened(nextBracket)
      return .start(assignment, through: bracket.bracket.epochs[0])
    }
    if let next = next(history, mayBegin: false) { return next }
    return history.runningCount + history.claimableCount > 0 ? .wait : .exhausted
  }

  /// The next decision about the trials of a complete rung.
  private func next(_ history: History, mayBegin: Bool) -> Proposal? {
    for open in begun[firstOpen...] {
      guard open.isFull || !mayBegin else { continue }
      for (rung, trials) in open.trials.enumerated().dropLast() where !trials.isEmpty {
        let epoch = open.bracket.epochs[rung]
        guard let place = results.epochs.firstIndex(of: epoch),
          trials.allSatisfy({ hasEnded(history.trials[$0], epoch) })
        else { break }
        let ranked = results.ordered(trials, onRung: place)
        let sound = ranked.filter {
          results.results[place][$0]?.values != nil && history.trials[$0].state.reason == nil
        }
        let size = mayBegin ? open.bracket.sizes[rung + 1] : share(of: trials, in: open, rung)
        let best = Set(sound.prefix(max(1, size)))
        for trial in ranked where history.trials[trial].state == .paused {
          guard history.trials[trial].through <= epoch else { continue }
          return best.contains(trial)
            ? .advance(trial: trial, through: open.bracket.epochs[rung + 1])
            : .prune(trial: trial)
        }
      }
    }
    return nil
  }

  /// How many of a rung's trials are promoted if the bracket is smaller than planned.
  private func share(of trials: [Int], in open: Open, _ rung: Int) -> Int {
    let sizes = open.bracket.sizes
    return open.isFull ? sizes[rung + 1] : trials.count * sizes[rung + 1] / sizes[rung]
  }

  /// Whether a trial needs no more training up to this epoch.
  private func hasEnded(_ trial: Trial, _ epoch: Int) -> Bool {
    trial.state.isFinished || trial.through > epoch
      || (trial.state == .paused && !trial.isClaimable)
  }

  mutating func verdict(on trial: Int, in history: History) -> Verdict { .goOn }
}

extension SchedulerKind {
  static let hyperband = SchedulerKind(
    HyperbandOptions.self,
    "brackets of successive halving, from many trials with few epochs to few with all"
  ) { .hyperband($0) }

  static let halving = SchedulerKind(
    HalvingOptions.self,
    "successive halving: when a rung is full, the best third of it is promoted"
  ) { .halving($0) }
}

extension SchedulerMethod {
  /// Hyperband.
  public static func hyperband(_ options: HyperbandOptions = HyperbandOptions())
    -> SchedulerMethod
  {
    brackets(options) { $0 }
  }

  /// Successive halving.
  public static func halving(_ options: HalvingOptions = HalvingOptions()) -> SchedulerMethod {
    brackets(options) { [$0[0]] }
  }

  private static func brackets(
    _ options: some RungOptions, _ choose: @escaping @Sendable ([Bracket]) -> [Bracket]
  ) -> SchedulerMethod {
    SchedulerMethod(options.description) {
      BracketScheduler($0, choose(try options.brackets($0)))
    } adapting: {
      $0.learning { try options.brackets($0)[0].epochs }
    }
  }
}

public import OuterloopStudy

/// The options of asynchronous successive halving.
public struct AsynchronousHalvingOptions: Sendable, Hashable {
  /// The reduction factor: one in this many trials of a rung is promoted.
  public var factor = 3
  /// The smallest number of epochs of the first rung.
  public var least = 1
  /// Whether trials run without pausing, and are stopped at a rung where they are not among the best so
  /// far: for programs that cannot resume from a checkpoint.
  public var stopping = false

  public init() {}
}

extension AsynchronousHalvingOptions: RungOptions {
  /// Parses the options of a description.
  /// - Throws: `StudyError` for an unknown name, and a value of another kind or out of range.
  public init(_ given: [String: ParameterValue]) throws { try self.init(reading: given) }

  static let owner = "asha"

  static let declarations: [MethodOption<Self>] =
    rungDeclarations + [
      .flag(
        "stopping", \.stopping,
        "trials run without pausing, and are stopped at a rung where they are not among the best")
    ]
}

/// Asynchronous successive halving (Li et al. 2020, ASHA, Algorithm 2): a free worker promotes the best trial in
/// the top 1/eta of its rung, the highest rung first; if there is none, it starts a new trial. No worker waits
/// for a rung to be full.
///
/// With `stopping`, a trial continues at a rung if it is in the top 1/eta of those that have reached it so
/// far, or the best of them, and is stopped otherwise (the stopping rule of the paper's implementations).
///
/// Differences: rungs are those of `Bracket`, so that the last one is the full training; several objectives and
/// outcome constraints are ordered by `RungResults.order`. When no new trial may start and nothing is left to
/// promote, the best of the highest rung is trained to the end if no trial has been, so that a study ends with
/// a result.
///
/// - Complexity: a proposal is O(n log n) for n trials on a rung with a new result, else O(n/eta).
struct AsynchronousHalving: Scheduler {
  let epochs: [Int]
  /// The highest rung that trials are promoted to.
  var top: Int
  private let factor: Int
  private let isStopping: Bool
  private(set) var results: RungResults

  /// - Parameter epochs: the epochs of the rungs, ascending.
  init(
    _ specification: StudySpecification, epochs: [Int], factor: Int, isStopping: Bool = false
  ) {
    self.epochs = epochs
    self.factor = factor
    self.isStopping = isStopping
    top = epochs.count - 1
    results = RungResults(epochs, specification)
  }

  mutating func observe(_ event: Event, in history: History) {
    results.observe(event, in: history)
  }

  mutating func propose(
    _ number: Int?, in history: History, suggest: (Int) throws -> Assignment?
  ) throws -> Proposal {
    for rung in (0..<top).reversed() {
      let order = results.order(ofRung: rung)
      let best = order.prefix(order.count / factor)
      if let trial = best.first(where: { isPaused(history.trials[$0], on: rung) }) {
        return .advance(
          trial: trial, through: isStopping ? epochs[epochs.count - 1] : epochs[rung + 1])
      }
    }
    if let number, let assignment = try suggest(number) {
      return .start(assignment, through: isStopping ? epochs[epochs.count - 1] : epochs[0])
    }
    if history.runningCount + history.claimableCount > 0 { return .wait }
    return finish(history) ?? .exhausted
  }

  /// Whether a trial waits to be promoted from a rung.
  private func isPaused(_ trial: Trial, on rung: Int) -> Bool {
    trial.state == .paused && trial.through <= epochs[rung]
      && results.results[rung][trial.number]?.values != nil
  }

  /// The best of the highest rung is trained to the end, if no trial has been.
  private mutating func finish(_ history: History) -> Proposal? {
    for rung in epochs.indices.dropLast().reversed() {
      if results.order(ofRung: rung).contains(where: { history.trials[$0].state == .complete }) {
        return nil
      }
      let order = results.order(ofRung: rung)
      if let trial = order.first(where: { isPaused(history.trials[$0], on: rung) }) {
        return .advance(trial: trial, through: epochs[epochs.count - 1])
      }
    }
    return nil
  }

  mutating func verdict(on trial: Int, in history: History) -> Verdict {
    guard isStopping, let rung = results.rung(of: trial), rung < epochs.count - 1,
      results.hasArrived(history.trials[trial])
    else { return .goOn }
    let order = results.order(ofRung: rung)
    return order.prefix(max(1, order.count / factor)).contains(trial) ? .goOn : .prune
  }
}

extension SchedulerKind {
  static let asha = SchedulerKind(
    AsynchronousHalvingOptions.self,
    "asynchronous successive halving: the best third of a rung is promoted, without waiting"
  ) { .asha($0) }
}

extension SchedulerMethod {
  /// Asynchronous successive halving.
  public static func asha(
    _ options: AsynchronousHalvingOptions = AsynchronousHalvingOptions()
  ) -> SchedulerMethod {
    SchedulerMethod(options.description) {
      AsynchronousHalving(
        $0, epochs: try options.brackets($0)[0].epochs, factor: options.factor,
        isStopping: options.stopping)
    } adapting: {
      $0.learning { try options.brackets($0)[0].epochs }
    }
  }
}

private import Synchronization

/// When a run gives up because the program, not the configurations, is what fails.
public enum FailureLimit: Sendable, Hashable {
  /// Never.
  case none
  /// When the first `FailureLimit.first` trials of a study have all failed the same way, or when
  /// `FailureLimit.usual` in a row have failed in any way.
  case standard
  /// When so many trials in a row have failed.
  case inARow(Int)

  /// The first trials of a study that stop it if all of them fail the same way.
  public static let first = 3
  /// The failures in a row that stop a study.
  public static let usual = 10
}

/// The failures at which a run gave up.
public struct Breakdown: Sendable, Hashable {
  /// How many trials have failed, one after the other.
  public var count: Int
  /// Whether these are the first trials of the study, and failed the same way.
  public var isFirst: Bool
  /// The last of them.
  public var trial: Int
  /// Why it failed.
  public var reason: FailureReason
  /// Its message.
  public var message: String
}

/// Counts the failures of one driver's trials, in the order in which they end.
///
/// Where there are too many, no further trial begins; those that still run are waited for: one that
/// does well shows that the program is sound, and the run goes on.
final class FailureWatch: Sendable {
  enum Verdict {
    case goOn
    /// Too many failures, but others still run.
    case wait
    case giveUp(Breakdown)
  }

  private struct State {
    var running = 0
    /// Whether some trial of the study has done well.
    var isProven = false
    var count = 0
    var last: Breakdown?
    /// How the first failure of this streak was worded, and why it was.
    var first: (reason: FailureReason, wording: FailureWording)?
    /// Whether all of the streak are like it.
    var isSame = true
  }

  private let limit: FailureLimit
  private let state: Mutex<State>

  /// - Parameter isProven: whether some trial of the study has done well.
  init(_ limit: FailureLimit, isProven: Bool) {
    self.limit = limit
    state = Mutex(State(isProven: isProven))
  }

  func began() { state.withLock { $0.running += 1 } }

  /// A trial is complete, pruned, or rests.
  func didWell() {
    state.withLock { state in
      state.running -= 1
      state.isProven = true
      (state.count, state.first, state.isSame) = (0, nil, true)
    }
  }

  /// An attempt ended in a way that says nothing about the program: it was stopped, or is made again.
  func left() { state.withLock { $0.running -= 1 } }

  func failed(_ trial: Trial, _ reason: FailureReason, _ message: String, way: String) {
    state.withLock { state in
      state.running -= 1
      state.count += 1
      let wording = FailureWording(way, of: trial.assignment)
      if let first = state.first {
        state.isSame = state.isSame && first.reason == reason && first.wording.matches(wording)
      } else {
        state.first = (reason, wording)
      }
      state.last = Breakdown(
        count: state.count, isFirst: false, trial: trial.number, reason: reason, message: message)
    }
  }

  var verdict: Verdict {
    state.withLock { state in
      guard var last = state.last, state.count > 0 else { return .goOn }
      let isFirst = !state.isProven && state.isSame && state.count >= FailureLimit.first
      switch limit {
      case .none: return .goOn
      case .standard:
        guard isFirst || state.count >= FailureLimit.usual else { return .goOn }
        last.isFirst = isFirst
      case .inARow(let most): guard state.count >= most else { return .goOn }
      }
      return state.running > 0 ? .wait : .giveUp(last)
    }
  }
}

private import Synchronization

/// When a run is abandoned because the program fails, whatever the configuration.
public enum FailureLimit: Sendable, Hashable {
  /// Never.
  case none
  /// When the first `FailureLimit.first` trials of a study have all failed the same way, or when
  /// `FailureLimit.usual` in a row have failed in any way.
  case standard
  /// After this many failures in a row.
  case inARow(Int)

  /// The first trials of a study that stop it if all of them fail the same way.
  public static let first = 3
  /// The failures in a row that stop a study.
  public static let usual = 10
}

/// The failures at which a run gave up.
public struct Breakdown: Sendable, Hashable {
  /// How many trials have failed in a row.
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
/// When there are too many, no further trial starts, but running ones are waited for: a successful
/// one shows that the program works, and the run continues.
final class FailureWatch: Sendable {
  enum Verdict {
    case goOn
    /// Too many failures, but other trials are still running.
    case wait
    case giveUp(Breakdown)
  }

  private struct State {
    var running = 0
    /// Whether some trial of the study has succeeded.
    var isProven = false
    var count = 0
    var last: Breakdown?
    /// The wording and the reason of the first failure of this streak.
    var first: (reason: FailureReason, wording: FailureWording)?
    /// Whether all failures of the streak match it.
    var isSame = true
  }

  private let limit: FailureLimit
  private let state: Mutex<State>

  /// - Parameter isProven: whether some trial of the study has succeeded.
  init(_ limit: FailureLimit, isProven: Bool) {
    self.limit = limit
    state = Mutex(State(isProven: isProven))
  }

  func began() { state.withLock { $0.running += 1 } }

  /// A trial is complete, pruned, or paused.
  func recordSuccess() {
    state.withLock { state in
      state.running -= 1
      state.isProven = true
      (state.count, state.first, state.isSame) = (0, nil, true)
    }
  }

  /// An attempt ended in a way that says nothing about the program: it was stopped, or will be
  /// repeated.
  func recordEnd() { state.withLock { $0.running -= 1 } }

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

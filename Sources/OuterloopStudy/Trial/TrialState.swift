/// The state of a trial.
///
///     waiting -> running -> complete | pruned | failed
///                running -> paused -> running ...
///                running -> waiting | paused       (its worker was lost; it runs again)
///                failed  -> waiting | paused       (someone retries it)
///
/// A finished trial stays as it is, with two exceptions: results that arrive after a trial failed as
/// lost are accepted, and a failed trial that is retried runs again.
public enum TrialState: Sendable, Hashable {
  /// Proposed or enqueued; no worker runs it.
  case waiting
  /// An attempt holds a lease on it.
  case running
  /// Stopped at an epoch from which it can continue.
  case paused
  /// Ended with a result.
  case complete
  /// Stopped early on purpose; its reports count.
  case pruned
  /// Ended without a result.
  case failed(FailureReason)

  /// Whether the trial has ended.
  public var isFinished: Bool {
    switch self {
    case .complete, .pruned, .failed: true
    case .waiting, .running, .paused: false
    }
  }

  /// Why it failed; nil if it did not.
  public var reason: FailureReason? { if case .failed(let reason) = self { reason } else { nil } }

  /// The state without the reason of a failure: by which trials are counted and listed. Its raw value
  /// is the word used in tables and JSON.
  public enum Kind: String, Sendable, Hashable, Codable, CodingKeyRepresentable, CaseIterable {
    /// Not begun, or to run again.
    case waiting
    /// A worker has it.
    case running
    /// Rests at an epoch.
    case paused
    /// Ended with a result.
    case complete
    /// Ended early on purpose.
    case pruned
    /// Ended without a result.
    case failed
  }

  /// The state without its reason.
  public var kind: Kind {
    switch self {
    case .waiting: .waiting
    case .running: .running
    case .paused: .paused
    case .complete: .complete
    case .pruned: .pruned
    case .failed: .failed
    }
  }

  /// One word, as used in tables and JSON: `failed` for all reasons.
  public var name: String { kind.rawValue }
}

/// Why a trial has no result.
public enum FailureReason: String, Sendable, Hashable, Codable, CaseIterable {
  /// The objective threw, or the program exited with a nonzero status.
  case error
  /// It ran longer than it may.
  case timeout
  /// It used more memory than it may.
  case memory
  /// Its worker was lost.
  case lost
  /// It was cancelled by a user.
  case cancelled
  /// A result is missing or not finite.
  case invalid

  /// Whether another run of the same configuration would fail again: only such trials are
  /// informative to a searcher.
  public var isCausedByConfiguration: Bool {
    switch self {
    case .error, .timeout, .memory, .invalid: true
    case .lost, .cancelled: false
    }
  }
}

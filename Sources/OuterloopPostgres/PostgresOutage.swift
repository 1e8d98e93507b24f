public import OuterloopStudy
internal import Synchronization

/// What a store tells its user while requests wait for the server.
public enum PostgresOutage: Sendable {
  /// Requests have waited for a second, for the reason given, and are tried again until `patience` seconds have passed
  /// since the first failure.
  case began(StudyError, patience: Double)
  /// The server carries out all requests again, `seconds` after the first of them had failed.
  case ended(seconds: Double)
}

/// The sessions of a store that wait for the server: one outage, however many of them it holds up.
///
/// A full disk stops the session that writes and not the one that reads, so that an answer to one of them does not
/// end the other's outage.
final class WaitingSessions: Sendable {
  /// Seconds for which an outage is not worth a message.
  static let silence = 1.0

  private let waiting = Mutex<(count: Int, since: SuspendingClock.Instant)>((0, .now))
  private let tell: (@Sendable (PostgresOutage) -> Void)?

  init(_ tell: (@Sendable (PostgresOutage) -> Void)?) { self.tell = tell }

  /// A session has waited since `start`, because of `error`, and will for `patience` seconds from then.
  func enter(_ error: StudyError, since start: SuspendingClock.Instant, patience: Double) {
    let isFirst = waiting.withLock { waiting in
      waiting.count += 1
      guard waiting.count == 1 else { return false }
      waiting.since = start
      return true
    }
    if isFirst { tell?(.began(error, patience: patience)) }
  }

  /// A session no longer waits.
  ///
  /// - Parameter isGivenUp: its request was not carried out, and its caller has an error to show.
  func leave(isGivenUp: Bool) {
    let since = waiting.withLock { waiting in
      waiting.count -= 1
      return waiting.count == 0 ? waiting.since : nil
    }
    if let since, !isGivenUp { tell?(.ended(seconds: since.duration(to: .now) / .seconds(1))) }
  }
}

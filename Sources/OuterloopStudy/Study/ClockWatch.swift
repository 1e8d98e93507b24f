/// Detects that the clock of a store was set forward, or that the machine was suspended.
///
/// Leases are compared with that clock alone. After a jump they all seem to have expired, even those
/// of live workers that had no chance to renew them: no worker is considered lost until they had.
struct ClockWatch: Sendable {
  /// Seconds by which the two clocks may drift apart between two readings.
  static let tolerance = 5.0

  private var last: (store: Double, steady: Double)?
  private var suspicion: Double?

  /// - Parameter suspicion: seconds from now, by the steady clock, until leases can be trusted; nil:
  ///   they can be now.
  init(suspicion: Double? = nil) { self.suspicion = suspicion }

  /// Whether leases can be trusted.
  ///
  /// - Parameters:
  ///   - store: the time by the store's clock, in seconds.
  ///   - steady: the time by a monotonic clock that does not advance while the machine is
  ///     suspended.
  ///   - lease: seconds within which every live worker renews.
  mutating func isSteady(store: Double, steady: Double, lease: Double) -> Bool {
    if let last, store - last.store > steady - last.steady + Self.tolerance {
      suspicion = steady + lease
    }
    last = (store, steady)
    guard let until = suspicion else { return true }
    if steady < until { return false }
    suspicion = nil
    return true
  }
}

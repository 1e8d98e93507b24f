/// Notices that the clock of a store was set forward, or that the machine slept.
///
/// Leases are compared with that clock alone. After a jump they all seem to have run out, also those
/// of workers that are alive and had no chance to renew them: nobody is to be taken for dead until
/// they had.
struct ClockWatch: Sendable {
  /// Seconds by which the two clocks may drift apart between two looks.
  static let tolerance = 5.0

  private var last: (store: Double, steady: Double)?
  private var suspicion: Double?

  /// - Parameter suspicion: seconds from now, by the steady clock, before leases mean something; nil:
  ///   they do.
  init(suspicion: Double? = nil) { self.suspicion = suspicion }

  /// Whether leases mean something.
  ///
  /// - Parameters:
  ///   - store: the time by the store's clock, in seconds.
  ///   - steady: the time by a clock that nobody sets and that stands while the machine sleeps.
  ///   - lease: seconds within which everyone alive renews.
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

/// Seconds during which at least one trial ran, by the store's clock; corrected where a worker's
/// measurement of an attempt differs from that clock, because the clock was set.
///
/// Busy time passes with the store's clock: r(t). An attempt that began at r = a, ended at r = b and was
/// measured to take s seconds says that the clock went wrong by d = (b - a) - s somewhere in between. A
/// jump shows in every attempt that ran then, and must be corrected once: the corrections made since the
/// attempt began explain that much of d, the rest is corrected at b. As attempts come in the order of
/// their ends, that is the smallest total correction that explains all of them.
struct BusyTime: Sendable {
  /// Seconds by which a measurement and the clock may differ for other reasons: the worker measures
  /// less than the store sees.
  static let tolerance = ClockWatch.tolerance

  private struct Start {
    /// The busy time that had passed, and how many corrections had been made.
    var passed: Double
    var corrections: Int
  }

  private var passed = 0.0
  private var last = 0.0
  /// Corrections in seconds, in order of time.
  private var corrections: [Double] = []
  private var corrected = 0.0
  /// Where the running attempts began, by trial.
  private var starts: [Int: Start] = [:]

  var seconds: Double { max(0, passed - corrected) }

  /// The store's clock shows `time`; whether trials ran until now. While a clock is behind, after it
  /// was set back, no time passes.
  mutating func pass(to time: Double, isBusy: Bool) {
    if isBusy { passed += max(0, time - last) }
    last = time
  }

  mutating func begin(_ trial: Int) {
    starts[trial] = Start(passed: passed, corrections: corrections.count)
  }

  /// - Parameter measured: seconds that the attempt took; nil: not measured.
  mutating func end(_ trial: Int, after measured: Double?) {
    guard let start = starts.removeValue(forKey: trial), let measured, measured.isFinite else {
      return
    }
    let wrong = passed - start.passed - max(0, measured)
    let known = corrections[start.corrections...].reduce(0) { sum, seconds in
      (seconds > 0) == (wrong > 0) ? sum + seconds : sum
    }
    let rest = wrong - known
    guard abs(wrong) > Self.tolerance, (rest > 0) == (wrong > 0), abs(rest) > Self.tolerance else {
      return
    }
    corrections.append(rest)
    corrected += rest
  }
}

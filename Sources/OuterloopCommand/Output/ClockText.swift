internal import OuterloopPlatform

/// Wall-clock times as text.
enum ClockText {
  /// `2026-11-29 22:10:11`, in the zone of this machine.
  static func of(_ seconds: Double) -> String {
    guard seconds.isFinite, abs(seconds) < 2e11 else { return "?" }
    var time = time_t(seconds.rounded(.down))
    var parts = tm()
    localtime_r(&time, &parts)
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let date = "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
    return "\(date) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
  }
}

internal import OuterloopPlatform

/// Seconds since 1970 as `2026-11-26 12:13:10.849563`, local time without a time zone, as Optuna
/// writes it, and back.
enum LocalTime {
  static func text(_ time: Double) -> String {
    let microseconds = Int((min(max(time, 0), 2e11) * 1e6).rounded())
    var seconds = time_t(microseconds / 1_000_000)
    var parts = tm()
    localtime_r(&seconds, &parts)
    func pad(_ number: some BinaryInteger, _ width: Int) -> String {
      let digits = String(number)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    let date =
      "\(pad(parts.tm_year + 1900, 4))-\(pad(parts.tm_mon + 1, 2))-\(pad(parts.tm_mday, 2))"
    let clock = "\(pad(parts.tm_hour, 2)):\(pad(parts.tm_min, 2)):\(pad(parts.tm_sec, 2))"
    return "\(date) \(clock).\(pad(microseconds % 1_000_000, 6))"
  }

  static func seconds(_ text: String) -> Double? {
    let isPlain = text.unicodeScalars.allSatisfy { "0123456789-: .T".unicodeScalars.contains($0) }
    let numbers = text.split { !$0.isNumber }.compactMap { Int32($0) }
    guard isPlain, numbers.count == 6 || numbers.count == 7, numbers[0] < 10_000,
      (1...12).contains(numbers[1]), (1...31).contains(numbers[2]), (0...23).contains(numbers[3]),
      (0...59).contains(numbers[4]), (0...60).contains(numbers[5])
    else { return nil }
    var parts = tm()
    (parts.tm_year, parts.tm_mon, parts.tm_mday) = (numbers[0] - 1900, numbers[1] - 1, numbers[2])
    (parts.tm_hour, parts.tm_min, parts.tm_sec) = (numbers[3], numbers[4], numbers[5])
    parts.tm_isdst = -1
    let fraction = text.split(separator: ".").dropFirst().first.flatMap { Double("0." + $0) }
    return Double(mktime(&parts)) + (fraction ?? 0)
  }
}

/// Seconds since 1970 as `2026-11-26 12:13:10.849563`, universal time without a zone, and back.
enum UTCTime {
  // Days are counted in eras of 400 years that begin in March: leap days end a year then.
  static func text(_ time: Double) -> String {
    let microseconds = Int((min(max(time, 0), 2e11) * 1e6).rounded())
    let (seconds, fraction) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
    let (days, rest) = seconds.quotientAndRemainder(dividingBy: 86_400)
    let shifted = days + 719_468
    let (era, day) = shifted.quotientAndRemainder(dividingBy: 146_097)
    let yearOfEra = (day - day / 1460 + day / 36_524 - day / 146_096) / 365
    let dayOfYear = day - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    let date =
      "\(pad(year, 4))-\(pad(month, 2))-\(pad(dayOfYear - (153 * marchMonth + 2) / 5 + 1, 2))"
    let clock = "\(pad(rest / 3600, 2)):\(pad(rest / 60 % 60, 2)):\(pad(rest % 60, 2))"
    return "\(date) \(clock).\(pad(fraction, 6))"
  }

  static func seconds(_ text: String) -> Double? {
    let parts = text.split { !$0.isNumber }.map { Int($0) ?? 0 }
    guard parts.count == 6 || parts.count == 7, (1...12).contains(parts[1]), parts[0] < 10_000
    else {
      return nil
    }
    let year = parts[1] <= 2 ? parts[0] - 1 : parts[0]
    let (era, yearOfEra) = year.quotientAndRemainder(dividingBy: 400)
    let marchMonth = parts[1] > 2 ? parts[1] - 3 : parts[1] + 9
    let dayOfYear = (153 * marchMonth + 2) / 5 + parts[2] - 1
    let day = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    let days = era * 146_097 + day - 719_468
    let seconds = days * 86_400 + parts[3] * 3600 + parts[4] * 60 + parts[5]
    guard let fraction = text.split(separator: ".").dropFirst().first else {
      return Double(seconds)
    }
    return Double(seconds) + (Double("0." + fraction) ?? 0)
  }

  private static func pad(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}

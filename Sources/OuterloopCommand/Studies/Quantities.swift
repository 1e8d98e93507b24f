internal import ArgumentParser

/// A duration on the command line: `90`, `90s`, `10m`, `1h30m`, `2d`.
struct Seconds: ExpressibleByArgument, Equatable, CustomStringConvertible {
  var value: Double

  init(value: Double) { self.value = value }

  var defaultValueDescription: String { description }

  /// As text that parses back, rounded up to whole seconds: `1h30m`.
  var description: String {
    var rest = Int(min(value, 9e18).rounded(.up))
    var text = ""
    for (unit, seconds) in [("h", 3600), ("m", 60), ("s", 1)] where rest >= seconds {
      text += "\(rest / seconds)\(unit)"
      rest %= seconds
    }
    return text.isEmpty ? "0s" : text
  }

  init?(argument: String) {
    let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
    var total = 0.0
    var digits = ""
    for c in argument {
      if c.isNumber || c == "." {
        digits.append(c)
      } else {
        guard let unit = units[c], let number = Double(digits) else { return nil }
        total += number * unit
        digits = ""
      }
    }
    if !digits.isEmpty {
      guard let number = Double(digits), total == 0 else { return nil }
      total = number
    }
    guard total > 0, total.isFinite else { return nil }
    value = total
  }
}

/// An amount of memory on the command line: `500MB`, `1.5GB`, `2GiB`; without a unit bytes.
struct Bytes: ExpressibleByArgument, Equatable {
  var value: Int

  init?(argument: String) {
    let units: [String: Double] = [
      "": 1, "b": 1, "k": 1e3, "kb": 1e3, "m": 1e6, "mb": 1e6, "g": 1e9, "gb": 1e9, "t": 1e12,
      "tb": 1e12, "kib": 1024, "mib": 1_048_576, "gib": 1_073_741_824, "tib": 1_099_511_627_776,
    ]
    let number = argument.prefix { $0.isNumber || $0 == "." }
    let unit = argument.dropFirst(number.count).lowercased().filter { $0 != " " }
    guard let factor = units[unit], let count = Double(number) else { return nil }
    let bytes = count * factor
    guard bytes >= 1, bytes < 1e18 else { return nil }
    value = Int(bytes)
  }
}

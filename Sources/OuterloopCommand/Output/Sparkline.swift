internal import OuterloopPlatform

/// A curve in one line of text.
enum Sparkline {
  private static let blocks = Array("▁▂▃▄▅▆▇█")
  private static let plain = Array("_.-=+*#@")

  /// A step curve of values at places; empty for fewer than two.
  static func text(of values: [Double], places: [Int], width: Int) -> String {
    guard values.count > 1, let first = places.first, let last = places.last, last > first,
      values.allSatisfy(\.isFinite), let low = values.min(), let high = values.max()
    else { return "" }
    let language = ["LC_ALL", "LC_CTYPE", "LANG"].compactMap { CLibrary.environment($0) }
      .first { !$0.isEmpty }
    let levels = (language ?? "").uppercased().contains("UTF") ? blocks : plain
    let count = min(width, last - first + 1)
    var text = ""
    var index = 0
    for column in 0..<count {
      let place = first + (last - first) * column / max(1, count - 1)
      while index + 1 < places.count, places[index + 1] <= place { index += 1 }
      let share = high > low ? (values[index] - low) / (high - low) : 0
      text.append(levels[min(levels.count - 1, Int(share * Double(levels.count)))])
    }
    return text
  }
}

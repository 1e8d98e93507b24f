/// The observations of published DyHPO in order of arrival: each entry triggers an update of the model, all of which a
/// replay repeats.
struct PublishedHistory: Sendable {
  private struct Entry: Sendable {
    let trial: Int
    let epoch: Int
    /// Nil: NaN.
    let value: Double?
  }

  private let epochs: Int
  private var entries: [Entry] = []
  private var best = -Double.infinity
  private var stale = 0
  /// Entries that arrived when the best value had not improved for exactly 1.2 trainings.
  private var alarms: Set<Int> = []

  init(epochs: Int) { self.epochs = epochs }

  var count: Int { entries.count }
  func isAlarm(_ entry: Int) -> Bool { alarms.contains(entry) }

  /// - Parameter value: larger is better; nil: NaN.
  mutating func append(trial: Int, epoch: Int, value: Double?) {
    if let value, value > best {
      (best, stale) = (value, 0)
    } else {
      stale += 1
    }
    if stale == Int(Double(epochs) + 0.2 * Double(epochs)) { alarms.insert(entries.count) }
    entries.append(Entry(trial: trial, epoch: epoch, value: value))
  }

  /// Values of the first entries; NaN becomes the worst at its epoch, or overall.
  private func values(_ count: Int) -> [Double] {
    var (byEpoch, worst): ([Int: Double], Double?) = ([:], nil)
    for entry in entries.prefix(count) {
      guard let value = entry.value else { continue }
      byEpoch[entry.epoch] = min(byEpoch[entry.epoch] ?? value, value)
      worst = min(worst ?? value, value)
    }
    return entries.prefix(count).map { $0.value ?? byEpoch[$0.epoch] ?? worst ?? 0 }
  }

  /// The values of each trial.
  var curves: [Int: [Double]] {
    var result: [Int: [Double]] = [:]
    for (entry, value) in zip(entries, values(entries.count)) {
      result[entry.trial, default: []].append(value)
    }
    return result
  }

  var incumbents: FidelityIncumbents {
    var result = FidelityIncumbents(epochs: epochs)
    for (entry, value) in zip(entries, values(entries.count)) {
      result.observe(value, at: entry.epoch)
    }
    return result
  }

  /// The rows of the first entries, trial by trial in the order of their first ones, and their values.
  func rows(
    _ entries: Int, width: Int, numbers: (_ trial: Int) -> [Double]
  ) -> (rows: NetworkRows, outputs: [Double]) {
    var order: [Int] = []
    var byTrial: [Int: [(epoch: Int, value: Double)]] = [:]
    for (entry, value) in zip(self.entries, values(entries)) {
      if byTrial[entry.trial] == nil { order.append(entry.trial) }
      byTrial[entry.trial, default: []].append((entry.epoch, value))
    }
    var rows = NetworkRows(width: width, .zeroPadded)
    var outputs: [Double] = []
    for trial in order {
      let own = byTrial[trial] ?? []
      let numbers = numbers(trial)
      for (place, entry) in own.enumerated() {
        rows.append(
          numbers[...], epoch: Double(entry.epoch) / Double(epochs),
          curve: own.prefix(place).map(\.value))
        outputs.append(entry.value)
      }
    }
    return (rows, outputs)
  }
}

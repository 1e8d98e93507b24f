/// What an objective says after an epoch: a value for each metric, and how long the epoch took.
public struct Report: Sendable, Hashable {
  /// From 1.
  public var epoch: Int
  /// By the metric's name; may hold NaN and infinities.
  public var values: [String: Double]
  /// Seconds that this epoch took, as measured by the objective or by its runner.
  public var seconds: Double?

  public init(epoch: Int = 1, _ values: [String: Double], seconds: Double? = nil) {
    self.epoch = epoch
    self.values = values
    self.seconds = seconds
  }
}

extension Report {
  /// Joins what more is said about the same epoch.
  package mutating func extend(by more: Report) {
    if values.isEmpty {
      values = more.values
    } else {
      for (metric, value) in more.values { values[metric] = value }
    }
    seconds = more.seconds ?? seconds
  }
}

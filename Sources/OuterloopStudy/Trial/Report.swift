/// What an objective reports after an epoch: a value for each metric, and how long the epoch took.
public struct Report: Sendable, Hashable {
  /// From 1.
  public var epoch: Int
  /// By the metric's name; may hold NaN and infinities.
  public var values: [String: Double]
  /// Seconds that this epoch took, as measured by the objective or by its runner.
  public var seconds: Double?

  /// - Parameter gradient: derivatives of the objective with respect to parameters, in the user's units
  ///   and by their names; kept as metrics `gradient.NAME`.
  public init(
    epoch: Int = 1, _ values: [String: Double], gradient: [String: Double] = [:],
    seconds: Double? = nil
  ) {
    self.epoch = epoch
    self.values = values
    self.seconds = seconds
    for (name, derivative) in gradient { self.values[Self.gradientPrefix + name] = derivative }
  }

  /// The prefix of the names of metrics that are derivatives with respect to a parameter.
  package static let gradientPrefix = "gradient."

  /// The derivatives of the objective, by the parameter's name: the metrics `gradient.NAME`. Of a metric that
  /// is maximised it is the metric's own derivative.
  ///
  /// - Complexity: O(metrics).
  public var gradient: [String: Double] {
    values.reduce(into: [:]) { gradient, value in
      guard value.key.hasPrefix(Self.gradientPrefix) else { return }
      gradient[String(value.key.dropFirst(Self.gradientPrefix.count))] = value.value
    }
  }
}

extension Report {
  /// Merges a further report about the same epoch.
  package mutating func extend(by more: Report) {
    if values.isEmpty {
      values = more.values
    } else {
      for (metric, value) in more.values { values[metric] = value }
    }
    seconds = more.seconds ?? seconds
  }
}

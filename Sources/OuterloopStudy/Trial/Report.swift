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

  /// The end of an attempt with this last report: complete if it has every objective, finite.
  func end(
    of claim: Claim, objectives: [Objective], after seconds: Double? = nil
  ) -> Event.Kind {
    func invalid(_ message: String) -> Event.Kind {
      .finished(attempt: claim.attempt, .failed(.invalid, message: message), seconds: seconds)
    }
    var results: [Double] = []
    for objective in objectives {
      guard let value = values[objective.metric] else {
        return invalid("its last report has no `\(objective.metric)`")
      }
      guard value.isFinite else { return invalid("`\(objective.metric)` is \(value)") }
      results.append(value)
    }
    return .finished(attempt: claim.attempt, .complete(results), seconds: seconds)
  }
}

/// A metric and which way is better. Values are kept in the user's units and sign everywhere;
/// `loss(_:)` is the one place that applies the direction.
public struct Objective: Sendable, Hashable, Codable {
  public enum Direction: String, Sendable, Hashable, Codable { case minimize, maximize }

  public var metric: String
  public var direction: Direction

  public init(_ metric: String, _ direction: Direction = .minimize) {
    self.metric = metric
    self.direction = direction
  }

  public static func minimize(_ metric: String) -> Objective { Objective(metric, .minimize) }
  public static func maximize(_ metric: String) -> Objective { Objective(metric, .maximize) }

  /// `value` as something to be made small; NaN stays NaN.
  public func loss(_ value: Double) -> Double { direction == .minimize ? value : -value }
}

/// A metric and the direction that is better. Values keep the user's units and sign everywhere;
/// only `loss(_:)` applies the direction.
public struct Objective: Sendable, Hashable, Codable {
  /// Which values are better: smaller or larger ones.
  public enum Direction: String, Sendable, Hashable, Codable {
    /// Smaller values are better.
    case minimize
    /// Larger values are better.
    case maximize
  }

  /// The metric's name.
  public var metric: String
  /// Which values are better.
  public var direction: Direction

  /// An objective.
  public init(_ metric: String, _ direction: Direction = .minimize) {
    self.metric = metric
    self.direction = direction
  }

  /// An objective whose smaller values are better.
  public static func minimize(_ metric: String) -> Objective { Objective(metric, .minimize) }
  /// An objective whose larger values are better.
  public static func maximize(_ metric: String) -> Objective { Objective(metric, .maximize) }

  /// `value` as a loss, which is minimised; NaN stays NaN.
  public func loss(_ value: Double) -> Double { direction == .minimize ? value : -value }
}

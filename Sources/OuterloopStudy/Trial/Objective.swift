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

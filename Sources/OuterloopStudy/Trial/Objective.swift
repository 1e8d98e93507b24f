/// A metric and the direction that is better. Values keep the user's units and sign everywhere;
/// only `loss(_:)` applies the direction.
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

  /// `value` as a loss, which is minimised; NaN stays NaN.
  public func loss(_ value: Double) -> Double { direction == .minimize ? value : -value }
}

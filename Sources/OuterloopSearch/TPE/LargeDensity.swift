/// The density of one parameter from many observations (at least ``KernelStore/leastCount``), kept
/// up to date under insertion and removal. Values are on the grid and inside the domain.
protocol LargeDensity: Sendable {
  var count: Int { get }
  /// All observations, oldest first. O(n).
  var observations: [Observation] { get }

  mutating func insert(_ observation: Observation)
  mutating func remove(_ observation: Observation)
  /// log g at every value.
  mutating func logDensity(at values: [Double]) -> [Double]
  /// The u-quantile of the kernel that owns `share`, 0 <= share < 1, of the mixture.
  mutating func draw(_ share: Double, _ u: Double) -> Double
}

/// The incumbent value at an epoch: the best value at that epoch, or anywhere if no trial has been trained that
/// far.
struct FidelityIncumbents: Sendable {
  private var byEpoch: [Double?]
  private var anywhere: Double?

  init(epochs: Int) { byEpoch = [Double?](repeating: nil, count: epochs + 1) }

  /// - Parameter value: larger is better.
  mutating func observe(_ value: Double, at epoch: Int) {
    byEpoch[epoch] = max(byEpoch[epoch] ?? value, value)
    anywhere = max(anywhere ?? value, value)
  }

  /// Nil if nothing was observed.
  subscript(epoch: Int) -> Double? { byEpoch[epoch] ?? anywhere }
}

/// The weights of the observations of a density, oldest first.
package enum WeightRule: Sendable, Hashable {
  /// The newest 25 have weight one; older ones increase linearly from 1/k to 1.
  case recency
  /// All have weight one: the lower side of a multi-objective split.
  case equal
}

/// The weights of k observations by ordinal 0..<k, oldest first: 1/k + ordinal slope for the first
/// k - 25, one for the newest 25 (Optuna's `default_weights`). Everything takes constant time
/// except `ordinal(at:)`, which is O(log k).
struct ObservationWeights: Sendable {
  static let newest = 25

  let count: Int
  /// How many are on the ramp.
  let ramped: Int
  /// The ramp as an affine function of the ordinal; 1 and 0 under the equal rule.
  let first: Double
  let slope: Double

  init(_ rule: WeightRule, count: Int) {
    self.count = count
    ramped = rule == .recency ? max(count - Self.newest, 0) : 0
    first = ramped > 0 ? 1 / Double(count) : 1
    slope = ramped > 1 ? (1 - first) / Double(ramped - 1) : 0
  }

  subscript(ordinal: Int) -> Double { ordinal < ramped ? onRamp(ordinal) : 1 }

  /// The ramp's value, extrapolated over the newest.
  func onRamp(_ ordinal: Int) -> Double { first + slope * Double(ordinal) }

  /// A slope with which min(1, first + slope ordinal) is every weight.
  var steepness: Double { ramped == 1 ? 1 - first : slope }

  /// The sum of the first `end` weights.
  func total(before end: Int) -> Double {
    let rising = Double(min(end, ramped))
    return rising * first + slope * rising * (rising - 1) / 2 + Double(max(end - ramped, 0))
  }

  var total: Double { total(before: count) }

  /// The observation that owns `mass`, 0 <= mass < total, when weights are laid end to end.
  func ordinal(at mass: Double) -> Int {
    (0..<max(count - 1, 0)).partitionPoint { !(total(before: $0 + 1) > mass) }
  }
}

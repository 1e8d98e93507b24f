package import OuterloopStudy

/// The domain of a density: the coordinates of a numeric range (of ordinals by their index), or
/// unordered choices.
///
/// Kernels have a mass on every cell of a grid and a density on a range without one, in log space
/// without a Jacobian, which cancels in a ratio of two densities.
package enum ParameterDomain: Sendable, Hashable {
  case numeric(NumericRange)
  /// Choices 0..<count, count >= 1, as integers in a `Double`.
  case categorical(count: Int)

  package func contains(_ value: Double) -> Bool {
    switch self {
    case .numeric(let range): value >= range.low && value <= range.high
    case .categorical(let count): value >= 0 && value < Double(count)
    }
  }

  /// The value of the domain nearest to a number, which is not NaN.
  func settled(_ value: Double) -> Double {
    precondition(!value.isNaN, "an observation is a number")
    switch self {
    case .numeric(let range): return range.nearest(value)
    case .categorical(let count): return min(max(value.rounded(), 0), Double(count - 1))
    }
  }
}

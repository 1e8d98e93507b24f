extension Constraint {
  /// `{x : sum abs(x) <= radius}`.
  public struct L1Ball: Projection {
    /// The radius, in the 1-norm.
    public let radius: Double

    /// The ball of `radius` around the origin; `radius = 0` is the origin.
    ///
    /// - Throws: `ConstraintError.invalidSize` if `radius` is negative, infinite or NaN.
    public init(radius: Double) throws {
      guard radius >= 0, radius.isFinite else {
        throw ConstraintError.invalidSize(name: "radius", value: radius)
      }
      self.radius = radius
    }
  }
}

extension Constraint.L1Ball {
  /// A point outside goes to `sign(y_i) max(abs(y_i) - tau, 0)`: its absolute values are projected
  /// onto the simplex of sum `radius`, its signs are kept. A point inside stays.
  ///
  /// Source: Duchi, Shalev-Shwartz, Singer and Chandra 2008, section 4.
  ///
  /// - Complexity: O(n + k log k) time, O(n) memory, k the magnitudes within `radius` of the
  ///   largest.
  func project<T: BinaryFloatingPoint>(_ x: UnsafeMutableBufferPointer<T>) {
    let magnitudes = x.map { abs(Double($0)) }
    var norm = CompensatedSum()
    for magnitude in magnitudes { norm.add(magnitude) }
    if norm.value <= radius { return }

    let threshold = Constraint.Simplex.threshold(magnitudes, total: radius)
    for index in x.indices {
      let excess = T(threshold.excess(of: magnitudes[index]))
      x[index] = x[index] < 0 ? -excess : excess
    }
  }

  func isFeasible<T: BinaryFloatingPoint>(
    _ x: UnsafeBufferPointer<T>, tolerance: Double
  ) -> Bool {
    var norm = CompensatedSum()
    for element in x { norm.add(abs(Double(element))) }
    return norm.value <= radius + tolerance
  }
}

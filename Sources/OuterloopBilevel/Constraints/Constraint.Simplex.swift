extension Constraint {
  /// `{x : x >= 0, sum x = total}`.
  public struct Simplex: Projection {
    /// What the entries sum to.
    public let total: Double

    /// The simplex of sum `total`; `total = 0` is the origin.
    ///
    /// - Throws: `ConstraintError.invalidSize` if `total` is negative, infinite or NaN.
    public init(total: Double) throws {
      guard total >= 0, total.isFinite else {
        throw ConstraintError.invalidSize(name: "total", value: total)
      }
      self.total = total
    }
  }
}

extension Constraint.Simplex {
  /// `x_i = max(y_i - tau, 0)`, with `tau` from `threshold(_:total:)`.
  ///
  /// - Throws: `ConstraintError.infeasibleTotal` for an empty vector and `total > 0`.
  /// - Complexity: O(n + k log k) time, O(n) memory, k the entries within `total` of the largest.
  func project<T: BinaryFloatingPoint>(_ x: UnsafeMutableBufferPointer<T>) throws {
    guard !x.isEmpty else {
      if total == 0 { return }
      throw ConstraintError.infeasibleTotal(total: total, upper: total, count: 0)
    }
    let threshold = Self.threshold(x.map { Double($0) }, total: total)
    for index in x.indices { x[index] = T(threshold.excess(of: Double(x[index]))) }
  }

  func isFeasible<T: BinaryFloatingPoint>(
    _ x: UnsafeBufferPointer<T>, tolerance: Double
  ) -> Bool {
    var sum = CompensatedSum()
    for element in x {
      if Double(element) < -tolerance { return false }
      sum.add(Double(element))
    }
    return abs(sum.value - total) <= tolerance
  }

  /// The root `tau` of `sum_i max(y_i - tau, 0) = total`; `values` is not empty.
  ///
  /// With the entries sorted downwards, entry k is active while `sum_{i<k} (y_i - y_k) < total`:
  /// the volume above the level `y_k`. Then `tau = (sum of the m active entries - total) / m`. The
  /// largest entry is the anchor and is subtracted first, so that errors are relative to `total`,
  /// not to the size of the entries; entries at least `total` below it cannot be active and are not
  /// sorted.
  ///
  /// Source: Held, Wolfe and Crowder 1974; Duchi et al. 2008, Figure 1; the filter is a simple form
  /// of the one of Condat 2016.
  ///
  /// - Complexity: O(n + k log k) time, O(k) memory, k the entries that pass the filter.
  static func threshold(_ values: [Double], total: Double) -> Threshold {
    var anchor = values[0]
    for value in values { anchor = max(anchor, value) }
    guard total > 0 else { return Threshold(anchor: anchor, offset: 0) }

    var candidates: [Double] = []
    for value in values where value - anchor > -total { candidates.append(value - anchor) }
    candidates.sort(by: >)

    var sum = CompensatedSum()
    var active = 0
    var previous = candidates[0]
    var poured = 0.0
    for candidate in candidates {
      poured += Double(active) * (previous - candidate)
      guard poured < total else { break }
      sum.add(candidate)
      active += 1
      previous = candidate
    }
    sum.add(-total)
    return Threshold(anchor: anchor, offset: sum.value / Double(active))
  }
}

/// A level `anchor + offset`, kept as two numbers so that an entry near the anchor is compared with
/// it without rounding.
struct Threshold {
  let anchor: Double
  let offset: Double

  /// How far `value` is above the level, which may be negative.
  func signedExcess(of value: Double) -> Double { (value - anchor) - offset }

  /// How far `value` is above the level, or 0.
  func excess(of value: Double) -> Double { max(signedExcess(of: value), 0) }
}

/// A closed convex set to which hyperparameters are constrained, with its exact Euclidean
/// projection `argmin over z in the set of ||z - x||^2`.
///
/// Each set is a validated value, so a `Constraint` that exists can be projected onto; what depends
/// on the number of coordinates `n` is checked by `project`. To add a set, write one file with a
/// struct that conforms to `Projection`, then add a case and a row to the switch below.
///
/// | constraint | set | time | extra memory |
/// | --- | --- | --- | --- |
/// | `none` | all finite vectors | O(n) | O(1) |
/// | `box` | `lower <= x <= upper` | O(n) | O(1) |
/// | `nonNegative` | `x >= 0` | O(n) | O(1) |
/// | `simplex` | `x >= 0`, `sum x = total` | O(n log n) | O(n) |
/// | `l1Ball` | `sum abs(x) <= radius` | O(n log n) | O(n) |
/// | `cappedSimplex` | `0 <= x <= upper`, `sum x <= total` or `= total` | O(n log n) | O(n) |
///
/// Beware of `Constraint?`: there `.none` reads as "no value"; write `Constraint.none`.
public enum Constraint: Hashable, Sendable {
  /// No constraint.
  case none
  /// Each entry between two bounds.
  case box(Box)
  /// Each entry at least 0.
  case nonNegative
  /// Entries of at least 0 with a fixed sum.
  case simplex(Simplex)
  /// A bounded sum of absolute values.
  case l1Ball(L1Ball)
  /// Entries between 0 and a bound, with a bounded or fixed sum.
  case cappedSimplex(CappedSimplex)
}

// MARK: - Construction

extension Constraint {
  /// `lower <= x_i <= upper` with the same bounds for every coordinate; either may be infinite.
  ///
  /// - Throws: `ConstraintError` if a bound is NaN, if `lower > upper`, or if `lower` is
  ///   `+infinity` or `upper` is `-infinity`.
  public static func box(lower: Double, upper: Double) throws -> Constraint {
    .box(try Box(lower: .all(lower), upper: .all(upper)))
  }

  /// `lower_i <= x_i <= upper_i`; `lower`, `upper`: `(n)`, entries may be infinite.
  ///
  /// - Throws: `ConstraintError` as for scalar bounds, and if the counts differ.
  /// - Complexity: O(n) time.
  public static func box(lower: [Double], upper: [Double]) throws -> Constraint {
    .box(try Box(lower: .each(lower), upper: .each(upper)))
  }

  /// A box with a scalar bound on one side and a bound per coordinate on the other.
  ///
  /// - Throws: `ConstraintError` as for scalar bounds, and if the counts differ.
  /// - Complexity: O(n) time.
  public static func box(lower: Box.Bound, upper: Box.Bound) throws -> Constraint {
    .box(try Box(lower: lower, upper: upper))
  }

  /// `x >= 0`, `sum x = total`.
  ///
  /// - Throws: `ConstraintError.invalidSize` if `total` is negative, infinite or NaN.
  public static func simplex(total: Double) throws -> Constraint {
    .simplex(try Simplex(total: total))
  }

  /// `sum abs(x) <= radius`.
  ///
  /// - Throws: `ConstraintError.invalidSize` if `radius` is negative, infinite or NaN.
  public static func l1Ball(radius: Double) throws -> Constraint {
    .l1Ball(try L1Ball(radius: radius))
  }

  /// `0 <= x_i <= upper`, and `sum x <= total` (the default) or `sum x = total`.
  ///
  /// - Throws: `ConstraintError.invalidSize` if `total` is negative, infinite or NaN, or if
  ///   `upper` is negative or NaN. `upper` may be infinite.
  public static func cappedSimplex(
    total: Double, upper: Double = 1, sum: CappedSimplex.Sum = .atMost
  ) throws -> Constraint {
    .cappedSimplex(try CappedSimplex(total: total, upper: upper, sum: sum))
  }

  // MARK: - Projection

  /// Replaces `x`, `(n)`, by the nearest point of the set. On an error `x` is unchanged.
  ///
  /// - Throws: `ConstraintError.notFinite` naming the first NaN or infinite entry;
  ///   `countMismatch` if the bounds are for another `n`; `infeasibleTotal` if the set has no
  ///   point with `n` coordinates.
  /// - Complexity: see the table at `Constraint`.
  public func project(_ x: inout [Double]) throws {
    try x.withUnsafeMutableBufferPointer { try projectElements($0) }
  }

  /// As for `[Double]`: computed in double precision, each entry rounded to `Float` once.
  ///
  /// Rounding may leave an entry, or the sum, outside the set by about one unit in the last place
  /// of each entry.
  ///
  /// - Throws: `ConstraintError`, as for `[Double]`.
  public func project(_ x: inout [Float]) throws {
    try x.withUnsafeMutableBufferPointer { try projectElements($0) }
  }

  /// As for `[Double]`, in place on memory that the caller owns.
  ///
  /// - Throws: `ConstraintError`, as for `[Double]`.
  public func project(_ x: UnsafeMutableBufferPointer<Double>) throws {
    try projectElements(x)
  }

  /// As for `[Float]`, in place on memory that the caller owns.
  ///
  /// - Throws: `ConstraintError`, as for `[Double]`.
  public func project(_ x: UnsafeMutableBufferPointer<Float>) throws {
    try projectElements(x)
  }

  /// Whether every inequality and equality that defines the set holds at `x` up to `tolerance`, an
  /// absolute slack; false if an entry is NaN or infinite or if the bounds are for another count.
  ///
  /// - Complexity: O(n) time, O(1) memory.
  public func isFeasible(_ x: [Double], tolerance: Double) -> Bool {
    x.withUnsafeBufferPointer { isFeasibleElements($0, tolerance: tolerance) }
  }

  /// As for `[Double]`, with entries read in double precision.
  public func isFeasible(_ x: [Float], tolerance: Double) -> Bool {
    x.withUnsafeBufferPointer { isFeasibleElements($0, tolerance: tolerance) }
  }

  private func projectElements<T: BinaryFloatingPoint>(
    _ x: UnsafeMutableBufferPointer<T>
  ) throws {
    for index in x.indices where !x[index].isFinite {
      throw ConstraintError.notFinite(index: index, value: Double(x[index]))
    }
    switch self {
    case .none: return
    case .box(let set): try set.project(x)
    case .nonNegative: try Box.nonNegative.project(x)
    case .simplex(let set): try set.project(x)
    case .l1Ball(let set): set.project(x)
    case .cappedSimplex(let set): try set.project(x)
    }
  }

  private func isFeasibleElements<T: BinaryFloatingPoint>(
    _ x: UnsafeBufferPointer<T>, tolerance: Double
  ) -> Bool {
    guard x.allSatisfy(\.isFinite) else { return false }
    switch self {
    case .none: return true
    case .box(let set): return set.isFeasible(x, tolerance: tolerance)
    case .nonNegative: return Box.nonNegative.isFeasible(x, tolerance: tolerance)
    case .simplex(let set): return set.isFeasible(x, tolerance: tolerance)
    case .l1Ball(let set): return set.isFeasible(x, tolerance: tolerance)
    case .cappedSimplex(let set): return set.isFeasible(x, tolerance: tolerance)
    }
  }
}

/// What a set provides: its projection and its membership test, for finite entries.
///
/// Arithmetic is in `Double` whatever `T` is; the generic bodies never leave this module, so each
/// is specialised for `Float` and `Double`.
protocol Projection: Hashable, Sendable {
  /// Replaces `x` by the nearest point of the set, or throws and leaves `x` unchanged.
  func project<T: BinaryFloatingPoint>(_ x: UnsafeMutableBufferPointer<T>) throws

  /// Whether every defining relation holds up to `tolerance`.
  func isFeasible<T: BinaryFloatingPoint>(
    _ x: UnsafeBufferPointer<T>, tolerance: Double
  ) -> Bool
}

extension Constraint {
  /// `{x : lower_i <= x_i <= upper_i}`; each side is one number or one per coordinate.
  public struct Box: Projection {
    /// One side of a box. Infinite values mean no limit.
    public enum Bound: Hashable, Sendable {
      /// The same bound for every coordinate.
      case all(Double)
      /// A bound per coordinate, `(n)`.
      case each([Double])
    }

    /// The least value of each entry.
    public let lower: Bound
    /// The greatest value of each entry.
    public let upper: Bound

    /// The box between `lower` and `upper`.
    ///
    /// - Throws: `ConstraintError` if a bound is NaN, if a lower bound exceeds its upper bound, if
    ///   a lower bound is `+infinity` or an upper one `-infinity`, or if the counts differ.
    /// - Complexity: O(n) time.
    public init(lower: Bound, upper: Bound) throws {
      if let l = lower.count, let u = upper.count, l != u {
        throw ConstraintError.boundCounts(lower: l, upper: u)
      }
      try lower.validate(name: "lower", forbidding: .infinity)
      try upper.validate(name: "upper", forbidding: -.infinity)
      let count = lower.count ?? upper.count
      for index in 0..<(count ?? 1) where lower[index] > upper[index] {
        throw ConstraintError.emptyBox(
          index: count == nil ? nil : index, lower: lower[index], upper: upper[index])
      }
      self.lower = lower
      self.upper = upper
    }

    private init(uncheckedLower lower: Double, upper: Double) {
      self.lower = .all(lower)
      self.upper = .all(upper)
    }

    static let nonNegative = Box(uncheckedLower: 0, upper: .infinity)

    /// The number of coordinates the bounds are for; nil when both are scalars.
    var count: Int? { lower.count ?? upper.count }
  }
}

extension Constraint.Box {
  /// The projection separates: `x_i = min(max(x_i, lower_i), upper_i)`.
  ///
  /// - Complexity: O(n) time, O(1) memory.
  func project<T: BinaryFloatingPoint>(_ x: UnsafeMutableBufferPointer<T>) throws {
    if let count, count != x.count {
      throw ConstraintError.countMismatch(expected: count, found: x.count)
    }
    if case .all(let low) = lower, case .all(let high) = upper {
      for index in x.indices { x[index] = T(min(max(Double(x[index]), low), high)) }
    } else {
      for index in x.indices {
        x[index] = T(min(max(Double(x[index]), lower[index]), upper[index]))
      }
    }
  }

  func isFeasible<T: BinaryFloatingPoint>(
    _ x: UnsafeBufferPointer<T>, tolerance: Double
  ) -> Bool {
    if let count, count != x.count { return false }
    return x.indices.allSatisfy { index in
      let value = Double(x[index])
      return value >= lower[index] - tolerance && value <= upper[index] + tolerance
    }
  }
}

extension Constraint.Box.Bound {
  var count: Int? {
    switch self {
    case .all: nil
    case .each(let values): values.count
    }
  }

  subscript(index: Int) -> Double {
    switch self {
    case .all(let value): value
    case .each(let values): values[index]
    }
  }

  fileprivate func validate(name: String, forbidding forbidden: Double) throws {
    for index in 0..<(count ?? 1) where self[index].isNaN || self[index] == forbidden {
      throw ConstraintError.invalidBound(
        name: name, index: count == nil ? nil : index, value: self[index])
    }
  }
}

extension Constraint {
  /// `{x : 0 <= x_i <= upper}` with `sum x <= total`, or with `sum x = total`.
  ///
  /// The set of example weights in data hyper-cleaning (Franceschi et al. 2017): `upper` is 1 and
  /// `total` the number of trusted examples.
  public struct CappedSimplex: Projection {
    /// How the sum of the coordinates relates to `total`.
    public enum Sum: Hashable, Sendable {
      /// `sum x <= total`; never empty.
      case atMost
      /// `sum x = total`; empty when `total > n * upper`, which `project` reports.
      case exactly
    }

    /// What the entries sum to.
    public let total: Double
    /// The greatest value of an entry.
    public let upper: Double
    /// Whether the sum is to be equal to the total, or at most.
    public let sum: Sum

    /// The capped simplex; `upper` may be infinite, `total` may not.
    ///
    /// - Throws: `ConstraintError.invalidSize` if `total` is negative, infinite or NaN, or if
    ///   `upper` is negative or NaN.
    public init(total: Double, upper: Double = 1, sum: Sum = .atMost) throws {
      guard total >= 0, total.isFinite else {
        throw ConstraintError.invalidSize(name: "total", value: total)
      }
      guard upper >= 0 else { throw ConstraintError.invalidSize(name: "upper", value: upper) }
      self.total = total
      self.upper = upper
      self.sum = sum
    }

    /// The cap that binds: no coordinate of a non-negative vector exceeds its sum.
    private var cap: Double { min(upper, total) }
  }
}

extension Constraint.CappedSimplex {
  /// `x_i = clip(y_i, 0, upper)` if that sums to at most `total` and less is allowed, otherwise
  /// `x_i = clip(y_i - tau, 0, upper)` with `tau` the root of `sum x = total`.
  ///
  /// Stationarity of `||x - y||^2 / 2 + tau (sum x - total)` on the box gives the clip; for
  /// `atMost`, `tau >= 0` and `tau (sum x - total) = 0`.
  ///
  /// - Throws: `ConstraintError.infeasibleTotal` if the sum must be `total > n * upper`.
  /// - Complexity: O(n log n) time, O(n) memory; O(n) time when the first clip suffices.
  func project<T: BinaryFloatingPoint>(_ x: UnsafeMutableBufferPointer<T>) throws {
    switch sum {
    case .exactly:
      // A cap such as 0.1 is itself rounded: forgive the last digits of the product.
      let slack = 1 + 4 * Double.ulpOfOne
      guard total <= Double(x.count) * cap * slack else {
        throw ConstraintError.infeasibleTotal(total: total, upper: upper, count: x.count)
      }
    case .atMost:
      var clipped = CompensatedSum()
      for element in x { clipped.add(clip(Double(element), upTo: upper)) }
      if clipped.value <= total {
        for index in x.indices { x[index] = T(clip(Double(x[index]), upTo: upper)) }
        return
      }
    }
    let cap = cap
    switch level(x.map { Double($0) }, cap: cap) {
    case .threshold(let threshold):
      for index in x.indices {
        x[index] = T(clip(threshold.signedExcess(of: Double(x[index])), upTo: cap))
      }
    case .allZero: x.update(repeating: 0)
    case .allCapped: x.update(repeating: T(cap))
    }
  }

  func isFeasible<T: BinaryFloatingPoint>(
    _ x: UnsafeBufferPointer<T>, tolerance: Double
  ) -> Bool {
    var found = CompensatedSum()
    for element in x {
      let value = Double(element)
      if value < -tolerance || value > upper + tolerance { return false }
      found.add(value)
    }
    switch sum {
    case .atMost: return found.value <= total + tolerance
    case .exactly: return abs(found.value - total) <= tolerance
    }
  }

  private func clip(_ value: Double, upTo cap: Double) -> Double { min(max(value, 0), cap) }

  private enum Level {
    case threshold(Threshold)
    case allZero
    case allCapped
  }

  /// The root `tau` of `g(tau) = sum_i clip(y_i - tau, 0, cap) = total`.
  ///
  /// `g` is piecewise linear and falls with `tau`; its 2n breakpoints are `y_i`, above which entry
  /// i is 0, and `y_i - cap`, below which it is at the cap. With the entries sorted downwards both
  /// families are sorted, so one merge visits the breakpoints from the highest, with entries
  /// `0..<capped` at the cap and `capped..<entered` between, and adds `free * (fall of tau)` to `g`
  /// until it reaches `total`. Only sums of non-negative numbers, and differences of entries taken
  /// before any offset, are used: the error is relative to `total` and `cap`, not to the size of
  /// the entries. Inside the segment found, `tau` follows from its free entries alone.
  ///
  /// - Complexity: O(n log n) time, O(n) memory.
  private func level(_ values: [Double], cap: Double) -> Level {
    guard total > 0, cap > 0, !values.isEmpty else { return .allZero }
    let sorted = values.sorted(by: >)
    var entered = 0
    var capped = 0
    // The last breakpoint is `sorted[base] - depth`.
    var base = 0
    var depth = 0.0
    var reached = 0.0
    while capped < sorted.count {
      let enters = entered < sorted.count && sorted[capped] - sorted[entered] <= cap
      let nextBase = enters ? entered : capped
      let nextDepth = enters ? 0 : cap
      if entered > capped {
        let fall = max((sorted[base] - sorted[nextBase]) + (nextDepth - depth), 0)
        reached += Double(entered - capped) * fall
        if reached >= total {
          return .threshold(threshold(free: sorted[capped..<entered], capped: capped, cap: cap))
        }
      }
      if enters { entered += 1 } else { capped += 1 }
      base = nextBase
      depth = nextDepth
    }
    return .allCapped
  }

  /// `tau` from `sum over free entries of (y_i - tau) + capped * cap = total`.
  private func threshold(free: ArraySlice<Double>, capped: Int, cap: Double) -> Threshold {
    let anchor = free[free.startIndex]
    var sum = CompensatedSum()
    for value in free { sum.add(value - anchor) }
    sum.add(-total)
    sum.add(Double(capped) * cap)
    return Threshold(anchor: anchor, offset: sum.value / Double(free.count))
  }
}

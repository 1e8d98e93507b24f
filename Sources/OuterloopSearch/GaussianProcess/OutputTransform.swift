internal import OuterloopPlatform

/// Losses as outputs of a Gaussian process: smaller is better, mean 0, variance 1, no outliers on
/// the bad side.
///
/// - Losses beyond the upper fence q3 + 1.5 (q3 - q1) are clipped to it (Tukey; as in Ax), since how bad a bad region is
///   says nothing about where the good one is. Where more than a quarter of the trials diverged, by many orders of
///   magnitude, that fence is so far out that the others become indistinguishable: then it is placed above the median by
///   1,000 times the distance from q1 to the median.
/// - Then they are standardised, and rounded to 2^-32: so that neither the unit and origin of a loss, nor
///   the rounding errors of changing them, have an effect.
package struct OutputTransform: Sendable {
  /// Winsorised, standardised, rounded; zeros if all losses are equal.
  package let standardized: [Double]
  /// Whether any two differ.
  package let isInformative: Bool
  /// The inverse transform: location + scale z, in units of `unit`.
  private let location: Double
  private let scale: Double
  private let unit: Double
  private let isClipped: [Bool]

  /// - Parameter losses: finite.
  /// - Complexity: O(n log n).
  package init(_ losses: [Double]) {
    // Units are powers of two: exact, and far from overflow. That of all losses is for finding the fence; the other is
    // that of the losses within it, which may be smaller by any factor.
    let whole = Self.unit(of: losses)
    let fence = Self.fence(of: losses.map { $0 / whole }) * whole
    isClipped = losses.map { $0 > fence }
    let clipped = losses.map { min($0, fence) }
    let unit = Self.unit(of: clipped)
    self.unit = unit
    let values = clipped.map { $0 / unit }
    let (mean, deviation) = Self.moments(values)
    isInformative = deviation > 1e-13
    (location, scale) = (mean, deviation)
    guard isInformative else {
      standardized = losses.map { _ in 0 }
      return
    }
    standardized = values.map { (($0 - mean) / deviation * 0x1p32).rounded() * 0x1p-32 }
  }

  /// The loss difference of a standardised 1.
  package var unitLoss: Double { scale * unit }

  /// The loss of a standardised value.
  package func loss(ofStandardized value: Double) -> Double { (location + scale * value) * unit }

  /// A derivative of the loss at `place`, converted to the standardised loss and rounded likewise; nil
  /// where the loss was winsorised, or the derivative overflows.
  package func derivative(_ value: Double, at place: Int) -> Double? {
    guard isInformative, !isClipped[place] else { return nil }
    let scaled = (value / unit / scale * 0x1p32).rounded() * 0x1p-32
    return scaled.isFinite ? scaled : nil
  }

  private static func unit(of values: [Double]) -> Double {
    let largest = values.reduce(0) { max($0, abs($1)) }
    return largest > 0 ? scalbn(1, Int32(ilogb(largest))) : 1
  }

  private static func fence(of values: [Double]) -> Double {
    let sorted = values.sorted()
    let (q1, q3) = (quantile(sorted, 0.25), quantile(sorted, 0.75))
    let fence = q3 > q1 ? q3 + 1.5 * (q3 - q1) : .infinity
    let (median, worst) = (quantile(sorted, 0.5), sorted.last ?? 0)
    // A converged search has good trials that close together too, but its bad ones are not that far apart.
    guard median > q1, median - q1 < 0x1p-20 * (fence - median),
      worst - median > 1000 * (fence - median)
    else { return fence }
    return median + 1000 * (median - q1)
  }

  /// By linear interpolation between order statistics.
  static func quantile(_ sorted: [Double], _ p: Double) -> Double {
    guard !sorted.isEmpty else { return 0 }
    let place = p * Double(sorted.count - 1)
    let below = Int(place)
    let above = min(below + 1, sorted.count - 1)
    return sorted[below] + (place - Double(below)) * (sorted[above] - sorted[below])
  }

  static func moments(_ values: [Double]) -> (mean: Double, deviation: Double) {
    guard values.count > 1 else { return (values.first ?? 0, 0) }
    let mean = values.reduce(0, +) / Double(values.count)
    let square = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (mean, (square / Double(values.count - 1)).squareRoot())
  }
}

/// The power transform of Yeo and Johnson (2000), which makes skewed values of either sign more normal:
///
///     psi(z) = ((1 + z)^p - 1)/p              z >= 0;  log(1 + z) at p = 0
///     psi(z) = -((1 - z)^(2-p) - 1)/(2 - p)   z < 0;   -log(1 - z) at p = 2
///     log dpsi/dz = (p - 1) sign(z) log(1 + |z|)
///
/// followed by a standardisation. p maximises the likelihood of a normal distribution.
package struct YeoJohnson: Sendable {
  package let power: Double

  package init(power: Double) { self.power = power }

  /// - Parameter range: the search range of the power.
  /// - Complexity: O(n), about 40 passes.
  package init(fitting values: [Double], in range: ClosedRange<Double> = -1...3) {
    // The likelihood usually has a single maximum in p: a grid, then golden sections around its best.
    let logarithms = values.map { $0 < 0 ? -log1p(-$0) : log1p($0) }
    let stretch = logarithms.reduce(0, +)
    func loss(_ power: Double) -> Double {
      -YeoJohnson(power: power).logLikelihood(logarithms, stretch: stretch)
    }
    let grid = (0...8).map {
      range.lowerBound + (range.upperBound - range.lowerBound) * Double($0) / 8
    }
    let losses = grid.map(loss)
    let best = losses.indices.min { losses[$0] < losses[$1] } ?? 0
    var (a, b) = (grid[max(best - 1, 0)], grid[min(best + 1, 8)])
    let ratio = 0.618033988749894848
    var (c, d) = (b - ratio * (b - a), a + ratio * (b - a))
    var (atC, atD) = (loss(c), loss(d))
    for _ in 0..<16 {
      if atC <= atD {
        (b, d, atD) = (d, c, atC)
        c = b - ratio * (b - a)
        atC = loss(c)
      } else {
        (a, c, atC) = (c, d, atD)
        d = a + ratio * (b - a)
        atD = loss(d)
      }
    }
    power = 0.5 * (a + b)
  }

  package func callAsFunction(_ z: Double) -> Double {
    z >= 0 ? Self.grown(log: log1p(z), power) : -Self.grown(log: log1p(-z), 2 - power)
  }

  /// z for psi(z); where no z has that value, the nearest one that is not far out.
  package func inverse(_ value: Double) -> Double {
    value >= 0 ? Self.shrunk(value, power) : -Self.shrunk(-value, 2 - power)
  }

  /// z >= 0 with ((1 + z)^p - 1)/p = v, at most e^30: for p < 0 the left side stays below -1/p.
  private static func shrunk(_ v: Double, _ p: Double) -> Double {
    let logarithm = abs(p) < 1e-9 ? v : 1 + p * v > 0 ? log1p(p * v) / p : 30
    return expm1(min(logarithm, 30))
  }

  /// ((1 + z)^p - 1)/p for z >= 0, from log(1 + z).
  private static func grown(log logarithm: Double, _ p: Double) -> Double {
    abs(p) < 1e-9 ? logarithm : expm1(p * logarithm) / p
  }

  /// dpsi/dz.
  package func slope(_ z: Double) -> Double {
    exp((power - 1) * (z < 0 ? -log1p(-z) : log1p(z)))
  }

  /// Transformed values of mean 0 and variance 1, their derivatives with respect to the values at fixed mean
  /// and variance, and the log determinant of the Jacobian of the entire transform; nil if they are all equal.
  package func standardized(
    _ values: [Double]
  ) -> (outputs: [Double], slopes: [Double], logJacobian: Double)? {
    let bent = values.map { self($0) }
    let (mean, deviation) = OutputTransform.moments(bent)
    guard deviation > 0, deviation.isFinite else { return nil }
    let stretch = values.reduce(0) { $0 + ($1 < 0 ? -log1p(-$1) : log1p($1)) }
    return (
      bent.map { ($0 - mean) / deviation }, values.map { slope($0) / deviation },
      (power - 1) * stretch - Double(values.count) * log(deviation)
    )
  }

  /// The profile likelihood of a normal distribution, up to a constant.
  ///
  /// - Parameters:
  ///   - logarithms: log(1 + |z|), with the sign of z.
  ///   - stretch: their sum.
  private func logLikelihood(_ logarithms: [Double], stretch: Double) -> Double {
    let deviation = OutputTransform.moments(
      logarithms.map { $0 < 0 ? -Self.grown(log: -$0, 2 - power) : Self.grown(log: $0, power) }
    ).deviation
    guard deviation > 0, deviation.isFinite else { return -.infinity }
    return (power - 1) * stretch - Double(logarithms.count) * log(deviation)
  }
}

private import OuterloopPlatform

/// CatCMA with margin (Hamano, Saito, Nomura, Uchida and Shirakawa 2025, arXiv 2504.07884): one distribution
/// over continuous coordinates, coordinates with a grid, and choices; equal step by step to the package
/// cmaes 0.13.1 (`CatCMAwM`), with coordinates in any order.
///
///     v = m + sigma A C^(1/2) z,   continuous ones clipped to their range, gridded ones rounded
///
/// Points outside the range of a continuous coordinate get a distance penalty. Among the parents' gridded
/// coordinates, those that were rounded away from the mean's value are used as rounded, and the others are
/// shifted so that the mean is not biased by it (*centering*). The margin keeps the probability of a change
/// of each gridded coordinate between alpha and what it was, unless a parent profited from a change.
///
/// Differences: positions are in the unit cube, and a generation without a spread of losses has no
/// penalties.
struct MixedSearch: Sendable {
  private(set) var gaussian: CovarianceAdaptation
  /// The grid of each coordinate; nil: continuous.
  let grids: [CoordinateGrid?]
  private(set) var scales: [Double]
  private var changeRates: [Double]
  private var hasChanged: [Bool]
  private let margin: Double
  /// The ends of continuous coordinates.
  let ranges: [ClosedRange<Double>]

  private static let tiny = 1e-8

  /// - Parameters:
  ///   - ranges: of continuous coordinates; others are ignored. The unit interval if empty.
  ///   - discrete: gridded coordinates and choices.
  init(
    _ gaussian: CovarianceAdaptation, grids: [CoordinateGrid?],
    ranges: [ClosedRange<Double>] = [], discrete: Int
  ) {
    let parameters = gaussian.parameters
    let n = parameters.dimensions
    precondition(grids.count == n && (ranges.isEmpty || ranges.count == n))
    self.gaussian = gaussian
    self.grids = grids
    self.ranges = ranges.isEmpty ? Array(repeating: 0...1, count: n) : ranges
    scales = [Double](repeating: 1, count: n)
    changeRates = [Double](repeating: 0.5 - Self.tiny, count: n)
    hasChanged = [Bool](repeating: false, count: n)
    margin = discrete > 0 ? ChoiceDistribution.margin(discrete) : 0
  }

  /// The initial distribution: m in the middle, sigma 1 and C diagonal, with a standard deviation of a
  /// sixth of half the range of a continuous coordinate and a fifth of a gridded one's.
  static func initialCovariance(_ grids: [CoordinateGrid?]) -> [Double] {
    let n = grids.count
    var result = [Double](repeating: 0, count: n * n)
    for (i, grid) in grids.enumerated() {
      let half = grid.map { ($0.place($0.count - 1) - $0.place(0)) / 2 } ?? 0.5
      let deviation = half / (grid == nil ? 6 : 5)
      result[i * n + i] = deviation * deviation
    }
    return result
  }

  func draw(_ normals: () -> [Double]) -> [Double] {
    let step = gaussian.step(normals())
    return step.indices.map { gaussian.mean[$0] + gaussian.sigma * scales[$0] * step[$0] }
  }

  /// The positions that a point represents.
  func places(of point: [Double]) -> [Double] {
    point.indices.map { i in
      grids[i].map { $0.place($0.index(of: point[i])) } ?? inside(point[i], i)
    }
  }

  private func inside(_ x: Double, _ i: Int) -> Double {
    min(max(x, ranges[i].lowerBound), ranges[i].upperBound)
  }

  // MARK: The update

  /// - Parameters:
  ///   - points: lambda of them, best first, penalties included.
  ///   - isInjected: see `CovarianceAdaptation.update`.
  mutating func update(_ points: [[Double]], isInjected: [Bool] = []) {
    let points = centered(points)
    let (mean, sigma, scales) = (gaussian.mean, gaussian.sigma, scales)
    gaussian.update(
      points.map { point in
        point.indices.map { i in
          ((point[i] - mean[i]) / scales[i] + mean[i] - mean[i]) / sigma
        }
      }, isInjected: isInjected)
    gaussian.keepAbove(leastEigenvalue: 1e-30)
    for i in grids.indices {
      if let grid = grids[i] { keepMargin(i, grid) }
    }
  }

  private mutating func centered(_ points: [[Double]]) -> [[Double]] {
    var result = points
    let parents = gaussian.parameters.parents
    for i in grids.indices {
      guard let grid = grids[i] else { continue }
      let home = grid.index(of: gaussian.mean[i])
      var (bias, upward, downward) = (0.0, 0.0, 0.0)
      hasChanged[i] = false
      for p in 0..<parents {
        let index = grid.index(of: points[p][i])
        let shift = grid.place(index) - points[p][i]
        if index != home {
          hasChanged[i] = true
          result[p][i] = grid.place(index)
          bias += result[p][i] - points[p][i]
        } else if shift > 0 {
          upward += shift
        } else {
          downward += shift
        }
      }
      // The unchanged ones are moved towards their value by the fraction that cancels the bias.
      let toBalance = bias < 0 ? upward : downward
      guard bias * toBalance < 0 else { continue }
      let share = min(1, -bias / toBalance)
      for p in 0..<parents where grid.index(of: points[p][i]) == home {
        let shift = grid.place(home) - points[p][i]
        if bias * shift < 0 { result[p][i] += share * shift }
      }
    }
    return result
  }

  private mutating func keepMargin(_ i: Int, _ grid: CoordinateGrid) {
    let mean = gaussian.mean[i]
    let (below, above) = grid.thresholds(around: mean)
    let deviation = gaussian.sigma * gaussian.deviation(i)
    guard deviation > 0, deviation.isFinite, scales[i].isFinite else { return }
    var low = NormalMargin.cdf(below, mean: mean, deviation: deviation * scales[i])
    var up = 1 - NormalMargin.cdf(above, mean: mean, deviation: deviation * scales[i])
    var middle = 1 - (low + up)
    if max(low, up) > 0.5 {
      var change = max(min(low, up), margin)
      if !hasChanged[i] { change = min(change, changeRates[i]) }
      change = min(max(change, Self.tiny), 0.5 - Self.tiny)
      let home = grid.place(grid.index(of: mean))
      let least = abs(home - above) / (deviation * NormalMargin.halfWidth(outside: margin))
      scales[i] = max(scales[i], least)
      let distance = deviation * scales[i] * NormalMargin.halfWidth(outside: change)
      gaussian.mean[i] = above + (mean > above ? distance : mean < above ? -distance : 0)
      changeRates[i] = change
      return
    }
    low = max(low, margin / 2)
    up = max(up, margin / 2)
    if !hasChanged[i] { middle = max(middle, 1 - changeRates[i]) }
    let floor = hasChanged[i] ? 3 * margin / 2 : margin + (1 - changeRates[i])
    let excess = (1 - low - up - middle) / (low + up + middle - floor)
    // If all three are at their floors, nothing can be taken.
    if excess.isFinite {
      low += excess * (low - margin / 2)
      up += excess * (up - margin / 2)
    }
    low = min(max(low, Self.tiny), 0.5 - Self.tiny)
    up = min(max(up, Self.tiny), 0.5 - Self.tiny)
    let fit = NormalMargin.fit(
      lower: below, upper: above, masses: (low, up), deviation: deviation)
    (gaussian.mean[i], scales[i]) = (fit.mean, fit.scale)
    changeRates[i] = low + up
  }

  /// The point that represents positions; nil coordinates are taken from the mean.
  func point(of places: [Double?]) -> [Double] {
    places.indices.map { places[$0] ?? gaussian.mean[$0] }
  }
}

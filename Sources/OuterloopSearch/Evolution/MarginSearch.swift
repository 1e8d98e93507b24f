internal import OuterloopNumerics

/// CMA-ES in the unit cube, with the margin of Hamano, Saito, Nomura and Shirakawa (2022) for gridded
/// coordinates; equal step by step to the package cmaes 0.13.1 (`CMA` and `CMAwM`).
///
/// Points are drawn from N(m, sigma^2 C). Continuous coordinates outside [0, 1] are clipped, with a penalty (`BoxPenalty`);
/// or points are resampled until all are inside, as in the package. A coordinate with a grid is scaled by A_i about the mean
/// and rounded. After each update m_i and A_i are moved so that the values on both sides of the mean's keep a probability of
/// at least alpha / 2 each, alpha = 1 / (n lambda): the search cannot get stuck on one value.
struct MarginSearch: Sendable {
  private(set) var gaussian: CovarianceAdaptation
  /// The grid of each coordinate; nil: continuous.
  let grids: [CoordinateGrid?]
  private(set) var scales: [Double]
  private let margin: Double
  let bounds: Bounds

  /// How continuous coordinates outside [0, 1] are handled.
  enum Bounds: Sendable {
    case penalty
    /// Points are resampled up to this many times, then clipped.
    case redraws(Int)
  }

  init(
    _ gaussian: CovarianceAdaptation, grids: [CoordinateGrid?], bounds: Bounds = .penalty
  ) {
    let n = gaussian.parameters.dimensions
    precondition(grids.count == n)
    self.gaussian = gaussian
    self.grids = grids
    scales = [Double](repeating: 1, count: n)
    margin = 1 / Double(n * gaussian.parameters.population)
    self.bounds = bounds
  }

  /// A point for the update. `normals` gives n standard normal numbers.
  func draw(_ normals: () -> [Double]) -> [Double] {
    guard case .redraws(let redraws) = bounds else { return drawOnce(normals) }
    for _ in 0..<redraws {
      let point = drawOnce(normals)
      if point.indices.allSatisfy({ grids[$0] != nil || (0...1).contains(point[$0]) }) {
        return point
      }
    }
    var point = drawOnce(normals)
    for i in point.indices where grids[i] == nil { point[i] = min(max(point[i], 0), 1) }
    return point
  }

  private func drawOnce(_ normals: () -> [Double]) -> [Double] {
    zip(gaussian.mean, gaussian.step(normals())).map { $0 + gaussian.sigma * $1 }
  }

  /// The positions that a point represents: itself, rounded to grids.
  func places(of point: [Double]) -> [Double] {
    point.indices.map { i in
      guard let grid = grids[i] else { return min(max(point[i], 0), 1) }
      return grid.place(grid.index(of: scaled(point[i], i)))
    }
  }

  private func scaled(_ x: Double, _ i: Int) -> Double {
    (x - gaussian.mean[i]) * scales[i] + gaussian.mean[i]
  }

  /// The point that represents positions; nil coordinates are taken from the mean.
  func point(of places: [Double?]) -> [Double] {
    places.indices.map { i in
      guard let place = places[i] else { return gaussian.mean[i] }
      return grids[i] == nil
        ? place : (place - gaussian.mean[i]) / scales[i] + gaussian.mean[i]
    }
  }

  /// - Parameters:
  ///   - points: lambda of them, best first.
  ///   - isInjected: see `CovarianceAdaptation.update`.
  mutating func update(_ points: [[Double]], isInjected: [Bool] = []) {
    let (mean, sigma) = (gaussian.mean, gaussian.sigma)
    gaussian.update(
      points.map { zip($0, mean).map { ($0 - $1) / sigma } }, isInjected: isInjected)
    for i in grids.indices {
      if let grid = grids[i] { keepMargin(i, grid) }
    }
  }

  private mutating func keepMargin(_ i: Int, _ grid: CoordinateGrid) {
    let mean = gaussian.mean[i]
    let (below, above) = grid.thresholds(around: mean)
    let deviation = gaussian.sigma * gaussian.deviation(i)
    let scaled = deviation * scales[i]
    guard scaled > 0, scaled.isFinite else { return }
    var low = NormalMargin.cdf(below, mean: mean, deviation: scaled)
    var up = 1 - NormalMargin.cdf(above, mean: mean, deviation: scaled)
    let middle = 1 - (low + up)
    if max(low, up) > 0.5 {
      // At an end value: its neighbour keeps alpha.
      guard min(low, up) < margin else { return }
      let distance = scaled * NormalMargin.halfWidth(outside: margin)
      gaussian.mean[i] = above + (mean > above ? distance : mean < above ? -distance : 0)
      return
    }
    // Raised to alpha / 2, with the excess taken from what all three have above that.
    low = max(low, margin / 2)
    up = max(up, margin / 2)
    let excess = (1 - low - up - middle) / (low + middle + up - 3 * margin / 2)
    let masses = (
      low: clipped(low + excess * (low - margin / 2)), up: clipped(up + excess * (up - margin / 2))
    )
    let fit = NormalMargin.fit(lower: below, upper: above, masses: masses, deviation: deviation)
    (gaussian.mean[i], scales[i]) = (fit.mean, fit.scale)
  }

  private func clipped(_ mass: Double) -> Double { min(max(mass, 1e-10), 0.5 - 1e-10) }
}

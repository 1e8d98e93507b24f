internal import OuterloopPlatform

/// `y = c x^p`, fitted by least squares to logarithms; non-positive points are ignored.
struct PowerLaw {
  /// p; NaN for fewer than two points.
  let exponent: Double
  /// c
  let factor: Double

  init(x: [Double], y: [Double]) {
    let points = zip(x, y).filter { $0 > 0 && $1 > 0 && $0.isFinite && $1.isFinite }
      .map { (log($0), log($1)) }
    let n = Double(points.count)
    let (mx, my) = (points.reduce(0) { $0 + $1.0 } / n, points.reduce(0) { $0 + $1.1 } / n)
    let covariance = points.reduce(0) { $0 + ($1.0 - mx) * ($1.1 - my) }
    let variance = points.reduce(0) { $0 + ($1.0 - mx) * ($1.0 - mx) }
    exponent = points.count < 2 || variance == 0 ? .nan : covariance / variance
    factor = exp(my - exponent * mx)
  }
}

internal import OuterloopNumerics
internal import OuterloopPlatform

/// Heavy ball on a quadratic, computed forwards and then backwards in floating point, to show why exact
/// arithmetic is needed.
///
///     v' = b v - (1 - b) g(w);  w' = w + a v'        and back:  w = w' - a v';  v = (v' + (1 - b) g(w)) / b
///
/// Every step back divides the rounding errors of v by b, so that they grow like `b^-k`.
struct FloatReversal {
  /// Of the momentum b.
  let momentum: Double
  /// The error of the weights, relative to where training started, after k steps back, k = 0, 1, ...
  let errors: [Double]

  init(momentum b: Double, steps: Int, seed: UInt64) throws {
    momentum = b
    let size = 20
    let keys = RandomKey(seed: seed, purpose: "float reversal").split(2)
    var w = try keys[0].normal([size], dtype: .float64).doubles()
    let curvature = try keys[1].uniform([size], dtype: .float64).doubles().map { 0.1 + $0 }
    var v = [Double](repeating: 0, count: size)
    // Small, so that no mode oscillates: oscillating modes lose only the square root of b per step.
    let rate = 0.005
    var states = [w]
    for _ in 0..<steps {
      for i in 0..<size {
        v[i] = b * v[i] - (1 - b) * curvature[i] * w[i]
        w[i] += rate * v[i]
      }
      states.append(w)
    }
    func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    let scale = norm(states[0])
    var errors = [0.0]
    for t in stride(from: steps - 1, through: 0, by: -1) {
      for i in 0..<size {
        w[i] -= rate * v[i]
        v[i] = (v[i] + (1 - b) * curvature[i] * w[i]) / b
      }
      errors.append(norm(zip(w, states[t]).map { $0 - $1 }) / scale)
    }
    self.errors = errors
  }

  /// The logarithm of the growth of the error over a step back, fitted where it is above rounding and below
  /// the size of the weights.
  var growth: Double {
    let points = errors.enumerated().filter { $0.element > 1e-13 && $0.element < 1e-2 }
    let x = points.map { Double($0.offset) }
    // A power law of e^x is an exponential of x.
    return PowerLaw(x: x.map { exp($0 / 64) }, y: points.map(\.element)).exponent / 64
  }
}

/// Adam (Kingma and Ba 2015) on a flat vector, in its usual form:
///
///     m = .9 m + .1 g,   v = .999 v + .001 g^2
///     theta -= rate (m / (1 - .9^t)) / (sqrt(v / (1 - .999^t)) + 1e-8)
struct AdamSteps: Sendable {
  let rate: Double
  private var first: [Double]
  private var second: [Double]
  /// .9^t and .999^t.
  private var powers = (1.0, 1.0)

  init(count: Int, rate: Double) {
    self.rate = rate
    first = [Double](repeating: 0, count: count)
    second = first
  }

  mutating func step(_ parameters: inout [Double], _ gradient: [Double]) {
    powers = (powers.0 * 0.9, powers.1 * 0.999)
    let (momentum, variance) = (1 - powers.0, 1 - powers.1)
    for place in parameters.indices {
      let slope = gradient[place]
      first[place] = 0.9 * first[place] + 0.1 * slope
      second[place] = 0.999 * second[place] + 0.001 * slope * slope
      parameters[place] -=
        rate * (first[place] / momentum) / ((second[place] / variance).squareRoot() + 1e-8)
    }
  }
}

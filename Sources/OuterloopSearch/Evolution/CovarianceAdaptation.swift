internal import OuterloopNumerics
private import OuterloopPlatform

/// The state of CMA-ES: a normal distribution N(m, sigma^2 C) and the two paths that adapt it (Hansen 2016;
/// equal step by step to the Python package cmaes 0.13.1).
///
/// Points are drawn through the symmetric root of C, so that neither the sign nor the order of
/// eigenvectors matters.
///
/// - Complexity: an update is O(n^2 lambda), and O(n^3) where roots are recomputed; a draw O(n^2); O(n^2)
///   memory.
struct CovarianceAdaptation: Sendable {
  let parameters: CMAParameters
  var mean: [Double]
  var sigma: Double
  /// C, n x n.
  private(set) var covariance: [Double]
  private(set) var generation = 0
  private(set) var stepPath: [Double]
  private(set) var covariancePath: [Double]
  /// C^(1/2) and C^(-1/2).
  private(set) var root: [Double] = []
  private(set) var inverseRoot: [Double] = []
  /// The square roots of C's eigenvalues, ascending, and its eigenvectors as rows.
  private(set) var axes: [Double] = []
  private(set) var directions: [Double] = []
  private var rates: LearningRateAdaptation?
  /// The generation of the roots, and after how many they are recomputed: 1 / (10 n (c_1 + c_mu)), more
  /// than one beyond a hundred dimensions, where C hardly changes in between (Hansen 2016, appendix B.2).
  private var decomposed = 0
  private let patience: Int

  /// The replacement for an eigenvalue that rounding made negative.
  private static let leastEigenvalue = 1e-8
  private static let largestStep = 1e32

  /// - Parameter covariance: the initial C; the identity if nil.
  init(
    _ parameters: CMAParameters, mean: [Double], sigma: Double, covariance: [Double]? = nil,
    adaptsRates: Bool = false
  ) {
    let n = parameters.dimensions
    precondition(mean.count == n && sigma > 0)
    self.parameters = parameters
    self.mean = mean
    self.sigma = sigma
    self.covariance = covariance ?? Self.identity(n)
    stepPath = [Double](repeating: 0, count: n)
    covariancePath = stepPath
    rates = adaptsRates ? LearningRateAdaptation(n) : nil
    let change = 10 * Double(n) * (parameters.rankOneRate + parameters.rankMuRate)
    patience = adaptsRates ? 1 : max(1, Int(1 / change))
    decompose()
  }

  static func identity(_ n: Int) -> [Double] {
    var result = [Double](repeating: 0, count: n * n)
    for i in 0..<n { result[i * n + i] = 1 }
    return result
  }

  /// y = C^(1/2) z: a step in units of sigma.
  func step(_ z: [Double]) -> [Double] { Self.product(root, z) }

  /// The standard deviation of coordinate i in units of sigma.
  func deviation(_ i: Int) -> Double {
    max(covariance[i * parameters.dimensions + i], 0).squareRoot()
  }

  // MARK: The update

  /// Updates the distribution with a population drawn from it:
  ///
  ///     y_w = sum over the parents of w_i y_i,   m <- m + sigma y_w
  ///     p_sigma <- (1 - c_sigma) p_sigma + sqrt(c_sigma (2 - c_sigma) mu_eff) C^(-1/2) y_w
  ///     sigma <- sigma exp((c_sigma / d_sigma) (|p_sigma| / E|N(0, I)| - 1))
  ///     p_c <- (1 - c_c) p_c + h sqrt(c_c (2 - c_c) mu_eff) y_w
  ///     C <- (1 + c_1 (1 - h) c_c (2 - c_c) - c_1 - c_mu sum w) C + c_1 p_c p_c' + c_mu sum w°_i y_i y_i'
  ///
  /// with h = 0 while p_sigma is long, else 1, and w°_i = w_i n / |C^(-1/2) y_i|^2 for negative weights.
  ///
  /// A point that the distribution did not draw is *injected* (Hansen 2011, "Injecting external solutions
  /// into CMA-ES"): its step is shortened to a length of sqrt(n) + 2n / (n + 2) in the metric of C, which
  /// hardly any drawn step exceeds, and sigma grows by a factor of e at most.
  ///
  /// - Parameters:
  ///   - steps: y_i = (x_i - m) / sigma, best first; lambda rows.
  ///   - isInjected: which of them were not drawn; empty: none.
  mutating func update(_ steps: [[Double]], isInjected: [Bool] = []) {
    let n = parameters.dimensions
    precondition(steps.count == parameters.population)
    generation += 1
    let before = rates.map { [mean, sigma, covariance, inverseRoot] _ in
      LearningRateAdaptation.Before(
        mean: mean, sigma: sigma, covariance: covariance, inverseRoot: inverseRoot)
    }
    var steps = steps
    var squares = steps.map { Self.squaredLength(Self.product(inverseRoot, $0)) }
    let hasInjected = isInjected.contains(true)
    if hasInjected {
      let limit = Double(n).squareRoot() + 2 * Double(n) / Double(n + 2)
      for i in steps.indices where isInjected[i] && squares[i] > limit * limit {
        let factor = limit / squares[i].squareRoot()
        for j in 0..<n { steps[i][j] *= factor }
        squares[i] = limit * limit
      }
    }
    let weights = parameters.weights
    var mean = [Double](repeating: 0, count: n)
    for i in 0..<parameters.parents {
      for j in 0..<n { mean[j] += weights[i] * steps[i][j] }
    }
    for j in 0..<n { self.mean[j] += sigma * mean[j] }

    let mu = parameters.effectiveParents
    let (cs, cc) = (parameters.stepRate, parameters.pathRate)
    let whitened = Self.product(inverseRoot, mean)
    let gain = (cs * (2 - cs) * mu).squareRoot()
    for j in 0..<n { stepPath[j] = (1 - cs) * stepPath[j] + gain * whitened[j] }
    let length = Self.squaredLength(stepPath).squareRoot()
    let growth = cs / parameters.damping * (length / parameters.expectedLength - 1)
    sigma = min(sigma * exp(hasInjected ? min(growth, 1) : growth), Self.largestStep)

    let expected = (1 - pow(1 - cs, Double(2 * (generation + 1)))).squareRoot()
    let isShort = length / expected < (1.4 + 2 / Double(n + 1)) * parameters.expectedLength
    let push = isShort ? (cc * (2 - cc) * mu).squareRoot() : 0
    for j in 0..<n { covariancePath[j] = (1 - cc) * covariancePath[j] + push * mean[j] }
    updateCovariance(steps, squares, missing: isShort ? 0 : cc * (2 - cc))
    if let before { adaptRates(before) }
    if generation - decomposed >= patience { decompose() }
  }

  private mutating func updateCovariance(
    _ steps: [[Double]], _ squares: [Double], missing: Double
  ) {
    let n = parameters.dimensions
    let (c1, cmu) = (parameters.rankOneRate, parameters.rankMuRate)
    let sum = parameters.weights.reduce(0, +)
    let decay = 1 + c1 * missing - c1 - cmu * sum
    let scaled = parameters.weights.indices.map { i in
      let weight = parameters.weights[i]
      return weight >= 0 ? weight : weight * Double(n) / (squares[i] + 1e-8)
    }
    let path = covariancePath
    covariance.withUnsafeMutableBufferPointer { c in
      for i in 0..<n {
        for j in 0...i { c[i * n + j] = decay * c[i * n + j] + c1 * path[i] * path[j] }
      }
      for (weight, step) in zip(scaled, steps) {
        step.withUnsafeBufferPointer { y in
          for i in 0..<n {
            let factor = cmu * weight * y[i]
            for j in 0...i { c[i * n + j] += factor * y[j] }
          }
        }
      }
      for i in 0..<n {
        for j in 0..<i { c[j * n + i] = c[i * n + j] }
      }
    }
  }

  private mutating func adaptRates(_ before: LearningRateAdaptation.Before) {
    guard
      let after = rates?.apply(
        LearningRateAdaptation.After(mean: mean, sigma: sigma, covariance: covariance), before)
    else { return }
    mean = after.mean
    sigma = min(after.sigma, Self.largestStep)
    covariance = after.covariance
  }

  /// Computes the roots of C; a C spoilt by rounding or overflow is reset to the identity.
  private mutating func decompose() {
    let n = parameters.dimensions
    decomposed = generation
    guard let eigen = SymmetricEigen(covariance, count: n) else {
      covariance = Self.identity(n)
      return decompose()
    }
    var values = eigen.values
    let isSpoilt = values.contains { $0 <= 0 }
    if isSpoilt { values = values.map { $0 <= 0 ? Self.leastEigenvalue : $0 } }
    axes = values.map { $0.squareRoot() }
    directions = eigen.vectors
    root = Self.composed(directions, axes)
    inverseRoot = Self.composed(directions, axes.map { 1 / $0 })
    if isSpoilt { covariance = Self.composed(directions, values) }
  }

  /// Raises sigma so that the least eigenvalue of sigma^2 C is not below a limit.
  mutating func keepAbove(leastEigenvalue limit: Double) {
    sigma = max(sigma, (limit / axes[0]).squareRoot())
  }

  // MARK: Small matrices

  /// sum over i of w_i v_i v_i'.
  private static func composed(_ vectors: [Double], _ weights: [Double]) -> [Double] {
    let n = weights.count
    var result = [Double](repeating: 0, count: n * n)
    result.withUnsafeMutableBufferPointer { result in
      vectors.withUnsafeBufferPointer { vectors in
        for k in 0..<n {
          let v = k * n
          for i in 0..<n {
            let factor = weights[k] * vectors[v + i]
            for j in 0...i { result[i * n + j] += factor * vectors[v + j] }
          }
        }
        for i in 0..<n {
          for j in 0..<i { result[j * n + i] = result[i * n + j] }
        }
      }
    }
    return result
  }

  static func product(_ matrix: [Double], _ x: [Double]) -> [Double] {
    let n = x.count
    return matrix.withUnsafeBufferPointer { matrix in
      x.withUnsafeBufferPointer { x in
        (0..<n).map { i in
          var sum = 0.0
          for j in 0..<n { sum += matrix[i * n + j] * x[j] }
          return sum
        }
      }
    }
  }

  static func squaredLength(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 } }
}

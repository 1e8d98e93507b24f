internal import OuterloopNumerics
private import OuterloopPlatform

/// The Gaussian process on the network's features: a constant mean m, one length-scale l, a scale s and noise v,
///
///     K_ij = s exp(-|z_i - z_j|^2 / (2 l^2)) + 1{i = j} v
///
/// with s, l = softplus of a raw parameter and v = floor + softplus, so that all parameters are free.
struct FeatureKernel: Sendable, Hashable {
  /// m, then the raw s, l and v.
  var parameters: [Double]
  let noiseFloor: Double

  static let count = 4

  init(_ parameters: [Double], noiseFloor: Double) {
    precondition(parameters.count == Self.count)
    (self.parameters, self.noiseFloor) = (parameters, noiseFloor)
  }

  var mean: Double { parameters[0] }
  var scale: Double { Self.softplus(parameters[1]) }
  var lengthscale: Double { Self.softplus(parameters[2]) }
  var noise: Double { noiseFloor + Self.softplus(parameters[3]) }

  /// The raw parameter of a positive number.
  static func raw(_ value: Double) -> Double { value > 30 ? value : log(expm1(value)) }
  private static func softplus(_ raw: Double) -> Double { raw > 30 ? raw : log1p(exp(raw)) }

  /// Covariances without noise of features (a, 128) with features (b, 128), by rows, and the squared distances.
  ///
  /// - Complexity: O(a b 128).
  func covariances(
    _ a: ArraySlice<Double>, _ b: ArraySlice<Double>
  ) -> (values: [Double], distances: [Double]) {
    let width = KernelNetwork.features
    let (rows, columns) = (a.count / width, b.count / width)
    let (left, right) = (Array(a), Array(b))
    var distances = DenseProduct.of(left, right, bTransposed: true, m: rows, n: columns, k: width)
    let (leftNorms, rightNorms) = (Self.norms(left), Self.norms(right))
    let (scale, factor) = (scale, -0.5 / (lengthscale * lengthscale))
    var values = [Double](repeating: 0, count: rows * columns)
    values.withUnsafeMutableBufferPointer { values in
      distances.withUnsafeMutableBufferPointer { distances in
        for i in 0..<rows {
          for j in 0..<columns {
            let place = i * columns + j
            let distance = max(leftNorms[i] + rightNorms[j] - 2 * distances[place], 0)
            distances[place] = distance
            values[place] = scale * exp(factor * distance)
          }
        }
      }
    }
    return (values, distances)
  }

  private static func norms(_ features: [Double]) -> [Double] {
    let width = KernelNetwork.features
    return (0..<features.count / width).map { row in
      var sum = 0.0
      for place in row * width..<(row + 1) * width { sum += features[place] * features[place] }
      return sum
    }
  }

  /// The training loss, the negative log evidence per row, with its derivatives with respect to the raw
  /// parameters and the features:
  ///
  ///     alpha = K^-1 (y - m)
  ///     L = [(y - m)'alpha / 2 + log det(K) / 2 + n log(2 pi) / 2] / n
  ///     dL/dK = G = (K^-1 - alpha alpha') / (2 n),   dL/dm = -1'alpha / n
  ///     H = G * (K - v I) element by element:   dL/dz = -(2 / l^2) [diag(H 1) - H] z
  ///
  /// (Rasmussen & Williams 2006, eq. 5.8 and 5.9.)
  ///
  /// - Parameter features: (n, 128) by rows.
  /// - Returns: nil if the covariance is not positive definite to rounding.
  /// - Throws: `BLASError` if there is no linear algebra library.
  /// - Complexity: O(n^3 + 128 n^2) time, O(n^2) memory.
  func loss(
    _ features: [Double], _ outputs: [Double]
  ) throws -> (value: Double, parameters: [Double], features: [Double])? {
    let (n, width) = (outputs.count, KernelNetwork.features)
    var (k, distances) = covariances(features[...], features[...])
    var matrix = k
    for i in 0..<n { matrix[i * n + i] += noise }
    guard let factor = try IncrementalCholesky(matrix, count: n) else { return nil }
    let residuals = outputs.map { $0 - mean }
    let alpha = factor.solve(residuals)
    var value = 0.5 * factor.logDeterminant + Double(n) * 0.918938533204672741780329736406
    for i in 0..<n { value += 0.5 * residuals[i] * alpha[i] }

    let inverse = factor.inverse()
    let share = 0.5 / Double(n)
    var (byScale, byLength, byNoise) = (0.0, 0.0, 0.0)
    var sums = [Double](repeating: 0, count: n)
    k.withUnsafeMutableBufferPointer { h in
      for i in 0..<n {
        var sum = 0.0
        for j in 0..<n {
          let place = i * n + j
          let g = share * (inverse[place] - alpha[i] * alpha[j])
          if i == j { byNoise += g }
          let product = g * h[place]
          h[place] = product
          sum += product
          byLength += product * distances[place]
        }
        sums[i] = sum
        byScale += sum
      }
    }
    distances = []
    let (scale, length) = (scale, lengthscale)
    let factorOfFeatures = -2 / (length * length)
    var slopes = features[..<(n * width)].map { $0 }
    for i in 0..<n {
      for place in i * width..<(i + 1) * width { slopes[place] *= factorOfFeatures * sums[i] }
    }
    DenseProduct.apply(
      k, Array(features[..<(n * width)]), m: n, n: width, k: n, alpha: -factorOfFeatures, beta: 1,
      into: &slopes)
    func slope(_ raw: Double) -> Double { 1 / (1 + exp(-raw)) }
    let byMean = -alpha.reduce(0, +) / Double(n)
    byScale *= slope(parameters[1]) / scale
    byLength *= slope(parameters[2]) / (length * length * length)
    byNoise *= slope(parameters[3])
    return (value / Double(n), [byMean, byScale, byLength, byNoise], slopes)
  }
}

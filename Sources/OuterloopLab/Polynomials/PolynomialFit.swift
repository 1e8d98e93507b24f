internal import OuterloopBilevel
internal import OuterloopNumerics
internal import OuterloopPlatform

/// A polynomial of some degree fitted to data, with its regularization chosen by the evidence or by
/// cross-validation.
struct PolynomialFit: Codable {
  var degree: Int
  /// By MacKay's fixed point: log evidence, the largest derivative left, and the weights.
  var logEvidence, slope: Double
  var evidenceWeights: [Double]
  /// Precisions of weights and noise.
  var weightPrecision, noisePrecision: Double
  /// By 5-fold cross-validation over a grid of ridge penalties: error and weights of the best.
  var validationError: Double
  var validationWeights: [Double]

  static let penalties: [Double] = (-8...2).map { power in
    (0..<abs(power)).reduce(1.0) { value, _ in power < 0 ? value / 10 : value * 10 }
  }

  init(_ data: PolynomialData, degree: Int) throws {
    self.degree = degree
    let rows = PolynomialData.features(data.x, degree: degree)
    let model = try LinearGaussianModel(
      inputs: Tensor(rows.flatMap { $0 }, shape: [rows.count, degree + 1]),
      targets: Tensor(data.y), groups: .shared(degree + 1))
    let report = try MacKayFixedPoint(tolerance: 1e-9, iterationLimit: 3_000).run(
      LinearGaussianInference(model), from: Precisions(weights: [1], noise: 1))
    logEvidence = report.evidence.logEvidence
    slope = report.gradient
    evidenceWeights = try report.evidence.mean.doubles()
    weightPrecision = try report.precisions.weights.doubles()[0]
    noisePrecision = try report.precisions.noise.item()
    (validationError, validationWeights) = try Self.crossValidated(rows, data.y)
  }

  /// The mean squared error on folds left out, for the best penalty, and the fit to all data with it.
  private static func crossValidated(
    _ rows: [[Double]], _ y: [Double]
  ) throws -> (Double, [Double]) {
    let folds = 5
    var best = (error: Double.infinity, penalty: penalties[0])
    for penalty in penalties {
      var sum = 0.0
      for fold in 0..<folds {
        let seen = y.indices.filter { $0 % folds != fold }
        let weights = try ridge(seen.map { rows[$0] }, seen.map { y[$0] }, penalty)
        for place in y.indices where place % folds == fold {
          let miss = y[place] - zip(rows[place], weights).reduce(0) { $0 + $1.0 * $1.1 }
          sum += miss * miss
        }
      }
      let error = sum / Double(y.count)
      if error < best.error { best = (error, penalty) }
    }
    return (best.error, try ridge(rows, y, best.penalty))
  }

  /// (X'X/n + penalty I)^-1 X'y/n
  static func ridge(_ rows: [[Double]], _ y: [Double], _ penalty: Double) throws -> [Double] {
    let (n, p) = (Double(y.count), rows[0].count)
    var gram = [Double](repeating: 0, count: p * p)
    var right = [Double](repeating: 0, count: p)
    for (row, y) in zip(rows, y) {
      for i in 0..<p {
        right[i] += row[i] * y / n
        for j in 0..<p { gram[i * p + j] += row[i] * row[j] / n }
      }
    }
    for i in 0..<p { gram[i * p + i] += penalty }
    guard let factor = try CholeskyFactorization(DenseSymmetric(count: p, elements: gram)) else {
      return [Double](repeating: 0, count: p)
    }
    return factor.solve(right)
  }

  /// The value of a fit at points, by its weights.
  static func values(_ weights: [Double], at x: [Double]) -> [Double] {
    PolynomialData.features(x, degree: weights.count - 1).map { row in
      zip(row, weights).reduce(0) { $0 + $1.0 * $1.1 }
    }
  }

  /// log N(y | 0, X X'/a + I/b), by a factor of the covariance of the data: a second way to compute the
  /// evidence.
  func marginalLikelihood(_ data: PolynomialData) throws -> Double {
    let rows = PolynomialData.features(data.x, degree: degree)
    let n = data.y.count
    var covariance = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for j in 0..<n {
        let product = zip(rows[i], rows[j]).reduce(0) { $0 + $1.0 * $1.1 }
        covariance[i * n + j] = product / weightPrecision + (i == j ? 1 / noisePrecision : 0)
      }
    }
    guard
      let factor = try IncrementalCholesky(covariance, count: n, jitters: [0])
    else { return .nan }
    var rest = data.y
    factor.solveLower(&rest, columns: 1)
    let energy = rest.reduce(0) { $0 + $1 * $1 }
    let logs = (0..<n).reduce(0.0) { $0 + log(factor[$1, $1]) }
    return -0.5 * energy - logs - 0.5 * Double(n) * 1.8378770664093453
  }
}

import Foundation
import OuterloopBilevel
import OuterloopNumerics

/// A linear-Gaussian model on plain arrays: what the library is compared with.
struct GaussianCase: Sendable, CustomStringConvertible {
  var name: String
  var x: [[Double]]
  var y: [Double]
  var groups: [Int]
  /// A precision for each group, and the noise's.
  var a: [Double]
  var b: Double

  var description: String { name }
  var n: Int { y.count }
  var p: Int { groups.count }

  init(_ n: Int, groups: [Int], seed: UInt64, noise: Double = 0.3) {
    name = "n = \(n), groups \(groups)"
    let p = groups.count
    func draw(_ count: Int, _ purpose: String) -> [Double] {
      (try? RandomKey(seed: seed, purpose: purpose).normal([count], dtype: .float64).doubles())
        ?? []
    }
    let inputs = draw(n * p, "inputs")
    x = (0..<n).map { Array(inputs[($0 * p)..<(($0 + 1) * p)]) }
    let w = draw(p, "weights")
    let errors = draw(n, "errors")
    y = zip(x, errors).map { row, e in zip(row, w).reduce(noise * e) { $0 + $1.0 * $1.1 } }
    self.groups = groups
    a = draw((groups.max() ?? 0) + 1, "precisions").map { exp($0) }
    b = exp(draw(1, "noise")[0]) * 3
  }

  static let all: [GaussianCase] = [
    GaussianCase(12, groups: [0, 1, 2], seed: 1),
    GaussianCase(12, groups: [0, 0, 0], seed: 2),
    GaussianCase(4, groups: [0, 1, 2, 3, 4, 5, 6], seed: 3),
    GaussianCase(5, groups: [2, 0, 1, 1, 0, 2, 2], seed: 4),
    GaussianCase(6, groups: [1, 0, 3, 2, 4, 5], seed: 5),
    GaussianCase(1, groups: [0], seed: 6),
  ]

  var inputs: Tensor { Tensor(x.flatMap { $0 }, shape: [n, p]) }
  var precisions: Precisions { Precisions(weights: a, noise: b) }
  func model(_ form: LinearGaussianModel.Form? = nil) throws -> LinearGaussianModel {
    try LinearGaussianModel(
      inputs: inputs, targets: Tensor(y), groups: WeightGroups(groups), form: form)
  }

  /// log N(y; 0, X diag(1/a) X' + I / b), by the covariance of the targets.
  func logEvidence(_ a: [Double], _ b: Double) -> Double {
    var c = [[Double]](repeating: [Double](repeating: 0, count: n), count: n)
    for i in 0..<n {
      for j in 0..<n {
        for k in 0..<p { c[i][j] += x[i][k] * x[j][k] / a[groups[k]] }
      }
      c[i][i] += 1 / b
    }
    let (z, determinant) = solve(c, [y])
    let quadratic: Double = zip(y, z[0]).reduce(0) { $0 + $1.0 * $1.1 }
    return -0.5 * (quadratic + determinant + Double(n) * log(2 * .pi))
  }

  /// A = diag(a) + b X'X
  var posteriorPrecision: [[Double]] {
    var result = [[Double]](repeating: [Double](repeating: 0, count: p), count: p)
    for i in 0..<p {
      for j in 0..<p {
        for row in x { result[i][j] += b * row[i] * row[j] }
      }
      result[i][i] += a[groups[i]]
    }
    return result
  }
}

/// The solutions of a symmetric positive definite system by elimination, and log det.
func solve(_ matrix: [[Double]], _ right: [[Double]]) -> (solutions: [[Double]], logDet: Double) {
  let n = matrix.count
  var m = matrix.enumerated().map { i, row in row + right.map { $0[i] } }
  var logDet = 0.0
  for k in 0..<n {
    logDet += log(m[k][k])
    for i in 0..<n where i != k {
      let factor = m[i][k] / m[k][k]
      for j in k..<m[k].count { m[i][j] -= factor * m[k][j] }
    }
  }
  return (right.indices.map { r in (0..<n).map { m[$0][n + r] / m[$0][$0] } }, logDet)
}

/// log of the integral of exp(f) over the line by the trapezoidal rule, which converges faster than
/// any power of the step for smooth functions that vanish at the ends.
func logIntegral(from low: Double, to high: Double, points: Int, _ f: (Double) -> Double) -> Double
{
  let h = (high - low) / Double(points - 1)
  let values = (0..<points).map { f(low + h * Double($0)) }
  let top = values.max() ?? 0
  return top + log(h * values.reduce(0) { $0 + exp($1 - top) })
}

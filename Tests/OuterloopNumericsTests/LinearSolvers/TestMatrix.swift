import OuterloopNumerics
import Testing

/// A dense matrix with a known spectrum, and plain elimination to solve with: the truth that solvers
/// are held to.
struct TestMatrix: Sendable, CustomTestStringConvertible {
  var name: String
  /// Row by row.
  var rows: [[Double]]
  /// Eigenvalues, if the matrix was made from them.
  var spectrum: [Double] = []
  var isSymmetric = true

  var count: Int { rows.count }
  var testDescription: String { name }
  var isPositiveDefinite: Bool { isSymmetric && spectrum.allSatisfy { $0 > 0 } }
  /// In the 2-norm.
  var condition: Double {
    let sizes = spectrum.map { abs($0) }
    return sizes.max()! / sizes.min()!
  }

  func suits(_ requirement: LinearRequirement) -> Bool {
    switch requirement {
    case .positiveDefinite: isPositiveDefinite
    case .symmetric: isSymmetric
    case .general: true
    }
  }

  func multiply(_ x: [Double], _ y: inout [Double]) {
    for (index, row) in rows.enumerated() {
      y[index] = zip(row, x).reduce(0) { $0 + $1.0 * $1.1 }
    }
  }

  func times(_ x: [Double]) -> [Double] {
    var y = x
    multiply(x, &y)
    return y
  }

  /// Gaussian elimination with partial pivoting.
  func solved(_ b: [Double]) -> [Double] {
    var a = rows
    var x = b
    for k in 0..<count {
      let pivot = (k..<count).max { abs(a[$0][k]) < abs(a[$1][k]) }!
      a.swapAt(k, pivot)
      x.swapAt(k, pivot)
      for i in (k + 1)..<max(count, k + 1) {
        let factor = a[i][k] / a[k][k]
        for j in k..<count { a[i][j] -= factor * a[k][j] }
        x[i] -= factor * x[k]
      }
    }
    for k in (0..<count).reversed() {
      for j in (k + 1)..<max(count, k + 1) { x[k] -= a[k][j] * x[j] }
      x[k] /= a[k][k]
    }
    return x
  }

  /// `Q diag(spectrum) Q'` with a random rotation Q.
  init(_ name: String, spectrum: [Double], seed: UInt64) {
    self.name = name
    self.spectrum = spectrum
    let q = Self.rotation(spectrum.count, seed: seed)
    rows = spectrum.indices.map { i in
      spectrum.indices.map { j in
        q.indices.reduce(0) { $0 + spectrum[$1] * q[$1][i] * q[$1][j] }
      }
    }
    // Symmetric to the last bit.
    for i in rows.indices { for j in 0..<i { rows[i][j] = rows[j][i] } }
  }

  /// `D + scale G` with a dominant diagonal and Gaussian G: no symmetry.
  init(general count: Int, scale: Double, seed: UInt64) {
    name = "general \(count)"
    isSymmetric = false
    let noise = normal(count * count, seed: seed)
    rows = (0..<count).map { i in
      (0..<count).map { j in scale * noise[i * count + j] + (i == j ? 2 + Double(i % 3) : 0) }
    }
  }

  init(_ name: String, rows: [[Double]], isSymmetric: Bool = true) {
    self.name = name
    self.rows = rows
    self.isSymmetric = isSymmetric
  }

  /// Orthonormal rows, by Gram-Schmidt twice.
  private static func rotation(_ count: Int, seed: UInt64) -> [[Double]] {
    var q: [[Double]] = []
    for row in 0..<count {
      var v = normal(count, seed: seed &* 1000 &+ UInt64(row))
      for _ in 0..<2 {
        for other in q {
          let component = zip(v, other).reduce(0) { $0 + $1.0 * $1.1 }
          for i in v.indices { v[i] -= component * other[i] }
        }
        let size = length(v)
        for i in v.indices { v[i] /= size }
      }
      q.append(v)
    }
    return q
  }
}

func normal(_ count: Int, seed: UInt64) -> [Double] {
  let key = RandomKey(seed: seed, purpose: "linear solver tests")
  return (try? key.normal([count], dtype: .float64).doubles()) ?? []
}

func length(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }

func difference(_ x: [Double], _ y: [Double]) -> Double {
  length(zip(x, y).map { $0 - $1 })
}

/// `|b - A x| / |b|`, by itself.
func residual(_ matrix: TestMatrix, _ x: [Double], _ b: [Double]) -> Double {
  difference(b, matrix.times(x)) / length(b)
}

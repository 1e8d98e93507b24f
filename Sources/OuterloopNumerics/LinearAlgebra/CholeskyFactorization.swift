/// `A = U'U` for a symmetric positive definite matrix (LAPACK `dpotrf`).
///
/// Time: P^3 / 3; a solve 2 P^2. Memory: P^2 numbers.
package struct CholeskyFactorization {
  private let blas: BLAS
  private let count: Int
  private var factor: [Double]
  /// An estimate of 1 / (|A| |A^-1|) in the 1-norm, usually at most three times too large (Higham
  /// 1988).
  package let reciprocalCondition: Double

  /// Nil if the matrix is not positive definite to rounding.
  package init?(_ matrix: DenseSymmetric) throws {
    blas = try BLAS.load()
    count = matrix.count
    var n = Int32(count)
    var stride = Swift.max(n, 1)
    var info: Int32 = 0
    var elements = matrix.elements
    let blas = self.blas
    elements.withUnsafeMutableBytes { blas.dpotrf("U", &n, $0.baseAddress!, &stride, &info) }
    guard info == 0 else { return nil }
    factor = elements
    var norm = matrix.oneNorm
    var reciprocal = 0.0
    var work = [Double](repeating: 0, count: 3 * count)
    var integers = [Int32](repeating: 0, count: count)
    blas.dpocon("U", &n, factor, &stride, &norm, &reciprocal, &work, &integers, &info)
    reciprocalCondition = reciprocal
  }

  package func solve(_ b: [Double]) -> [Double] {
    precondition(b.count == count, "a right-hand side of the matrix's size")
    var x = b
    var n = Int32(count)
    var stride = Swift.max(n, 1)
    var columns: Int32 = 1
    var info: Int32 = 0
    blas.dpotrs("U", &n, &columns, factor, &stride, &x, &stride, &info)
    return x
  }
}

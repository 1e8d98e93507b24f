/// `A = P U D U' P'` for a symmetric matrix of any signature, with 1x1 and 2x2 blocks on the diagonal
/// of D (Bunch & Kaufman 1977; LAPACK `dsytrf`).
///
/// Time: P^3 / 3; a solve 2 P^2. Memory: P^2 numbers.
package struct SymmetricFactorization {
  private let blas: BLAS
  private let count: Int
  private var factor: [Double]
  private var pivots: [Int32]
  /// An estimate of 1 / (|A| |A^-1|) in the 1-norm, usually at most three times too large (Higham
  /// 1988).
  package let reciprocalCondition: Double

  /// Nil if the matrix is exactly singular.
  package init?(_ matrix: DenseSymmetric) throws {
    blas = try BLAS.load()
    count = matrix.count
    var n = Int32(count)
    var stride = Swift.max(n, 1)
    var info: Int32 = 0
    factor = matrix.elements
    pivots = [Int32](repeating: 0, count: count)
    // Room for blocks of 64 columns: LAPACK's own choice.
    var work = [Double](repeating: 0, count: Swift.max(64 * count, 1))
    var workCount = Int32(work.count)
    blas.dsytrf("U", &n, &factor, &stride, &pivots, &work, &workCount, &info)
    guard info == 0 else { return nil }
    var norm = matrix.oneNorm
    var reciprocal = 0.0
    var integers = [Int32](repeating: 0, count: count)
    blas.dsycon("U", &n, factor, &stride, pivots, &norm, &reciprocal, &work, &integers, &info)
    reciprocalCondition = reciprocal
  }

  package func solve(_ b: [Double]) -> [Double] {
    precondition(b.count == count, "a right-hand side of the matrix's size")
    var x = b
    var n = Int32(count)
    var stride = Swift.max(n, 1)
    var columns: Int32 = 1
    var info: Int32 = 0
    blas.dsytrs("U", &n, &columns, factor, &stride, pivots, &x, &stride, &info)
    return x
  }
}

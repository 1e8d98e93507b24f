internal import OuterloopAutodiff
internal import OuterloopLearning
internal import OuterloopNumerics

/// Tables of very many columns, such as words of texts, reduced to a few hundred features: the
/// principal directions, by a randomized range finder (Halko, Martinsson, Tropp 2011) with subspace
/// iteration.
///
///     Q0 = orth(X Omega),      Omega standard normal (columns, r)
///     Q  = orth(X X' Q),       four times from Q0
///     Z  = Q L,                L L' = Q' X X' Q
///
/// so that Z Z' = Q Q' X X' Q Q': inner products of rows are those of X within the subspace, and decays
/// mean the same. Only the short side, the rows, is ever made orthonormal.
///
/// - Time: 11 products of the stored values of X with r columns, and O(rows r^2).
/// - Memory: (rows + columns) r floats.
enum WideFeatures {
  /// Z for r = min(`count`, rows, columns) directions, (rows, r), centred, of mean squared length 100.
  static func projected(_ x: SparseRows, count: Int, key: RandomKey) throws -> Tensor {
    let (rows, columns) = (x.rows, x.columns)
    let r = min(count, rows, columns)
    /// X X' Q
    func image(_ q: Tensor) throws -> Tensor {
      Tensor(x.times(x.transposedTimes(try q.scalars(Float.self), r), r), shape: [rows, r])
    }
    let omega = try key.normal([columns, r]).scalars(Float.self)
    var q = try orthonormal(Tensor(x.times(omega, r), shape: [rows, r]))
    for _ in 0..<4 { q = try orthonormal(image(q)) }
    let z = try matmul(q, factor(matmul(q.transposedMatrix(), image(q))))
    let centred = z - z.mean(axes: [0], keeping: true)
    let length = try centred.square().sum().item() / Double(rows)
    return length > 0 ? centred * (100 / length).squareRoot() : centred
  }

  /// An orthonormal basis of the columns of Y by two rounds of Cholesky QR: with Y'Y = L L', Y L^-T.
  private static func orthonormal(_ y: Tensor) throws -> Tensor {
    var y = y
    for _ in 0..<2 {
      let l = try factor(matmul(y.transposedMatrix(), y))
      y = triangularSolve(l, y.transposedMatrix()).transposedMatrix()
    }
    return y
  }

  /// L of G = L L', which is found in float64. A small multiple of the identity separates nearly
  /// dependent columns.
  private static func factor(_ gram: Tensor) throws -> Tensor {
    let g = gram.cast(to: .float64)
    let symmetric = (g + g.transposedMatrix()) / 2
    let r = gram.shape[0]
    let size = max(try diagonal(symmetric).sum().item() / Double(r), 1e-30)
    return cholesky(symmetric + Tensor.eye(r, dtype: .float64) * (1e-6 * size)).cast(to: .float32)
  }
}

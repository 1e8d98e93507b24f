internal import OuterloopAutodiff
internal import OuterloopLearning
internal import OuterloopNumerics

/// Tables of very many columns, words of texts for example, brought down to a few hundred features: the
/// directions in which rows differ most, by a randomized range finder (Halko, Martinsson, Tropp 2011)
/// with one step of subspace iteration.
///
///     P0 = orth(X' X Omega),   Omega standard normal (columns, r)
///     P  = orth(X' X P0)
///     Z  = X P
///
/// Inner products of rows of Z are those of X within the subspace, so decays mean the same.
///
/// - Time: five products with X, of stored values only where most are 0; memory of r columns.
enum WideFeatures {
  /// X P for r = min(`count`, rows, columns) directions, (rows, r), centred, of mean squared length 100.
  static func projected(_ data: LabeledData, count: Int, key: RandomKey) throws -> Tensor {
    let (rows, columns) = (data.count, data.exampleSize)
    let r = min(count, rows, columns)
    let x = Rows(data)
    let directions = try x.transposedTimes(
      x.times(key.normal([columns, r]).scalars(Float.self), r), r)
    let first = try orthonormal(directions, columns, r)
    let second = try orthonormal(x.transposedTimes(x.times(first, r), r), columns, r)
    let z = Tensor(x.times(second, r), shape: [rows, r])
    let centred = z - z.mean(axes: [0], keeping: true)
    let length = try centred.square().sum().item() / Double(rows)
    return length > 0 ? centred * (100 / length).squareRoot() : centred
  }

  /// An orthonormal basis of the columns of W, (columns, r), by two rounds of Cholesky QR: with
  /// W'W = L L', W L^-T. A small multiple of the identity keeps columns apart that are nearly one.
  private static func orthonormal(_ w: [Float], _ columns: Int, _ r: Int) throws -> [Float] {
    var w = Tensor(w, shape: [columns, r])
    for _ in 0..<2 {
      let gram = matmul(w.transposedMatrix(), w).cast(to: .float64)
      let size = try diagonal(gram).sum().item() / Double(r)
      guard size > 0 else { break }
      let factor = cholesky(gram + Tensor.eye(r, dtype: .float64) * (1e-6 * size))
      w = triangularSolve(factor.cast(to: .float32), w.transposedMatrix()).transposedMatrix()
    }
    return try w.scalars(Float.self)
  }

  /// The stored values of all rows.
  private struct Rows {
    let rows, columns: Int
    private var starts = [0]
    private var places: [Int32] = []
    private var values: [Float] = []

    init(_ data: LabeledData) {
      (rows, columns) = (data.count, data.exampleSize)
      starts.reserveCapacity(rows + 1)
      data.features.withUnsafeBufferPointer { x in
        for row in 0..<rows {
          for column in 0..<columns {
            let value = x[row * columns + column]
            guard value != 0 else { continue }
            places.append(Int32(column))
            values.append(value)
          }
          starts.append(values.count)
        }
      }
    }

    /// X M for M (columns, r).
    func times(_ m: [Float], _ r: Int) -> [Float] {
      product(m, r, outputs: rows) { row, column in (row, column) }
    }

    /// X' M for M (rows, r).
    func transposedTimes(_ m: [Float], _ r: Int) -> [Float] {
      product(m, r, outputs: columns) { row, column in (column, row) }
    }

    private func product(
      _ m: [Float], _ r: Int, outputs: Int, _ place: (Int, Int) -> (to: Int, from: Int)
    ) -> [Float] {
      var result = [Float](repeating: 0, count: outputs * r)
      result.withUnsafeMutableBufferPointer { y in
        m.withUnsafeBufferPointer { m in
          for row in 0..<rows {
            for index in starts[row]..<starts[row + 1] {
              let value = values[index]
              let (to, from) = place(row, Int(places[index]))
              for k in 0..<r { y[to * r + k] += value * m[from * r + k] }
            }
          }
        }
      }
      return result
    }
  }
}

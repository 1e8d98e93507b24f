/// A symmetric matrix in memory, from its products with the unit vectors.
///
/// Time: P products. Memory: P^2 numbers.
package struct DenseSymmetric {
  package let count: Int
  /// Column by column, both triangles.
  package var elements: [Double]

  /// LAPACK's counts are 32-bit: rows times block size must fit.
  package static let limit = 1 << 20

  package init(count: Int, elements: [Double]) {
    precondition(elements.count == count * count, "a square matrix")
    self.count = count
    self.elements = elements
  }

  /// The average of what `multiply` gives and its transpose, with `damping` added to the diagonal.
  ///
  /// - Throws: `LinearSolverError.notSymmetric` if elements differ from their mirror images by more
  ///   than a thousandth of the largest one, which rounding in single precision does not cause.
  package init(
    count: Int, damping: Double, products multiply: LinearMap
  ) throws {
    guard count <= Self.limit else {
      throw LinearSolverError.tooLarge(count, limit: Self.limit)
    }
    try Self.require(rows: count, of: count)
    self.count = count
    elements = [Double](repeating: 0, count: count * count)
    var unit = [Double](repeating: 0, count: count)
    var column = unit
    for j in 0..<count {
      unit[j] = 1
      try product(multiply, unit, into: &column)
      unit[j] = 0
      elements.replaceSubrange(j * count..<(j + 1) * count, with: column)
    }
    var (difference, size) = (0.0, 0.0)
    for j in 0..<count {
      for i in 0...j {
        let (a, b) = (elements[j * count + i], elements[i * count + j])
        difference = Swift.max(difference, Swift.abs(a - b))
        size = Swift.max(size, Swift.abs(a), Swift.abs(b))
        elements[j * count + i] = 0.5 * (a + b)
        elements[i * count + j] = 0.5 * (a + b)
      }
    }
    elements = shifted(by: damping).elements
    if difference > 1e-3 * size {
      throw LinearSolverError.notSymmetric(difference: difference, size: size)
    }
  }

  /// - Throws: `LinearSolverError.memory` where the matrix and a factor of it do not fit into memory.
  static func require(rows: Int, of columns: Int) throws {
    do throws(TensorError) {
      try Memory.require(rows, of: 16 * columns, for: "a matrix of \(rows) x \(columns) numbers")
    } catch {
      throw LinearSolverError.memory("\(error); use conjugate gradients or MINRES")
    }
  }

  /// The same with a number added to the diagonal.
  package func shifted(by shift: Double) -> DenseSymmetric {
    var result = self
    for j in 0..<count { result.elements[j * count + j] += shift }
    return result
  }

  package var isFinite: Bool { elements.allSatisfy(\.isFinite) }

  /// The largest sum of absolute values in a column: the norm of LAPACK's condition estimates.
  package var oneNorm: Double {
    (0..<count).reduce(0) { norm, j in
      Swift.max(norm, elements[j * count..<(j + 1) * count].reduce(0) { $0 + Swift.abs($1) })
    }
  }
}

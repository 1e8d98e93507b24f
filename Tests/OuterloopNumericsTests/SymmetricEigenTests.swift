import OuterloopNumerics
import Testing

@Suite struct SymmetricEigenTests {
  private func product(_ a: [Double], _ b: [Double], _ n: Int, transposed: Bool) -> [Double] {
    (0..<n * n).map { place in
      let (i, j) = (place / n, place % n)
      return (0..<n).reduce(0) { $0 + a[i * n + $1] * (transposed ? b[j * n + $1] : b[$1 * n + j]) }
    }
  }

  @Test(arguments: [1, 2, 3, 7, 20, 60])
  func composesTheMatrix(n: Int) throws {
    let numbers = try RandomKey(seed: 4, index: UInt64(n)).normal([n, n], dtype: .float64)
      .scalars(Double.self)
    var matrix = numbers
    for i in 0..<n {
      for j in 0..<n { matrix[i * n + j] = numbers[i * n + j] + numbers[j * n + i] }
    }
    let eigen = try #require(SymmetricEigen(matrix, count: n))
    #expect(eigen.values == eigen.values.sorted())
    let size = eigen.values.reduce(0) { max($0, abs($1)) }
    // V' diag(w) V and V V' with eigenvectors as rows.
    let scaled = (0..<n * n).map { eigen.values[$0 / n] * eigen.vectors[$0] }
    for i in 0..<n {
      for j in 0..<n {
        let got = (0..<n).reduce(0) { $0 + scaled[$1 * n + i] * eigen.vectors[$1 * n + j] }
        #expect(abs(got - matrix[i * n + j]) <= 2e-14 * size)
      }
    }
    let identity = product(eigen.vectors, eigen.vectors, n, transposed: true)
    for i in 0..<n {
      for j in 0..<n { #expect(abs(identity[i * n + j] - (i == j ? 1 : 0)) <= 2e-14) }
    }
  }

  /// The second difference: 2 - 2 cos(k pi / (n + 1)).
  @Test func secondDifference() throws {
    let n = 12
    var matrix = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      matrix[i * n + i] = 2
      if i > 0 { (matrix[i * n + i - 1], matrix[(i - 1) * n + i]) = (-1, -1) }
    }
    let eigen = try #require(SymmetricEigen(matrix, count: n))
    // From a table of cosines by the addition theorem, so that the truth shares no code.
    let step = 2 * Double.pi / Double(2 * (n + 1))
    var (c, s) = (1.0, 0.0)
    var (c1, s1) = (1.0, 0.0)
    var term = 1.0
    (c1, s1) = (0, 0)
    for k in 0..<30 {
      if k % 2 == 0 { c1 += k % 4 == 0 ? term : -term } else { s1 += k % 4 == 1 ? term : -term }
      term *= step / Double(k + 1)
    }
    for k in 1...n {
      (c, s) = (c * c1 - s * s1, s * c1 + c * s1)
      #expect(abs(eigen.values[k - 1] - (2 - 2 * c)) <= 1e-14)
    }
  }

  @Test func specialMatrices() throws {
    let diagonal = try #require(SymmetricEigen([3, 0, 0, 0, -1, 0, 0, 0, 2], count: 3))
    #expect(diagonal.values == [-1, 2, 3])
    let zero = try #require(SymmetricEigen(Array(repeating: 0, count: 16), count: 4))
    #expect(zero.values == [0, 0, 0, 0])
    let ones = try #require(SymmetricEigen(Array(repeating: 1, count: 25), count: 5))
    #expect(abs(ones.values[4] - 5) < 1e-14 && ones.values.prefix(4).allSatisfy { abs($0) < 1e-14 })
    // Only the lower triangle is read.
    let lower = try #require(SymmetricEigen([2, 99, 1, 2], count: 2))
    #expect(abs(lower.values[0] - 1) < 1e-15 && abs(lower.values[1] - 3) < 1e-15)
    #expect(SymmetricEigen([.nan], count: 1) == nil)
    #expect(SymmetricEigen([1, 0, .infinity, 1], count: 2) == nil)
    let tiny = try #require(SymmetricEigen([1e-200, 1e-201, 1e-201, 1e-200], count: 2))
    #expect(abs(tiny.values[1] / 1.1e-200 - 1) < 1e-14)
  }
}

import OuterloopNumerics
import Testing

@Suite struct IncrementalCholeskyTests {
  /// Symmetric positive definite: B B' + I.
  private func matrix(_ n: Int) throws -> [Double] {
    let b = try RandomKey(seed: 4, purpose: "matrix", index: UInt64(n))
      .normal([n, n], dtype: .float64).scalars(Double.self)
    var a = DenseProduct.of(b, b, bTransposed: true, m: n, n: n, k: n)
    for i in 0..<n { a[i * n + i] += 1 }
    return a
  }

  @Test(arguments: [1, 2, 7, 40, 130])
  func solvesAndInverts(_ n: Int) throws {
    let a = try matrix(n)
    let factor = try #require(try IncrementalCholesky(a, count: n))
    let inverse = factor.inverse()
    let product = DenseProduct.of(a, inverse, m: n, n: n, k: n)
    for i in 0..<n {
      for j in 0..<n { #expect(abs(product[i * n + j] - (i == j ? 1 : 0)) < 1e-11) }
    }
    let b = (0..<n).map { Double($0) - 1.5 }
    let x = factor.solve(b)
    for i in 0..<n {
      let sum = (0..<n).reduce(0) { $0 + a[i * n + $1] * x[$1] }
      #expect(abs(sum - b[i]) < 1e-10)
    }
    // L L' = A.
    for i in 0..<n {
      for j in 0...i {
        let sum = (0...j).reduce(0) { $0 + factor[i, $1] * factor[j, $1] }
        #expect(abs(sum - a[i * n + j]) < 1e-11 * Double(n))
      }
    }
  }

  /// Row by row is the same as all at once, with and without room.
  @Test(arguments: [0, 3, 50])
  func growsByRows(_ room: Int) throws {
    let n = 30
    let a = try matrix(n)
    let first = 5
    let corner = (0..<first).flatMap { i in (0..<first).map { a[i * n + $0] } }
    var grown = try #require(try IncrementalCholesky(corner, count: first, roomFor: room))
    for i in first..<n {
      let row = Array(a[i * n..<i * n + i])
      let isAdded = grown.append(row, diagonal: a[i * n + i])
      #expect(isAdded)
    }
    let whole = try #require(try IncrementalCholesky(a, count: n))
    for i in 0..<n { for j in 0...i { #expect(abs(grown[i, j] - whole[i, j]) < 1e-11) } }
    #expect(abs(grown.logDeterminant - whole.logDeterminant) < 1e-11)
    let (x, y) = (grown.inverse(), whole.inverse())
    for (p, q) in zip(x, y) { #expect(abs(p - q) < 1e-10) }
    var sides = (0..<2 * n).map { Double($0 % 5) }
    var others = sides
    grown.solveLower(&sides, columns: 2)
    whole.solveLower(&others, columns: 2)
    for (p, q) in zip(sides, others) { #expect(abs(p - q) < 1e-11) }
  }

  /// Products with the inverse factor are solves, however many columns there are, and after it grew.
  @Test(arguments: [1, 7, 96, 150], [1, 5, 130])
  func multipliesByTheInverse(_ n: Int, _ columns: Int) throws {
    let a = try matrix(n)
    let factor = try #require(try IncrementalCholesky(a, count: n))
    let corner = (0..<n - 1).flatMap { i in (0..<n - 1).map { a[i * n + $0] } }
    var part = try #require(try IncrementalCholesky(corner, count: n - 1))
    var grown = TriangularInverse(part)
    let isAdded = part.append(Array(a[(n - 1) * n..<n * n - 1]), diagonal: a[n * n - 1])
    #expect(isAdded)
    grown.append(lastOf: part)
    let b = (0..<n * columns).map { Double($0 % 7) - 3 }
    var (lower, upper) = (b, b)
    factor.solveLower(&lower, columns: columns)
    factor.solveUpper(&upper, columns: columns)
    for inverse in [TriangularInverse(factor), grown] {
      for (x, y) in zip(inverse.product(b, columns: columns), lower) { #expect(abs(x - y) < 1e-11) }
      for (x, y) in zip(inverse.transposedProduct(b, columns: columns), upper) {
        #expect(abs(x - y) < 1e-11)
      }
    }
  }

  /// A repeated row is not positive definite: it is refused, or takes jitter.
  @Test func knowsWhatIsSingular() throws {
    let ones = [Double](repeating: 1, count: 9)
    #expect(try IncrementalCholesky(ones, count: 3) == nil)
    let factor = try #require(try IncrementalCholesky(ones, count: 3, jitters: [0, 1e-10, 1e-6]))
    #expect(factor.jitter > 0)
    var one = try #require(try IncrementalCholesky([1], count: 1))
    let isAdded = one.append([1], diagonal: 1)
    #expect(!isAdded && one.count == 1)
    #expect(try IncrementalCholesky([1, .nan, .nan, 1], count: 2) == nil)
    #expect(try IncrementalCholesky([.infinity], count: 1) == nil)
    #expect(try IncrementalCholesky([], count: 0)?.inverse() == [])
  }

  @Test func productsOfEveryKind() {
    let a = (0..<6).map { Double($0 * $0) }
    let b = (0..<8).map { 1 - Double($0) }
    // a is (3, 2) or (2, 3); b is (2, 4) or (4, 2).
    for (isA, isB) in [(false, false), (true, false), (false, true), (true, true)] {
      let c = DenseProduct.of(a, aTransposed: isA, b, bTransposed: isB, m: 3, n: 4, k: 2)
      for i in 0..<3 {
        for j in 0..<4 {
          let want = (0..<2).reduce(0.0) {
            $0 + (isA ? a[$1 * 3 + i] : a[i * 2 + $1]) * (isB ? b[j * 2 + $1] : b[$1 * 4 + j])
          }
          #expect(c[i * 4 + j] == want)
        }
      }
    }
    var c = [1.0, 2]
    DenseProduct.apply([2], [3, 4], m: 1, n: 2, k: 1, alpha: 0.5, beta: 10, into: &c)
    #expect(c == [13, 24])
    #expect(DenseProduct.of([], b, m: 0, n: 3, k: 2) == [])
    #expect(DenseProduct.of([], [], m: 1, n: 2, k: 0) == [0, 0])
  }
}

import OuterloopNumerics
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

@Suite struct MaternKernelTests {
  private func covariance(_ square: Double) -> (value: Double, slope: Double) {
    let a = (5 * square).squareRoot()
    return ((1 + a + a * a / 3) * exp(-a), -5 / 6.0 * (1 + a) * exp(-a))
  }

  /// Points on a line at many distances, none at all and far ones among them.
  @Test func equalsItsFormula() {
    let xs = (0..<37).map { Double($0 * $0) * 0.013 }
    let ys = (0..<19).map { Double($0) * 1.7 }
    let products = xs.flatMap { x in ys.map { x * $0 } }
    let (rows, columns) = (xs.map { $0 * $0 }, ys.map { $0 * $0 })
    var (k, slope) = (products, products)
    MaternKernel.apply(&k, rows: rows, columns: columns, slope: &slope)
    var plain = products
    var none: [Double] = []
    MaternKernel.apply(&plain, rows: rows, columns: columns, slope: &none)
    #expect(plain == k)
    for (i, x) in xs.enumerated() {
      for (j, y) in ys.enumerated() {
        let want = covariance((x - y) * (x - y))
        #expect(abs(k[i * ys.count + j] - want.value) < 1e-12)
        #expect(abs(slope[i * ys.count + j] - want.slope) < 1e-11)
      }
    }
  }

  /// Where rounding makes the square of a distance negative it is 0, and the slope is finite.
  @Test func slopeAtNoDistance() {
    var k = [1.0, 1 + 1e-15]
    var slope = [0.0, 0]
    MaternKernel.apply(&k, rows: [1], columns: [1, 1], slope: &slope)
    #expect(k == [1, 1])
    #expect(slope == [-5 / 6.0, -5 / 6.0])
  }
}

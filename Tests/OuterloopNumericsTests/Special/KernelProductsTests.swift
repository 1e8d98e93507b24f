import OuterloopNumerics
import Testing

@Suite struct KernelProductsTests {
  /// One kernel on one column of cells is a mass of the standard normal.
  @Test(arguments: StandardNormalReference.logMass.indices)
  func cell(_ row: Int) {
    let (a, b, want) = StandardNormalReference.logMass[row]
    var kernels = KernelProducts(matched: 0, smooth: 0, cells: 1)
    kernels.append(centers: [0], ordinal: 0)
    kernels.setInverse(0, 0, 1)
    for middle in [0.5 * (a + b), -0.5 * (a + b)] {
      let got = kernels.logSums(
        at: [middle], half: [0.5 * (b - a)], points: 1, matches: [], first: 1, slope: 0)
      #expect(abs(got[0] - want) < 1e-11 * max(1, abs(want)), "\(got[0])")
    }
  }

  /// The same bits on any number of threads, where there is work for several.
  @Test func threads() {
    var kernels = KernelProducts(matched: 1, smooth: 7, cells: 2)
    func wave(_ k: Int, _ column: Int) -> Double {
      Double((k * 7919 + column * 104_729) % 1000) / 1000
    }
    for k in 0..<3000 {
      kernels.append(centers: (0..<10).map { wave(k, $0) }, ordinal: Double(k))
      for column in 1..<10 { kernels.setInverse(k, column, 2 + wave(k, column)) }
    }
    let x = (0..<24).flatMap { point in (0..<10).map { wave(point + 5000, $0) } }
    let half = [Double](repeating: 0.01, count: x.count)
    let before = ThreadBudget.threads
    defer { ThreadBudget.threads = before }
    let sums = [1, 2, 5].map { threads in
      ThreadBudget.threads = threads
      return kernels.logSums(
        at: x, half: half, points: 24, matches: [0.5, -0.25], first: 0.1, slope: 0.001)
    }
    #expect(sums[0].allSatisfy { $0.isFinite })
    #expect(sums[0] == sums[1] && sums[0] == sums[2])
  }

  /// Numbers that are free are filled, wherever a kernel is taken out, and tiles are never mixed up:
  /// the largest of kernels far apart is the one the point is at.
  @Test(arguments: [1, 7, 8, 9, 33]) func remove(_ count: Int) {
    var kernels = KernelProducts(matched: 1, smooth: 2, cells: 0)
    for k in 0..<count {
      kernels.append(centers: [Double(k), Double(k), -Double(k)], ordinal: Double(k))
      kernels.setOffset(k, Double(k))
      for column in 1...2 { kernels.setInverse(k, column, 1000) }
    }
    var left = (0..<count).map(Double.init)
    while !left.isEmpty {
      let points = left.flatMap { [$0, $0, -$0] }
      let got = kernels.logSums(
        at: points, half: points, points: left.count, matches: [0.5, -0.25], first: 0.5, slope: 0.1
      )
      for (k, value) in zip(left, got) {
        let weight = min(1, 0.5 + 0.1 * k)
        #expect(abs(value - (k + 0.5 + weight.logarithm)) < 1e-12)
      }
      let place = left.count / 3
      kernels.remove(place)
      left.swapAt(place, left.count - 1)
      left.removeLast()
    }
    #expect(kernels.count == 0)
  }
}

extension Double {
  /// By the series of the area tangent, so that the tests need no C library: 1/2 ... 1 only.
  fileprivate var logarithm: Double {
    let s = (self - 1) / (self + 1)
    var sum = 0.0
    for n in (0..<30).reversed() { sum = sum * s * s + 1 / Double(2 * n + 1) }
    return 2 * s * sum
  }
}

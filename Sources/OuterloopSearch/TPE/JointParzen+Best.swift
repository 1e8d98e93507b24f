internal import OuterloopNumerics

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

extension JointParzen {
  /// Kernels from which on it pays not to look at all of them.
  private static let many = 256

  /// Which of m points, given as (d, m), has the largest log l - log g, where g is this density; the
  /// first of equals, up to rounding.
  ///
  /// The part of g that some of the kernels make is a bound from below, and so log l minus its
  /// logarithm is one from above. An eighth of the kernels, the newest, is summed for all points; then
  /// the most promising point is summed to its end, and of the others those that may still win, over
  /// more and more kernels. Of 24 points from l that is about two fifths of all work.
  package mutating func best(of points: [[Double]], logs: [Double]) -> Int {
    refresh()
    let query = query(points)
    let all = Array(logs.indices)
    guard table.tileCount * KernelProducts.tile > Self.many, all.count > 4 else {
      let sums = table.logSums(query, over: all, tiles: 0..<table.tileCount)
      return best(all) { logs[$0] - sums[$0] }
    }
    var sums = [Double](repeating: -.infinity, count: all.count)
    func add(_ tiles: Range<Int>, to chosen: [Int]) {
      let parts = table.logSums(query, over: chosen, tiles: tiles)
      for (point, part) in zip(chosen, parts) { sums[point] = Self.logAdd(sums[point], part) }
    }

    var end = table.tileCount * 7 / 8
    add(end..<table.tileCount, to: all)
    let leader = best(all) { logs[$0] - sums[$0] }
    add(0..<end, to: [leader])
    // Sums are right to 1e-10.
    let mark = logs[leader] - sums[leader] - 1e-8
    var open = all.filter { $0 != leader && logs[$0] - sums[$0] >= mark }
    while end > 0, !open.isEmpty {
      let start = end > table.tileCount / 4 ? end - table.tileCount / 4 : 0
      add(start..<end, to: open)
      end = start
      open = open.filter { logs[$0] - sums[$0] >= mark }
    }
    return best((open + [leader]).sorted()) { logs[$0] - sums[$0] }
  }

  private func best(_ points: [Int], _ score: (Int) -> Double) -> Int {
    points.dropFirst().reduce(points[0]) { score($1) > score($0) ? $1 : $0 }
  }

  private static func logAdd(_ a: Double, _ b: Double) -> Double {
    let (low, high) = a < b ? (a, b) : (b, a)
    return low == -.infinity ? high : high + log1p(exp(low - high))
  }
}

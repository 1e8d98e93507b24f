import COuterloopKernels
import Testing

private let shapes: [(Int, Int, Int)] = [
  (1, 1, 1), (3, 0, 4), (0, 3, 4), (1, 5, 1), (7, 10, 1), (4, 33, 1), (3, 1000, 1), (2, 5000, 1),
  (1, 200_001, 1), (5, 3, 2), (2, 100, 10), (1, 5000, 10), (1, 70_000, 3), (3, 40, 33),
  (1, 700, 300), (1, 130, 2000), (2, 9, 100), (600, 300, 1), (40, 60, 64),
]

@Suite struct ReduceKernelTests {
  @Test(arguments: shapes)
  func sumMaximumMinimum(_ outer: Int, _ middle: Int, _ inner: Int) {
    check(Float.self, outer, middle, inner, tolerance: 1e-6)
    check(Double.self, outer, middle, inner, tolerance: 1e-14)  // the oracle's sum rounds too
  }

  private func check<T: KernelScalar>(
    _: T.Type, _ outer: Int, _ middle: Int, _ inner: Int, tolerance: Double
  ) {
    var numbers = TestNumbers(seed: UInt64(middle))
    let src: [T] = numbers.values(outer * middle * inner)
    for kind in [OL_REDUCE_SUM, OL_REDUCE_MAX, OL_REDUCE_MIN] {
      let start = kind == OL_REDUCE_SUM ? 0 : kind == OL_REDUCE_MAX ? -Double.infinity : .infinity
      var want = [Double](repeating: start, count: outer * inner)
      for o in 0..<outer {
        for i in 0..<middle {
          for j in 0..<inner {
            let x = Double(src[(o * middle + i) * inner + j])
            let at = o * inner + j
            want[at] =
              kind == OL_REDUCE_SUM
              ? want[at] + x : kind == OL_REDUCE_MAX ? max(want[at], x) : min(want[at], x)
          }
        }
      }
      var first: [T]?
      onEveryInstructionSet { isa in
        for threads: Int32 in [1, 2, 4] {
          var dst = [T](repeating: 7, count: outer * inner)
          ol_reduce(T.dtype, kind, Int64(outer), Int64(middle), Int64(inner), src, &dst, threads)
          if kind == OL_REDUCE_SUM {
            let scale = max(1, Double(middle).squareRoot())
            #expect(worstDifference(dst, want, scale: scale) <= tolerance, "\(isa), \(threads)")
          } else {
            #expect(dst.map(Double.init) == want, "\(isa), \(threads)")
          }
          // Not only the threads: the order is the same on every instruction set.
          if let first { #expect(dst.sameBits(as: first), "\(isa), \(threads)") }
          first = first ?? dst
        }
      }
    }
  }

  @Test func nanSpreadsThroughEveryKind() {
    for (middle, inner) in [(5, 1), (40, 1), (3000, 1), (50, 3), (20, 100)] {
      for position in [0, middle / 2, middle - 1] {
        var src = [Float](repeating: 1, count: middle * inner)
        src[position * inner] = .nan
        for kind in [OL_REDUCE_SUM, OL_REDUCE_MAX, OL_REDUCE_MIN] {
          onEveryInstructionSet { isa in
            var dst = [Float](repeating: 0, count: inner)
            ol_reduce(OL_F32, kind, 1, Int64(middle), Int64(inner), src, &dst, 1)
            #expect(dst[0].isNaN, "\(kind) of \(middle) x \(inner), NaN at \(position), \(isa)")
            #expect(dst.dropFirst().allSatisfy { !$0.isNaN })
          }
        }
      }
    }
  }

  @Test func integers() {
    let src: [Int32] = (0..<600).map { Int32(($0 * 7919) % 1009) - 500 }
    for (outer, middle, inner) in [(2, 300, 1), (1, 600, 1), (3, 20, 10), (60, 10, 1)] {
      var sum = [Int32](repeating: 9, count: outer * inner)
      var most = sum
      var least = sum
      ol_reduce(OL_I32, OL_REDUCE_SUM, Int64(outer), Int64(middle), Int64(inner), src, &sum, 2)
      ol_reduce(OL_I32, OL_REDUCE_MAX, Int64(outer), Int64(middle), Int64(inner), src, &most, 2)
      ol_reduce(OL_I32, OL_REDUCE_MIN, Int64(outer), Int64(middle), Int64(inner), src, &least, 2)
      for o in 0..<outer {
        for j in 0..<inner {
          let column = (0..<middle).map { src[(o * middle + $0) * inner + j] }
          #expect(sum[o * inner + j] == column.reduce(0, +))
          #expect(most[o * inner + j] == column.max())
          #expect(least[o * inner + j] == column.min())
        }
      }
    }
    let large: [Int32] = [.max, 1]
    var wrapped: [Int32] = [0]
    ol_reduce(OL_I32, OL_REDUCE_SUM, 1, 2, 1, large, &wrapped, 1)
    #expect(wrapped == [.min])
  }

  @Test(arguments: [(1, 1, 1), (3, 10, 1), (200, 1000, 1), (2, 9, 5), (2, 30, 150)])
  func argmaxIsTheFirstLargest(_ outer: Int, _ middle: Int, _ inner: Int) {
    var numbers = TestNumbers(seed: 3)
    // Few different values, so that ties are common.
    let src = (0..<outer * middle * inner).map { _ in Float(numbers.index(below: 5)) }
    var want = [Int32](repeating: 0, count: outer * inner)
    for o in 0..<outer {
      for j in 0..<inner {
        let column = (0..<middle).map { src[(o * middle + $0) * inner + j] }
        want[o * inner + j] = Int32(column.firstIndex(of: column.max()!)!)
      }
    }
    for threads: Int32 in [1, 2] {
      var at = [Int32](repeating: -1, count: outer * inner)
      let (a, b, c) = (Int64(outer), Int64(middle), Int64(inner))
      ol_argmax(OL_F32, a, b, c, src, &at, threads)
      #expect(at == want)
      ol_argmax(OL_F64, a, b, c, src.map(Double.init), &at, threads)
      #expect(at == want)
      ol_argmax(OL_I32, a, b, c, src.map { Int32($0) }, &at, threads)
      #expect(at == want)
    }
  }

  @Test func argmaxTakesNaNForLargest() {
    var at: [Int32] = [-1]
    ol_argmax(OL_F32, 1, 4, 1, [1, .nan, .infinity, .nan] as [Float], &at, 1)
    #expect(at == [1])
    var columns: [Int32] = [-1, -1]
    ol_argmax(OL_F32, 1, 3, 2, [.nan, 1, 2, 3, .nan, 3] as [Float], &columns, 1)
    #expect(columns == [0, 1])
  }
}

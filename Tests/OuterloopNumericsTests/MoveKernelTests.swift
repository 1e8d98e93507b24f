import COuterloopKernels
import Testing

private struct Move {
  var shape: [Int], src: [Int], dst: [Int]
  var srcOffset = 0, dstOffset = 0

  var view: ol_view {
    var view = ol_view()
    view.rank = Int32(shape.count)
    (view.src_offset, view.dst_offset) = (Int64(srcOffset), Int64(dstOffset))
    for (k, size) in shape.enumerated() {
      withUnsafeMutableBytes(of: &view.shape) {
        $0.storeBytes(of: Int64(size), toByteOffset: 8 * k, as: Int64.self)
      }
      withUnsafeMutableBytes(of: &view.src_stride) {
        $0.storeBytes(of: Int64(src[k]), toByteOffset: 8 * k, as: Int64.self)
      }
      withUnsafeMutableBytes(of: &view.dst_stride) {
        $0.storeBytes(of: Int64(dst[k]), toByteOffset: 8 * k, as: Int64.self)
      }
    }
    return view
  }

  /// Pairs of (source, destination) positions.
  func positions() -> [(Int, Int)] {
    var pairs = [(srcOffset, dstOffset)]
    for k in shape.indices {
      pairs = pairs.flatMap { from, to in
        (0..<shape[k]).map { (from + $0 * src[k], to + $0 * dst[k]) }
      }
    }
    return pairs
  }
}

private func rowMajor(_ shape: [Int]) -> [Int] {
  var strides = [Int](repeating: 1, count: shape.count)
  for k in shape.indices.dropLast().reversed() { strides[k] = strides[k + 1] * shape[k + 1] }
  return strides
}

@Suite struct MoveKernelTests {
  @Test func copiesByStrides() {
    var moves: [Move] = [
      Move(shape: [], src: [], dst: []),
      Move(shape: [0, 3], src: [3, 1], dst: [3, 1]),
      Move(shape: [2, 3, 4], src: [12, 4, 1], dst: [12, 4, 1]),  // all one run
      Move(shape: [5, 40], src: [60, 1], dst: [40, 1], srcOffset: 7),  // slice
      Move(shape: [5, 40], src: [40, 1], dst: [60, 1], dstOffset: 7),  // pad
      Move(shape: [6, 9], src: [1, 6], dst: [9, 1]),  // transpose
      Move(shape: [100, 70], src: [1, 100], dst: [70, 1]),
      Move(shape: [1000, 700], src: [1, 1000], dst: [700, 1]),
      Move(shape: [7, 30], src: [0, 1], dst: [30, 1]),  // broadcasts
      Move(shape: [7, 30], src: [1, 0], dst: [30, 1]),
      Move(shape: [7, 30], src: [0, 0], dst: [30, 1]),
      Move(shape: [4, 5, 6], src: [1, 0, 4], dst: [30, 6, 1]),
      Move(shape: [9], src: [-1], dst: [1], srcOffset: 8),  // flips
      Move(shape: [4, 9], src: [9, -1], dst: [9, 1], srcOffset: 8),
      Move(shape: [4, 9], src: [-9, 1], dst: [9, 1], srcOffset: 27),
      Move(shape: [10, 10], src: [20, 2], dst: [10, 1]),  // every second
      Move(shape: [10, 10], src: [10, 1], dst: [20, 2]),
      Move(shape: [600, 500], src: [500, 1], dst: [1, 600]),  // a transpose written sideways
      Move(shape: [300_000], src: [1], dst: [1]),
      Move(
        shape: [2, 1, 3, 1, 2, 1, 2, 2], src: [24, 9, 8, 9, 4, 9, 2, 1],
        dst: [24, 5, 8, 5, 4, 5, 2, 1]),
    ]
    // Every permutation of four dimensions.
    let shape = [3, 20, 5, 17]
    let strides = rowMajor(shape)
    for a in 0..<4 {
      for b in 0..<4 where b != a {
        for c in 0..<4 where c != a && c != b {
          let order = [a, b, c, 6 - a - b - c]
          let permuted = order.map { shape[$0] }
          moves.append(
            Move(shape: permuted, src: order.map { strides[$0] }, dst: rowMajor(permuted)))
        }
      }
    }
    for move in moves {
      copies(move, UInt32.self)
      copies(move, UInt64.self)
      copies(move, UInt8.self)
      copies(move, UInt16.self)
    }
  }

  private func copies<T: FixedWidthInteger & BitwiseCopyable>(_ move: Move, _: T.Type) {
    let pairs = move.positions()
    let src = (0...(pairs.map(\.0).max() ?? 0)).map {
      T(truncatingIfNeeded: $0 &* 2_654_435_761 &+ 1)
    }
    let blank = [T](repeating: 99, count: (pairs.map(\.1).max() ?? 0) + 2)
    var want = blank
    for (from, to) in pairs { want[to] = src[from] }
    var view = move.view
    for threads: Int32 in [1, 2, 4] {
      var dst = blank
      ol_copy(Int32(MemoryLayout<T>.size), &view, src, &dst, threads)
      #expect(dst == want, "\(move.shape) \(move.src) \(move.dst) of \(T.self), \(threads) threads")
    }
  }

  @Test(arguments: [0, 1, 5, 100, 300_000])
  func fills(_ count: Int) {
    for threads: Int32 in [1, 2] {
      var f = [Float](repeating: 0, count: count + 1)
      ol_fill(OL_F32, 1.5, Int64(count), &f, threads)
      #expect(f == [Float](repeating: 1.5, count: count) + [0])
      var d = [Double](repeating: 0, count: count + 1)
      ol_fill(OL_F64, -0.1, Int64(count), &d, threads)
      #expect(d == [Double](repeating: -0.1, count: count) + [0])
      var i = [Int32](repeating: 0, count: count + 1)
      ol_fill(OL_I32, -7, Int64(count), &i, threads)
      #expect(i == [Int32](repeating: -7, count: count) + [0])
    }
  }

  @Test func castsTruncateAndClamp() {
    let values: [Double] = [
      0, -0.0, 1.9, -1.9, 2_147_483_520, 2_147_483_647, 2_147_483_648, 1e30, -2_147_483_648,
      -2_147_483_904, -1e30, .infinity, -.infinity, .nan, 16_777_217, 0.1, 1e-40,
    ]
    let clamped = values.map { $0.isNaN ? 0 : Int32(max(-2_147_483_648, min(2_147_483_647, $0))) }
    let floats = values.map { Float($0) }
    var ints = [Int32](repeating: 9, count: values.count)
    ol_cast(OL_F64, OL_I32, Int64(values.count), values, &ints, 1)
    #expect(ints == clamped)
    ol_cast(OL_F32, OL_I32, Int64(values.count), floats, &ints, 1)
    #expect(
      ints
        == floats.map { $0.isNaN ? 0 : $0 >= 0x1p31 ? .max : $0 < -0x1p31 ? .min : Int32($0) })
    var narrowed = [Float](repeating: 9, count: values.count)
    ol_cast(OL_F64, OL_F32, Int64(values.count), values, &narrowed, 1)
    #expect(narrowed.sameBits(as: floats))
    var widened = [Double](repeating: 9, count: values.count)
    ol_cast(OL_F32, OL_F64, Int64(values.count), floats, &widened, 1)
    #expect(widened.sameBits(as: floats.map(Double.init)))

    let many = (0..<400_000).map { Int32($0 * 5000 - 1_000_000_000) }
    var asFloat = [Float](repeating: 0, count: many.count)
    var asDouble = [Double](repeating: 0, count: many.count)
    var same = [Int32](repeating: 0, count: many.count)
    ol_cast(OL_I32, OL_F32, Int64(many.count), many, &asFloat, 2)
    ol_cast(OL_I32, OL_F64, Int64(many.count), many, &asDouble, 2)
    ol_cast(OL_I32, OL_I32, Int64(many.count), many, &same, 2)
    #expect(asFloat == many.map { Float($0) })
    #expect(asDouble == many.map { Double($0) })
    #expect(same == many)
  }

  @Test func iotaCountsAlongOneAxis() {
    for (outer, count, inner) in [(1, 7, 1), (3, 5, 1), (2, 4, 6), (1, 1, 9), (0, 3, 2)] {
      let total = outer * count * inner
      var ints = [Int32](repeating: -1, count: total)
      ol_iota(OL_I32, Int64(total), Int64(count), Int64(inner), &ints)
      #expect(ints == (0..<total).map { Int32($0 / inner % count) })
      var doubles = [Double](repeating: -1, count: total)
      ol_iota(OL_F64, Int64(total), Int64(count), Int64(inner), &doubles)
      #expect(doubles == (0..<total).map { Double($0 / inner % count) })
    }
  }

  @Test(arguments: [1, 2, 3, 10, 784])
  func gathersAndScattersRows(_ width: Int) {
    let rows = 50
    let count = 700
    var numbers = TestNumbers(seed: 11)
    let index = (0..<count).map { _ in Int32(numbers.index(below: rows)) }
    let src: [Float] = numbers.values(rows * width)
    let terms: [Double] = numbers.values(count * width)
    let wantRows = index.flatMap { src[Int($0) * width..<(Int($0) + 1) * width] }
    var wantSums = [Double](repeating: 0, count: rows * width)
    for (i, row) in index.enumerated() {
      for j in 0..<width { wantSums[Int(row) * width + j] += terms[i * width + j] }
    }
    for threads: Int32 in [1, 2, 4] {
      var gathered = [Float](repeating: .nan, count: count * width)
      #expect(
        ol_gather_rows(4, Int64(rows), Int64(width), index, Int64(count), src, &gathered, threads)
          == 0)
      #expect(gathered == wantRows)
      var sums = [Double](repeating: .nan, count: rows * width)
      #expect(
        ol_scatter_add_rows(
          OL_F64, Int64(rows), Int64(width), index, Int64(count), terms, &sums, threads) == 0)
      #expect(sums == wantSums)  // the same order, so the same bits
    }
  }

  @Test func indicesOutsideAreRefused() {
    let src: [Float] = [1, 2, 3]
    var dst: [Float] = [0, 0, 0, 0, 0, 0]
    for bad in [-1, 3, Int32.max, .min] {
      #expect(ol_gather_rows(4, 3, 1, [0, bad], 2, src, &dst, 1) == -1)
      #expect(ol_scatter_add_rows(OL_F32, 3, 1, [bad, 0], 2, src, &dst, 1) == -1)
      #expect(ol_one_hot(OL_F32, [0, bad], 2, 3, &dst) == -1)
    }
  }

  @Test func oneHotRows() {
    var floats = [Float](repeating: 9, count: 6)
    #expect(ol_one_hot(OL_F32, [2, 0], 2, 3, &floats) == 0)
    #expect(floats == [0, 0, 1, 1, 0, 0])
    var ints = [Int32](repeating: 9, count: 4)
    #expect(ol_one_hot(OL_I32, [1, 1], 2, 2, &ints) == 0)
    #expect(ints == [0, 1, 0, 1])
  }
}

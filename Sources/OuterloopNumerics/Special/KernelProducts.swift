internal import COuterloopKernels

/// A mixture of product kernels over several columns, updated in place and evaluated with SIMD:
///
///     log sum_k weight_k exp(offset_k) prod_j K_jk(x_j),   weight_k = min(1, first + slope ordinal_k).
///
/// Columns come in three kinds, in this order. Matched: K is one of two numbers, by whether x is the
/// center. Smooth: exp(-((x - center)/sigma)^2 / 2). Cells: the mass of that normal on an interval.
///
/// Kernels are numbered in no particular order without gaps and added or removed in O(columns): the
/// last one takes the number of a removed one. They are stored in tiles of eight, each tile's columns
/// together. Memory: 16 bytes for each kernel and column.
package struct KernelProducts: Sendable {
  private static let tile = Int(OL_KERNEL_TILE)
  private static let group = Int(OL_KERNEL_GROUP)
  private let matched: Int
  private let smooth: Int
  private let cells: Int
  package private(set) var count = 0
  /// (tiles, columns, 2, tile): centers and 1/sigma.
  private var table: [Double] = []
  /// (tiles, tile); -infinity where there is no kernel.
  private var offsets: [Double] = []
  private var ordinals: [Double] = []

  package init(matched: Int, smooth: Int, cells: Int) {
    self.matched = matched
    self.smooth = smooth
    self.cells = cells
  }

  private var columns: Int { matched + smooth + cells }

  private func index(_ kernel: Int, _ column: Int) -> Int {
    (kernel / Self.tile * columns + column) * 2 * Self.tile + kernel % Self.tile
  }

  /// Adds a kernel of offset 0 with these centers and 1/sigma = 0, to be set later.
  package mutating func append(centers: [Double], ordinal: Double) {
    precondition(centers.count == columns)
    if count == offsets.count {
      table.append(contentsOf: repeatElement(0, count: 2 * Self.tile * columns))
      offsets.append(contentsOf: repeatElement(-.infinity, count: Self.tile))
      ordinals.append(contentsOf: repeatElement(0, count: Self.tile))
    }
    offsets[count] = 0
    ordinals[count] = ordinal
    for column in centers.indices {
      table[index(count, column)] = centers[column]
      table[index(count, column) + Self.tile] = 0
    }
    count += 1
  }

  /// Removes a kernel; the last one takes its number.
  package mutating func remove(_ kernel: Int) {
    count -= 1
    offsets[kernel] = offsets[count]
    ordinals[kernel] = ordinals[count]
    offsets[count] = -.infinity
    for column in 0..<columns {
      for part in [0, Self.tile] {
        table[index(kernel, column) + part] = table[index(count, column) + part]
      }
    }
  }

  package func center(_ kernel: Int, _ column: Int) -> Double { table[index(kernel, column)] }

  /// 1/sigma.
  package func inverse(_ kernel: Int, _ column: Int) -> Double {
    table[index(kernel, column) + Self.tile]
  }

  package mutating func setInverse(_ kernel: Int, _ column: Int, _ value: Double) {
    table[index(kernel, column) + Self.tile] = value
  }

  package mutating func setOffset(_ kernel: Int, _ value: Double) { offsets[kernel] = value }

  /// Lays kernels end to end in an order, with the given `lengths`; the middle of the integers that
  /// a kernel covers becomes its ordinal. Returns the total length. O(kernels).
  package mutating func lay(_ order: [Int], lengths: [Double]) -> Double {
    var next = 0.0
    for kernel in order {
      ordinals[kernel] = next + 0.5 * (lengths[kernel] - 1)
      next += lengths[kernel]
    }
    return next
  }

  /// The logarithm of the sum at some points, to 1e-10. O(points x kernels x columns) at most:
  /// kernels that are negligible relative to the largest seen are abandoned early.
  ///
  /// - Parameters:
  ///   - x: (points, columns); in cells the middles of intervals.
  ///   - half: (points, columns), of which the half lengths of intervals in cells count.
  ///   - matches: (matched, 2): log K where x is the center, and elsewhere.
  package func logSums(
    at x: [Double], half: [Double], points: Int, matches: [Double], first: Double, slope: Double
  ) -> [Double] {
    precondition(x.count == points * columns && half.count == x.count)
    precondition(matches.count == 2 * matched && first > 0 && slope >= 0)
    let groups = (points + Self.group - 1) / Self.group
    var out = [Double](repeating: 0, count: Self.group * groups)
    var scratch = [Double](repeating: 0, count: Self.tile * out.count)
    table.withUnsafeBufferPointer { table in
      offsets.withUnsafeBufferPointer { offsets in
        ordinals.withUnsafeBufferPointer { ordinals in
          var kernels = ol_kernel_products(
            tiles: Int64(offsets.count / Self.tile), matched: Int64(matched), smooth: Int64(smooth),
            cells: Int64(cells), columns: table.baseAddress, offset: offsets.baseAddress,
            ordinal: ordinals.baseAddress, first: first, slope: slope)
          ol_log_kernel_products(
            &kernels, Int32(ThreadBudget.threads), Int64(groups), grouped(x, points),
            grouped(half, points), matches, &scratch,
            &out)
        }
      }
    }
    out.removeLast(out.count - points)
    return out
  }

  /// (points, columns) as (groups, columns, group); the last point fills up.
  private func grouped(_ x: [Double], _ points: Int) -> [Double] {
    var result: [Double] = []
    result.reserveCapacity(x.count + Self.group * columns)
    for first in stride(from: 0, to: points, by: Self.group) {
      for column in 0..<columns {
        for point in first..<first + Self.group {
          result.append(x[min(point, points - 1) * columns + column])
        }
      }
    }
    return result
  }
}

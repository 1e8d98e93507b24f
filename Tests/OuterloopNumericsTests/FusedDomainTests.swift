import COuterloopKernels
import Dispatch
import Synchronization
import Testing

// Blocks, widths, reductions and threads of fused.c.

private let shapes: [(rows: Int, cols: Int)] = [
  (1, 1), (2, 1), (1000, 1), (1, 10), (2, 10), (1000, 10), (1, 300), (2, 300), (1000, 300),
  (1, 5000), (2, 5000), (120, 5000), (70_000, 1), (9000, 7), (500, 16), (99, 64), (64, 99),
]

@Suite struct FusedDomainTests {
  /// d = (row + col) * (full + one), with widenings in the prologue and in the body, over `full`.
  @Test(arguments: shapes)
  func widensAndUpdatesInPlace(_ rows: Int, _ cols: Int) {
    widen(Float.self, rows, cols)
    widen(Double.self, rows, cols)
  }

  private func widen<T: KernelScalar>(_: T.Type, _ rows: Int, _ cols: Int) {
    var program = FusedProgram<T>(rows: rows, cols: cols)
    let small: [T] = [1, 2, 3, 4, 5]
    func pattern(_ width: ol_width, _ step: Int) -> [T] {
      (0..<program.count(width)).map { small[$0 &* step % 5] }
    }
    let row = program.input(OL_ROW, pattern(OL_ROW, 2))
    let col = program.input(OL_COL, pattern(OL_COL, 3))
    let full = program.input(OL_FULL, pattern(OL_FULL, 1))
    let one = program.scratch(OL_ONE)
    let wideOne = program.scratch(OL_FULL)
    let wideCol = program.scratch(OL_FULL)
    let wideRow = program.scratch(OL_FULL)
    let oneRow = program.scratch(OL_ROW)
    let sum = program.scratch(OL_FULL)
    program.prologue = [
      fused(OL_CONST, OL_ONE, one, value: 0.5), fused(OL_FROM_ONE, OL_FULL, wideOne, one),
      fused(OL_FROM_COL, OL_FULL, wideCol, col), fused(OL_FROM_ONE, OL_ROW, oneRow, one),
    ]
    let shifted = program.scratch(OL_ROW)
    program.body = [
      fused(OL_ADD, OL_ROW, shifted, row, oneRow), fused(OL_FROM_ROW, OL_FULL, wideRow, shifted),
      fused(OL_ADD, OL_FULL, sum, wideRow, wideCol), fused(OL_ADD, OL_FULL, full, full, wideOne),
      fused(OL_MUL, OL_FULL, full, sum, full),
    ]
    var want = program.memory[2]
    for i in want.indices {
      want[i] = (program.memory[0][i / cols] + 0.5 + program.memory[1][i % cols]) * (want[i] + 0.5)
    }
    onEveryInstructionSet { isa in
      for threads: Int32 in [1, 3] {
        #expect(program.run(threads: threads)[2] == want, "\(T.self) \(isa) \(threads)")
      }
    }
  }

  /// Row, column and total sums and maxima of x^2, then an epilogue, for any threads.
  @Test(arguments: shapes)
  func reduces(_ rows: Int, _ cols: Int) {
    reduce(Float.self, rows, cols, tolerance: 4e-7)
    reduce(Double.self, rows, cols, tolerance: 1e-15)
  }

  private func reduce<T: KernelScalar>(_: T.Type, _ rows: Int, _ cols: Int, tolerance: Double) {
    var numbers = TestNumbers(seed: UInt64(rows + cols))
    var program = FusedProgram<T>(rows: rows, cols: cols)
    let x = program.input(OL_FULL, numbers.values(rows * cols))
    let y = program.scratch(OL_FULL)
    let widths = [OL_ROW, OL_ROW, OL_COL, OL_COL, OL_ONE, OL_ONE, OL_ONE, OL_COL]
    let out = widths.map { program.output($0) }
    let total = program.scratch(OL_ONE)
    let squared = program.output(OL_FULL)
    program.body = [
      fused(OL_SQUARE, OL_FULL, y, x), fused(OL_ROW_SUM, OL_ROW, out[0], y),
      fused(OL_ROW_MAX, OL_ROW, out[1], y), fused(OL_COL_SUM, OL_FULL, out[2], y),
      fused(OL_ALL_SUM, OL_FULL, out[4], y), fused(OL_COL_MAX, OL_FULL, out[3], y),
      fused(OL_ALL_MAX, OL_FULL, out[5], y), fused(OL_ALL_SUM, OL_ROW, total, out[0]),
      fused(OL_COPY, OL_FULL, squared, y),
    ]
    program.epilogue = [
      fused(OL_MUL, OL_ONE, out[6], total, total), fused(OL_SQUARE, OL_COL, out[7], out[2]),
    ]
    let source = program.memory[0].map { $0 * $0 }
    let rowSum = sums(source, groups: rows) { $0 / cols }
    let colSum = sums(source, groups: cols) { $0 % cols }
    let all = sums(source, groups: 1) { _ in 0 }[0]
    let rowMax = maxima(source, groups: rows) { $0 / cols }
    let colMax = maxima(source, groups: cols) { $0 % cols }
    onEveryInstructionSet { isa in
      let runs = ([1, 2, 4] as [Int32]).map { program.run(threads: $0) }
      for (other, threads) in [(1, 2), (2, 4)] {
        let same = zip(runs[0], runs[other]).allSatisfy { $0.sameBits(as: $1) }
        #expect(same, "\(T.self) \(isa): \(threads) threads change bits")
      }
      let got = out.map { runs[0][program.slot(of: $0)] }
      func near(_ index: Int, _ want: [Double], _ factor: Double = 1) -> Bool {
        zip(got[index], want).allSatisfy { abs(Double($0) - $1) <= factor * tolerance * abs($1) }
      }
      #expect(near(0, rowSum) && near(2, colSum) && near(4, [all]), "\(T.self) \(isa) sums")
      #expect(near(6, [all * all], 3), "\(T.self) \(isa) epilogue on ONE")
      #expect(near(7, colSum.map { $0 * $0 }, 3), "\(T.self) \(isa) epilogue on COL")
      #expect(got[1] == rowMax && got[3] == colMax, "\(T.self) \(isa) maxima")
      #expect(got[5] == [rowMax.max()!], "\(T.self) \(isa) maximum")
      #expect(runs[0][program.slot(of: squared)] == source, "\(T.self) \(isa) output")
    }
  }

  private func sums<T: KernelScalar>(
    _ x: [T], groups: Int, _ group: (Int) -> Int
  ) -> [Double] {
    var result = [Double](repeating: 0, count: groups)
    var lost = result
    x.withUnsafeBufferPointer { x in
      for i in x.indices {  // compensated, so that the reference does not err
        let g = group(i)
        let term = Double(x[i]) - lost[g]
        let sum = result[g] + term
        lost[g] = (sum - result[g]) - term
        result[g] = sum
      }
    }
    return result
  }

  private func maxima<T: KernelScalar>(_ x: [T], groups: Int, _ group: (Int) -> Int) -> [T] {
    var result = [T](repeating: -.infinity, count: groups)
    for i in x.indices { result[group(i)] = max(result[group(i)], x[i]) }
    return result
  }

  @Test func maximaAreNaNWhereAnOperandIs() {
    for (rows, cols) in [(3, 1), (5, 4), (3, 300), (40, 100), (9000, 1)] {
      for spot in [0, rows * cols / 2, rows * cols - 1] {
        var values = [Float](repeating: 1, count: rows * cols)
        values[spot] = .nan
        var program = FusedProgram<Float>(rows: rows, cols: cols)
        let x = program.input(OL_FULL, values)
        let row = program.output(OL_ROW)
        let col = program.output(OL_COL)
        let one = program.output(OL_ONE)
        program.body = [
          fused(OL_ROW_MAX, OL_ROW, row, x), fused(OL_COL_MAX, OL_FULL, col, x),
          fused(OL_ALL_MAX, OL_FULL, one, x),
        ]
        onEveryInstructionSet { isa in
          let got = program.run()
          #expect((0..<rows).allSatisfy { got[1][$0].isNaN == ($0 == spot / cols) }, "\(isa)")
          #expect((0..<cols).allSatisfy { got[2][$0].isNaN == ($0 == spot % cols) }, "\(isa)")
          #expect(got[3][0].isNaN, "\(isa)")
        }
      }
    }
  }

  @Test func emptyDomainsReduceToNothing() {
    for (rows, cols) in [(0, 3), (3, 0), (0, 0)] {
      var program = FusedProgram<Double>(rows: rows, cols: cols)
      let x = program.input(OL_FULL, [])
      let sum = program.output(OL_ONE)
      let top = program.output(OL_ONE)
      let col = program.output(OL_COL)
      let row = program.output(OL_ROW)
      program.body = [
        fused(OL_ALL_SUM, OL_FULL, sum, x), fused(OL_ALL_MAX, OL_FULL, top, x),
        fused(OL_COL_SUM, OL_FULL, col, x), fused(OL_ROW_SUM, OL_ROW, row, x),
      ]
      onEveryInstructionSet { isa in
        let got = program.run(threads: 2)
        #expect(got[1] == [0] && got[2] == [-.infinity], "\(isa) \(rows) x \(cols)")
        #expect(got[3].allSatisfy { $0 == 0 } && got[4].allSatisfy { $0 == 0 }, "\(isa)")
      }
    }
  }

  /// A step counter is read and written in the prologue; helpers must not advance it again.
  @Test func prologueRunsOncePerRun() {
    var program = FusedProgram<Float>(rows: 60_000, cols: 1)
    let step = program.input(OL_ONE, [41])
    let one = program.scratch(OL_ONE)
    let x = program.input(OL_FULL, [Float](repeating: 0, count: 60_000))
    let wide = program.scratch(OL_FULL)
    program.prologue = [
      fused(OL_CONST, OL_ONE, one, value: 1), fused(OL_ADD, OL_ONE, step, step, one),
      fused(OL_FROM_ONE, OL_FULL, wide, step),
    ]
    program.body = Array(repeating: fused(OL_ADD, OL_FULL, x, x, wide), count: 24)
    onEveryInstructionSet { _ in
      let got = program.run(threads: 4)
      #expect(got[0] == [42] && got[1].allSatisfy { $0 == 24 * 42 })
    }
  }
}

@Suite struct ParallelRegionTests {
  private final class Region: Sendable {
    let seen: Mutex<[Int]>
    let nests: Bool
    init(_ count: Int, nests: Bool) {
      seen = Mutex([Int](repeating: 0, count: count))
      self.nests = nests
    }
  }

  private static func run(_ count: Int, threads: Int, nests: Bool) -> [Int] {
    let region = Region(count, nests: nests)
    ol_parallel(
      Int32(threads), Int32(count),
      { context, index in
        let region = Unmanaged<Region>.fromOpaque(context!).takeUnretainedValue()
        region.seen.withLock { $0[Int(index)] += 1 }
        if region.nests {
          let inner = ParallelRegionTests.run(3, threads: 3, nests: false)
          if inner != [1, 1, 1] { region.seen.withLock { $0[Int(index)] += 100 } }
        }
      }, Unmanaged.passUnretained(region).toOpaque())
    return region.seen.withLock { $0 }
  }

  @Test func everyIndexRunsOnceUnderManyCallers() {
    let failures = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: 8) { caller in
      for round in 0..<400 {
        let count = (round &* 7 &+ caller) % 40
        let seen = Self.run(count, threads: 1 + (round + caller) % 6, nests: round % 5 == 0)
        if seen != [Int](repeating: 1, count: count) { failures.add(1, ordering: .relaxed) }
      }
    }
    #expect(failures.load(ordering: .relaxed) == 0)
  }
}

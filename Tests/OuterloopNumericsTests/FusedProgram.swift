import COuterloopKernels
import Testing

/// A fused kernel with the memory of its slots, for tests.
struct FusedProgram<T: KernelScalar> {
  var rows: Int, cols: Int
  var prologue: [ol_instr] = [], body: [ol_instr] = [], epilogue: [ol_instr] = []
  private(set) var memory: [[T]] = []
  private var registers: [ol_register] = []

  init(rows: Int, cols: Int) {
    self.rows = rows
    self.cols = cols
  }

  func count(_ width: ol_width) -> Int {
    switch width {
    case OL_ONE: 1
    case OL_COL: cols
    case OL_ROW: rows
    default: rows * cols
    }
  }

  mutating func scratch(_ width: ol_width) -> Int32 {
    registers.append(ol_register(slot: -1, width: Int32(width.rawValue)))
    return Int32(registers.count - 1)
  }

  mutating func input(_ width: ol_width, _ values: [T]) -> Int32 {
    precondition(values.count == count(width))
    memory.append(values)
    registers.append(ol_register(slot: Int32(memory.count - 1), width: Int32(width.rawValue)))
    return Int32(registers.count - 1)
  }

  mutating func output(_ width: ol_width) -> Int32 {
    input(width, [T](repeating: 7, count: count(width)))
  }

  func slot(of register: Int32) -> Int { Int(registers[Int(register)].slot) }

  /// The contents of all slots after a run; `self` keeps the inputs.
  func run(threads: Int32 = 1) -> [[T]] {
    var slots = memory.map { values in
      let pointer = UnsafeMutablePointer<T>.allocate(capacity: values.count)
      pointer.initialize(from: values, count: values.count)
      return Optional(UnsafeMutableRawPointer(pointer))
    }
    registers.withUnsafeBufferPointer { registers in
      prologue.withUnsafeBufferPointer { prologue in
        body.withUnsafeBufferPointer { body in
          epilogue.withUnsafeBufferPointer { epilogue in
            var kernel = ol_fused(
              dtype: Int32(T.dtype.rawValue), register_count: Int32(registers.count),
              rows: Int64(rows), cols: Int64(cols), registers: registers.baseAddress,
              prologue: prologue.baseAddress, body: body.baseAddress,
              epilogue: epilogue.baseAddress, prologue_count: Int32(prologue.count),
              body_count: Int32(body.count), epilogue_count: Int32(epilogue.count))
            let bytes = ol_fused_scratch_bytes(&kernel, threads)
            let kept = withScratch(bytes) { ol_fused_run(&kernel, &slots, $0, threads) }
            #expect(kept, "wrote past the end of scratch")
          }
        }
      }
    }
    return zip(slots, memory).map { slot, values in
      let pointer = slot!.assumingMemoryBound(to: T.self)
      defer { pointer.deallocate() }
      return Array(UnsafeBufferPointer(start: pointer, count: values.count))
    }
  }
}

/// An instruction; operands it does not have are given a register that does not exist.
func fused(
  _ op: ol_op, _ width: ol_width, _ dst: Int32, _ a: Int32 = -1, _ b: Int32 = -1, _ c: Int32 = -1,
  value: Double = 0
) -> ol_instr {
  ol_instr(
    op: UInt16(op.rawValue), width: UInt16(width.rawValue), dst: dst, a: a, b: b, c: c,
    value: value)
}

/// The largest error in units of the last place of the wanted result.
func worstUlps<T: KernelScalar>(_ got: [T], _ want: [Double]) -> Double {
  var worst = 0.0
  for (g, w) in zip(got, want) {
    let rounded = T(w)
    if rounded.isNaN && g.isNaN || rounded == g { continue }
    let ulp = max(rounded.ulp, T.leastNormalMagnitude.ulp)
    let error = abs(Double(g) - w) / Double(ulp)
    worst = error <= worst ? worst : error.isNaN ? .infinity : error
  }
  return worst
}

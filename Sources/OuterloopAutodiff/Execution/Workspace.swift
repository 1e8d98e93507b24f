internal import COuterloopKernels
package import OuterloopNumerics

/// Memory for running a program: the table of slots, the arena of temporaries and scratch. One run
/// at a time; estimators keep one and bind their buffers step by step.
///
/// `@unchecked Sendable`: its owner is its only user; it may move between threads but is never
/// shared.
package final class Workspace: @unchecked Sendable {
  package unowned let program: Program
  /// Keeps the program alive; not in the program's own pool, which would be a cycle.
  private let kept: Program?
  private let slots: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private let arena: Storage
  private let scratch: Storage
  private let secondScratch: Storage
  private let threads: Int32
  private let inputCount: Int
  private let instructions: UnsafeBufferPointer<Instruction>
  private let matrices: BLAS?

  /// - Parameter isPooled: whether the program keeps this workspace, rather than the other way round.
  /// - Throws: `TensorError` where the temporaries do not fit into memory.
  package init(_ program: Program, isPooled: Bool = false) throws(TensorError) {
    self.program = program
    kept = isPooled ? nil : program
    let plan = program.plan
    inputCount = plan.inputCount
    instructions = program.code
    threads = Int32(ThreadBudget.threads)
    matrices = try? BLAS.load()
    arena = try Storage.checked(byteCount: plan.arenaBytes, for: "a program's temporaries")
    scratch = try Storage.checked(
      byteCount: Self.scratchBytes(program, threads), for: "a program's scratch")
    secondScratch = try Storage.checked(
      byteCount: Self.secondScratchBytes(program), for: "a program's scratch")
    slots = .allocate(capacity: plan.slotCount + 2)
    slots.initialize(repeating: nil, count: plan.slotCount + 2)
    for (index, constant) in plan.constants.enumerated() {
      if case .values(let storage) = constant.content {
        slots[plan.constantBase + index] = storage.pointer
      }
    }
    for (index, offset) in plan.offsets.enumerated() {
      slots[plan.temporaryBase + index] = arena.pointer + offset
    }
    slots[plan.slotCount] = scratch.pointer
    slots[plan.slotCount + 1] = secondScratch.pointer
  }

  deinit { slots.deallocate() }

  /// Bytes this workspace holds besides the caller's buffers.
  package var byteCount: Int { arena.byteCount + scratch.byteCount + secondScratch.byteCount }

  package func bind(input index: Int, to pointer: UnsafeMutableRawPointer) {
    slots[index] = pointer
  }

  package func bind(output index: Int, to pointer: UnsafeMutableRawPointer) {
    slots[inputCount + index] = pointer
  }

  /// Runs the program once on the bound buffers.
  /// - Throws: `TensorError` for an index that is out of range.
  package func run() throws {
    for index in 0..<instructions.count { try execute(instructions[index]) }
  }

  /// Runs the program `count` times, moving inputs and outputs by the given bytes after each run:
  /// the steps of a small system in one call. Only for a program that is a single small fused pass.
  /// - Returns: false, having done nothing, for any other program.
  package func run(
    count: Int, inputStrides: [Int], outputStrides: [Int]
  ) -> Bool {
    guard instructions.count == 1, case .fused(let kernel) = instructions[0] else { return false }
    var strides = [Int64](repeating: 0, count: program.plan.slotCount + 1)
    for (index, stride) in inputStrides.enumerated() { strides[index] = Int64(stride) }
    for (index, stride) in outputStrides.enumerated() {
      strides[inputCount + index] = Int64(stride)
    }
    guard ol_fused_can_repeat(kernel, strides) != 0 else { return false }
    ol_fused_repeat(kernel, slots, strides, Int64(count), scratch.pointer)
    return true
  }

  private func pointer(_ slot: Int32) -> UnsafeMutableRawPointer {
    slots[Int(slot)].unsafelyUnwrapped
  }

  private func execute(_ instruction: Instruction) throws {
    switch instruction {
    case .fused(let kernel): ol_fused_run(kernel, slots, scratch.pointer, threads)
    case .product(let product, let a, let b, let to):
      ol_product_run(product, pointer(a), pointer(b), pointer(to), scratch.pointer, threads)
    case .copy(let view, let bytes, let from, let to):
      if pointer(from) != pointer(to) { ol_copy(bytes, view, pointer(from), pointer(to), threads) }
    case .fill(let dtype, let value, let count, let to):
      ol_fill(dtype, value, count, pointer(to), threads)
    case .cast(let source, let target, let count, let from, let to):
      ol_cast(source, target, count, pointer(from), pointer(to), threads)
    case .iota(let dtype, let total, let count, let inner, let to):
      ol_iota(dtype, total, count, inner, pointer(to))
    case .reduce(let dtype, let kind, let sizes, let from, let to):
      ol_reduce(
        dtype, kind, sizes.pointee.first, sizes.pointee.second, sizes.pointee.third,
        pointer(from), pointer(to), threads)
    case .argmax(let dtype, let sizes, let from, let to):
      ol_argmax(
        dtype, sizes.pointee.first, sizes.pointee.second, sizes.pointee.third, pointer(from),
        pointer(to).assumingMemoryBound(to: Int32.self), threads)
    case .gather(let bytes, let sizes, let from, let index, let to):
      let status = ol_gather_rows(
        bytes, sizes.pointee.first, sizes.pointee.second,
        pointer(index).assumingMemoryBound(to: Int32.self), sizes.pointee.third, pointer(from),
        pointer(to), threads)
      if status != 0 { throw outOfRange(index, sizes.pointee.third, sizes.pointee.first, "gather") }
    case .scatterAdd(let dtype, let sizes, let from, let index, let to):
      let status = ol_scatter_add_rows(
        dtype, sizes.pointee.first, sizes.pointee.second,
        pointer(index).assumingMemoryBound(to: Int32.self), sizes.pointee.third, pointer(from),
        pointer(to), threads)
      if status != 0 {
        throw outOfRange(index, sizes.pointee.third, sizes.pointee.first, "scatterAdd")
      }
    case .oneHot(let dtype, let count, let depth, let index, let to):
      let status = ol_one_hot(
        dtype, pointer(index).assumingMemoryBound(to: Int32.self), count, depth, pointer(to))
      if status != 0 { throw outOfRange(index, count, depth, "oneHot") }
    case .random(let kind, let dtype, let count, let key, let to):
      ol_random(
        kind, dtype, pointer(key).assumingMemoryBound(to: UInt32.self), count, pointer(to),
        threads)
    case .convolution(let map, let shape, let a, let b, let to):
      switch map {
      case .forward:
        ol_convolution_forward(
          shape, pointer(a), pointer(b), pointer(to), scratch.pointer, threads)
      case .input:
        ol_convolution_input(shape, pointer(a), pointer(b), pointer(to), scratch.pointer, threads)
      case .filter:
        ol_convolution_filter(shape, pointer(a), pointer(b), pointer(to), scratch.pointer, threads)
      }
    case .windows(let shape, let from, let to):
      ol_windows(shape, pointer(from), pointer(to), threads)
    case .windowsTranspose(let shape, let from, let to):
      ol_windows_transpose(shape, pointer(from), pointer(to), threads)
    case .poolArgMax(let shape, let from, let to):
      ol_pool_argmax(
        shape, pointer(from), pointer(to).assumingMemoryBound(to: Int32.self), threads)
    case .poolSelect(let shape, let from, let index, let to):
      ol_pool_select(
        shape, pointer(from), pointer(index).assumingMemoryBound(to: Int32.self), pointer(to),
        threads)
    case .poolSpread(let shape, let from, let index, let to):
      ol_pool_spread(
        shape, pointer(from), pointer(index).assumingMemoryBound(to: Int32.self), pointer(to),
        threads)
    case .cholesky(let dtype, let order, let batch, let from, let to):
      guard let matrices else { throw BLASError.missing }
      matrices.factor(dtype, Int(order), Int(batch), pointer(from), pointer(to))
    case .triangularSolve(let dtype, let transposed, let sizes, let matrix, let from, let to):
      guard let matrices else { throw BLASError.missing }
      matrices.solve(
        dtype, transposed, sizes.pointee, pointer(matrix), pointer(from), pointer(to))
    }
  }

  private func outOfRange(_ index: Int32, _ count: Int64, _ bound: Int64, _ name: String)
    -> TensorError
  {
    let values = UnsafeBufferPointer(
      start: pointer(index).assumingMemoryBound(to: Int32.self), count: Int(count))
    let position = values.firstIndex { $0 < 0 || Int64($0) >= bound } ?? 0
    let value = position < values.count ? values[position] : 0
    return TensorError(
      "\(name): index \(value) at position \(position) is outside 0..<\(bound)")
  }

  // MARK: - Scratch

  private static func scratchBytes(_ program: Program, _ threads: Int32) -> Int {
    var bytes = 64
    for instruction in program.code {
      switch instruction {
      case .fused(let kernel): bytes = Swift.max(bytes, ol_fused_scratch_bytes(kernel, threads))
      case .product(let product, _, _, _):
        bytes = Swift.max(bytes, ol_product_scratch_bytes(product, threads))
      case .convolution(_, let shape, _, _, _):
        bytes = Swift.max(bytes, ol_convolution_scratch_bytes(shape, threads))
      case .reduce(let dtype, _, let sizes, _, _):
        // A reduction in several runs keeps its intermediate results in scratch.
        bytes = Swift.max(bytes, resultBytes(dtype, sizes.pointee))
      default: break
      }
    }
    return bytes
  }

  /// Reductions in three or more runs need room for a second intermediate result.
  private static func secondScratchBytes(_ program: Program) -> Int {
    let slot = Int32(program.plan.slotCount + 1)
    var bytes = 0
    for case .reduce(let dtype, _, let sizes, _, slot) in program.code {
      bytes = Swift.max(bytes, resultBytes(dtype, sizes.pointee))
    }
    return bytes
  }

  private static func resultBytes(_ dtype: ol_dtype, _ sizes: Instruction.Extents) -> Int {
    Int(sizes.first * sizes.third) * (dtype == OL_F64 ? 8 : 4)
  }
}

internal import COuterloopKernels
internal import OuterloopNumerics

/// Turns the scheduled units into instructions on slots.
struct Lowering {
  let schedule: Schedule
  let plan: MemoryPlan
  let memory: DescriptorMemory
  private(set) var instructions: [Instruction] = []

  private var graph: Graph { schedule.graph }

  init(_ schedule: Schedule, _ plan: MemoryPlan, _ memory: DescriptorMemory) throws(TensorError) {
    self.schedule = schedule
    self.plan = plan
    self.memory = memory
    for unit in schedule.units {
      switch unit {
      case .group(let group):
        var builder = FusedKernelBuilder(
          fusion: schedule.fusion, group: schedule.fusion.groups[group],
          slot: { plan.slotOf[$0] })
        instructions.append(.fused(memory.store(builder.build(in: memory))))
      case .node(let node): try lower(node)
      }
    }
    for (node, place) in plan.staged.sorted(by: { $0.value < $1.value }) {
      try copy(graph.nodes[node].type, from: try slot(node), to: place) { _ in }
    }
    for (node, output) in plan.finalCopies {
      let type = graph.nodes[node].type
      try copy(type, from: try source(node), to: Int32(plan.inputCount + output)) { _ in }
    }
  }

  private func source(_ node: Int) throws(TensorError) -> Int32 {
    if let staged = plan.staged[node] { return staged }
    return try slot(node)
  }

  private func slot(_ node: Int) throws(TensorError) -> Int32 {
    guard let slot = plan.slotOf[schedule.fusion.root(node)] else {
      throw TensorError("no memory was planned for %\(node)\n\(graph)")
    }
    return slot
  }

  private mutating func lower(_ node: Int) throws(TensorError) {
    let type = graph.nodes[node].type
    let operands = graph.nodes[node].operands
    let to = try slot(node)
    func operand(_ index: Int) throws(TensorError) -> Int32 { try slot(operands[index]) }
    func operandType(_ index: Int) -> TensorType { graph.nodes[operands[index]].type }
    let dtype = type.dtype.kernel
    switch graph.nodes[node].operation {
    case .cast:
      instructions.append(
        .cast(
          operandType(0).dtype.kernel, dtype, count: Int64(type.count), from: try operand(0),
          to: to))
    case .broadcast(let broadcast):
      let strides = operandType(0).strides
      try copy(type, from: try operand(0), to: to) { view in
        for axis in 0..<type.rank { view.source[axis] = 0 }
        for (index, axis) in broadcast.axes.enumerated() { view.source[axis] = strides[index] }
      }
    case .transpose(let transpose):
      let strides = operandType(0).strides
      try copy(type, from: try operand(0), to: to) { view in
        view.source = transpose.permutation.map { strides[$0] }
      }
    case .slice(let slice):
      let strides = operandType(0).strides
      try copy(type, from: try operand(0), to: to) { view in
        view.source = zip(strides, slice.stride).map { $0 * $1 }
        view.sourceOffset = zip(strides, slice.start).reduce(0) { $0 + $1.0 * $1.1 }
      }
    case .reverse(let reverse):
      let strides = operandType(0).strides
      try copy(type, from: try operand(0), to: to) { view in
        for axis in reverse.axes {
          view.source[axis] = -strides[axis]
          view.sourceOffset += strides[axis] * Swift.max(type.shape[axis] - 1, 0)
        }
      }
    case .pad(let pad):
      let strides = type.strides
      instructions.append(.fill(dtype, value: 0, count: Int64(type.count), to: to))
      try copy(operandType(0), from: try operand(0), to: to) { view in
        view.target = zip(strides, pad.interior).map { $0 * ($1 + 1) }
        view.targetOffset = zip(strides, pad.low).reduce(0) { $0 + $1.0 * $1.1 }
      }
    case .concatenate(let concatenate):
      var offset = 0
      for index in operands.indices {
        let part = operandType(index)
        try copy(part, from: try operand(index), to: to) { view in
          view.target = type.strides
          view.targetOffset = offset * type.strides[concatenate.axis]
        }
        offset += part.shape[concatenate.axis]
      }
    case .sum(let sum): reduce(node, sum.axes, OL_REDUCE_SUM, from: try operand(0), to: to)
    case .max(let max): reduce(node, max.axes, OL_REDUCE_MAX, from: try operand(0), to: to)
    case .argmax(let argmax):
      let extents = extents(operandType(0).shape, argmax.axis..<(argmax.axis + 1))
      instructions.append(
        .argmax(operandType(0).dtype.kernel, memory.store(extents), from: try operand(0), to: to))
    case .product(let product):
      var descriptor = try descriptor(product, operandType(0), operandType(1), type)
      if product.accumulates {
        descriptor.beta = 1
        // Skipped at run time where the plan could compute the third operand in place.
        try copy(type, from: try operand(2), to: to) { _ in }
      }
      instructions.append(
        .product(memory.store(descriptor), a: try operand(0), b: try operand(1), to: to))
    case .gather:
      let x = operandType(0)
      let extents = Instruction.Extents(
        first: Int64(x.shape[0]), second: Int64(x.shape.dropFirst().reduce(1, *)),
        third: Int64(operandType(1).count))
      instructions.append(
        .gather(
          elementBytes: Int32(x.dtype.byteCount), memory.store(extents), from: try operand(0),
          index: try operand(1), to: to))
    case .scatterAdd(let scatter):
      let extents = Instruction.Extents(
        first: Int64(scatter.rows), second: Int64(type.shape.dropFirst().reduce(1, *)),
        third: Int64(operandType(1).count))
      instructions.append(
        .scatterAdd(
          dtype, memory.store(extents), from: try operand(0), index: try operand(1), to: to))
    case .oneHot(let oneHot):
      instructions.append(
        .oneHot(
          dtype, count: Int64(operandType(0).count), depth: Int64(oneHot.depth),
          index: try operand(0), to: to))
    case .iota(let iota):
      let inner = type.shape[(iota.axis + 1)...].reduce(1, *)
      instructions.append(
        .iota(
          dtype, total: Int64(type.count), count: Int64(type.shape[iota.axis]),
          inner: Int64(inner), to: to))
    case .random(let random):
      instructions.append(
        .random(
          random.distribution == .uniform ? OL_RANDOM_UNIFORM : OL_RANDOM_NORMAL, dtype,
          count: Int64(type.count), key: try operand(0), to: to))
    case .convolution(let convolution):
      let (x, filter) = (operandType(0), operandType(1))
      let shape = convolution.geometry.descriptor(x.shape, filter.shape, type.shape, type.dtype)
      instructions.append(
        .convolution(.forward, memory.store(shape), try operand(0), try operand(1), to: to))
    case .convolutionInput(let convolution):
      let (g, filter) = (operandType(0), operandType(1))
      let shape = convolution.geometry.descriptor(type.shape, filter.shape, g.shape, type.dtype)
      instructions.append(
        .convolution(.input, memory.store(shape), try operand(0), try operand(1), to: to))
    case .convolutionFilter(let convolution):
      let (x, g) = (operandType(0), operandType(1))
      let shape = convolution.geometry.descriptor(x.shape, type.shape, g.shape, type.dtype)
      instructions.append(
        .convolution(.filter, memory.store(shape), try operand(0), try operand(1), to: to))
    case .windows(let windows):
      let x = operandType(0)
      let shape = windows.descriptor(x.shape, type.shape, type.dtype)
      instructions.append(.windows(memory.store(shape), from: try operand(0), to: to))
    case .windowsTranspose(let transpose):
      let g = operandType(0)
      let shape = transpose.windows.descriptor(type.shape, g.shape, type.dtype)
      instructions.append(.windowsTranspose(memory.store(shape), from: try operand(0), to: to))
    case .poolArgMax(let pool):
      let x = operandType(0)
      let shape = pool.windows.descriptor(x.shape, type.shape, x.dtype)
      instructions.append(.poolArgMax(memory.store(shape), from: try operand(0), to: to))
    case .poolSelect(let pool):
      let shape = pool.windows.descriptor(operandType(0).shape, type.shape, type.dtype)
      instructions.append(
        .poolSelect(memory.store(shape), from: try operand(0), index: try operand(1), to: to))
    case .poolSpread(let pool):
      let shape = pool.windows.descriptor(type.shape, operandType(0).shape, type.dtype)
      instructions.append(
        .poolSpread(memory.store(shape), from: try operand(0), index: try operand(1), to: to))
    case .cholesky:
      try requireCountable(type)
      let order = type.shape[type.rank - 1]
      let batch = type.shape.dropLast(2).reduce(1, *)
      instructions.append(
        .cholesky(
          type.dtype, order: Int64(order), batch: Int64(batch), from: try operand(0), to: to))
    case .triangularSolve(let solve):
      try requireCountable(type)
      let extents = Instruction.Extents(
        first: Int64(type.shape.dropLast(2).reduce(1, *)), second: Int64(type.shape[type.rank - 2]),
        third: Int64(type.shape[type.rank - 1]))
      instructions.append(
        .triangularSolve(
          type.dtype, transposed: solve.transposed, memory.store(extents),
          matrix: try operand(0), from: try operand(1), to: to))
    case .input, .constant, .fill, .reshape, .unary, .binary, .select, .stopGradient, .alias:
      throw TensorError("%\(node) cannot be an instruction\n\(graph)")
    }
  }

  // MARK: - Copies

  /// A strided copy in terms of the copied elements' shape; both sides contiguous at first.
  private struct View {
    var source, target: [Int]
    var sourceOffset = 0
    var targetOffset = 0
  }

  private mutating func copy(
    _ type: TensorType, from: Int32, to: Int32, _ adjust: (inout View) -> Void
  ) throws(TensorError) {
    var view = View(source: type.strides, target: type.strides)
    adjust(&view)
    // Neighbouring axes that are contiguous on both sides are merged.
    var shape: [Int] = []
    var source: [Int] = []
    var target: [Int] = []
    for axis in 0..<type.rank where type.shape[axis] != 1 {
      let length = type.shape[axis]
      if let last = shape.indices.last, source[last] == view.source[axis] * length,
        target[last] == view.target[axis] * length
      {
        shape[last] *= length
        source[last] = view.source[axis]
        target[last] = view.target[axis]
      } else {
        shape.append(length)
        source.append(view.source[axis])
        target.append(view.target[axis])
      }
    }
    guard shape.count <= Int(OL_MAX_RANK) else {
      throw TensorError(
        "\(type) is moved along \(shape.count) axes at once",
        remedy: "\(OL_MAX_RANK) are the most: reshape it so that neighbouring axes are one")
    }
    var descriptor = ol_view()
    descriptor.rank = Int32(shape.count)
    descriptor.src_offset = Int64(view.sourceOffset)
    descriptor.dst_offset = Int64(view.targetOffset)
    withUnsafeMutableBytes(of: &descriptor.shape) { copyInts(shape, $0) }
    withUnsafeMutableBytes(of: &descriptor.src_stride) { copyInts(source, $0) }
    withUnsafeMutableBytes(of: &descriptor.dst_stride) { copyInts(target, $0) }
    instructions.append(
      .copy(
        memory.store(descriptor), elementBytes: Int32(type.dtype.byteCount), from: from, to: to))
  }

  private func copyInts(_ values: [Int], _ bytes: UnsafeMutableRawBufferPointer) {
    let target = bytes.bindMemory(to: Int64.self)
    for (index, value) in values.enumerated() where index < target.count {
      target[index] = Int64(value)
    }
  }

  // MARK: - Reductions and products

  private func extents(_ shape: [Int], _ middle: Range<Int>) -> Instruction.Extents {
    Instruction.Extents(
      first: Int64(shape[..<middle.lowerBound].reduce(1, *)),
      second: Int64(shape[middle].reduce(1, *)),
      third: Int64(shape[middle.upperBound...].reduce(1, *)))
  }

  /// Axes that are not neighbours are reduced run by run, the last run first.
  private mutating func reduce(
    _ node: Int, _ axes: [Int], _ kind: ol_reduction, from: Int32, to: Int32
  ) {
    let type = graph.nodes[graph.nodes[node].operands[0]].type
    let real = axes.filter { type.shape[$0] != 1 }
    var runs: [Range<Int>] = []
    for axis in real {
      if let last = runs.last, (last.upperBound..<axis).allSatisfy({ type.shape[$0] == 1 }) {
        runs[runs.count - 1] = last.lowerBound..<(axis + 1)
      } else {
        runs.append(axis..<(axis + 1))
      }
    }
    if runs.isEmpty { runs = [0..<0] }
    var shape = type.shape
    var source = from
    while let run = runs.popLast() {
      // Intermediate results alternate between the last two slots, see Workspace.
      let scratch = Int32(plan.slotCount)
      let target = runs.isEmpty ? to : source == scratch ? scratch + 1 : scratch
      let sizes = extents(shape, run)
      instructions.append(
        .reduce(type.dtype.kernel, kind, memory.store(sizes), from: source, to: target))
      shape.removeSubrange(run)
      source = target
    }
  }

  /// The linear algebra library counts rows and columns in 32 bits.
  private func requireCountable(_ type: TensorType) throws(TensorError) {
    guard type.shape.suffix(2).allSatisfy({ $0 <= Int32.max }) else {
      throw TensorError(
        "linear algebra with \(type)", remedy: "at most 2^31 - 1 rows and columns are possible")
    }
  }

  private func descriptor(
    _ product: MatrixProduct, _ a: TensorType, _ b: TensorType, _ c: TensorType
  ) throws(TensorError) -> ol_product {
    for type in [a, b, c] { try requireCountable(type) }
    let m = c.shape[c.rank - 2]
    let n = c.shape[c.rank - 1]
    let k = product.transposeA ? a.shape[a.rank - 2] : a.shape[a.rank - 1]
    let lda = a.shape[a.rank - 1]
    let ldb = b.shape[b.rank - 1]
    return ol_product(
      dtype: Int32(c.dtype.kernel.rawValue), trans_a: product.transposeA ? 1 : 0,
      trans_b: product.transposeB ? 1 : 0, batch: Int64(c.shape.dropLast(2).reduce(1, *)),
      m: Int64(m), n: Int64(n), k: Int64(k), lda: Int64(lda), ldb: Int64(ldb), ldc: Int64(n),
      stride_a: Int64(m * k), stride_b: Int64(k * n), stride_c: Int64(m * n), alpha: 1, beta: 0)
  }
}

extension Windows {
  func descriptor(_ x: [Int], _ windows: [Int], _ dtype: DType) -> ol_convolution {
    geometry.descriptor(
      x, [kernel[0], kernel[1], x[3], 1], [x[0], windows[1], windows[2], 1], dtype)
  }
}

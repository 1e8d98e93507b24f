internal import COuterloopKernels
internal import OuterloopNumerics

/// Writes the straight-line program of one fused pass: registers, prologue, body, epilogue.
struct FusedKernelBuilder {
  let fusion: Fusion
  let group: FusionGroup
  /// Slot of a node that lives in memory; nil for a member used only inside.
  let slot: (Int) -> Int32?

  private var registers: [ol_register] = []
  private var prologue: [ol_instr] = []
  private var body: [ol_instr] = []
  private var epilogue: [ol_instr] = []
  /// Register of each (node, read width); numbers are keyed by their bit patterns.
  private var byNode: [Key: Int32] = [:]
  private var byNumber: [NumberKey: Int32] = [:]

  private struct Key: Hashable {
    var node: Int
    var width: Pattern.Width
    /// The width it was widened from, if it was.
    var from: Pattern.Width?
  }
  private struct NumberKey: Hashable {
    var bits: UInt64
    var width: Pattern.Width
  }

  init(fusion: Fusion, group: FusionGroup, slot: @escaping (Int) -> Int32?) {
    self.fusion = fusion
    self.group = group
    self.slot = slot
  }

  /// The finished kernel, with its arrays in `memory`.
  mutating func build(in memory: DescriptorMemory) -> ol_fused {
    let folded = fusedMultiplies()
    for (node, width) in group.members where !folded.contains(node) { emit(node, width, folded) }
    shareScratch()
    let dtype = fusion.graph.nodes[group.members[0].node].operandType(in: fusion.graph)
    let split = group.split ?? (rows: group.count, columns: 1)
    return ol_fused(
      dtype: Int32(dtype.kernel.rawValue), register_count: Int32(registers.count),
      rows: Int64(split.rows), cols: Int64(split.columns), registers: memory.store(registers),
      prologue: memory.store(prologue), body: memory.store(body),
      epilogue: memory.store(epilogue), prologue_count: Int32(prologue.count),
      body_count: Int32(body.count), epilogue_count: Int32(epilogue.count))
  }

  // MARK: - Instructions

  private mutating func emit(_ node: Int, _ width: Pattern.Width, _ folded: Set<Int>) {
    let graph = fusion.graph
    let operands = graph.nodes[node].operands
    let late = group.late.contains(node)
    switch graph.nodes[node].operation {
    case .sum, .max:
      let isSum = if case .sum = graph.nodes[node].operation { true } else { false }
      let source: Pattern.Width =
        if case .value(let inside) = fusion.access(operands[0], for: node),
          group.width(of: inside) == .row
        { .row } else { .full }
      let a = read(operands[0], as: source, by: node)
      let operation: ol_op =
        switch width {
        case .row: isSum ? OL_ROW_SUM : OL_ROW_MAX
        case .column: isSum ? OL_COL_SUM : OL_COL_MAX
        default: isSum ? OL_ALL_SUM : OL_ALL_MAX
        }
      let result = define(node, width)
      let instructionWidth = width == .row ? width : source
      body.append(instruction(operation, instructionWidth, result, a))
    case .unary(let function):
      let a = read(operands[0], as: width, by: node)
      append(instruction(function.kernel, width, define(node, width), a), width, late)
    case .binary(let function):
      if let (operation, a, b, c) = multiplyAdd(node, folded) {
        let (ra, rb) = (read(a.0, as: width, by: a.1), read(b.0, as: width, by: b.1))
        let rc = read(c, as: width, by: node)
        append(instruction(operation, width, define(node, width), ra, rb, rc), width, late)
        return
      }
      let a = read(operands[0], as: width, by: node)
      let b = read(operands[1], as: width, by: node)
      append(instruction(function.kernel, width, define(node, width), a, b), width, late)
    case .select:
      let a = read(operands[0], as: width, by: node)
      let b = read(operands[1], as: width, by: node)
      let c = read(operands[2], as: width, by: node)
      append(instruction(OL_SELECT, width, define(node, width), a, b, c), width, late)
    default: break
    }
  }

  private mutating func append(_ instruction: ol_instr, _ width: Pattern.Width, _ late: Bool) {
    if late {
      epilogue.append(instruction)
    } else if width == .one || width == .column {
      prologue.append(instruction)
    } else {
      body.append(instruction)
    }
  }

  private func instruction(
    _ operation: ol_op, _ width: Pattern.Width, _ dst: Int32, _ a: Int32 = 0, _ b: Int32 = 0,
    _ c: Int32 = 0
  ) -> ol_instr {
    ol_instr(
      op: UInt16(operation.rawValue), width: UInt16(width.rawValue), dst: dst, a: a, b: b, c: c,
      value: 0)
  }

  // MARK: - a * b + c in one instruction

  /// Products with one reader inside the group that adds or subtracts them.
  private func fusedMultiplies() -> Set<Int> {
    let graph = fusion.graph
    var readers: [Int: [Int]] = [:]
    for (node, _) in group.members {
      for operand in graph.nodes[node].operands {
        if case .value(let source) = fusion.access(operand, for: node) {
          readers[source, default: []].append(node)
        } else if case .repeated(let source, _) = fusion.access(operand, for: node) {
          readers[source, default: []].append(node)
        }
      }
    }
    var result = Set<Int>()
    for (node, width) in group.members {
      guard case .binary(.multiply) = graph.nodes[node].operation, slot(node) == nil,
        let only = readers[node], only.count == 1, group.width(of: only[0]) == width,
        case .binary(let reader) = graph.nodes[only[0]].operation
      else { continue }
      // One folded product per reader.
      let others = graph.nodes[only[0]].operands.map { operand in
        if case .value(let source) = fusion.access(operand, for: only[0]) { source } else { -1 }
      }
      if reader == .add, others.filter({ result.contains($0) }).isEmpty { result.insert(node) }
      if reader == .subtract, others[1] == node, others[0] != node { result.insert(node) }
    }
    return result
  }

  /// The operands of a fused multiply-add for a node one of whose operands was folded.
  private func multiplyAdd(
    _ node: Int, _ folded: Set<Int>
  ) -> (ol_op, (Int, Int), (Int, Int), Int)? {
    let operands = fusion.graph.nodes[node].operands
    for side in 0..<2 {
      // A broadcast of a single number is the number itself.
      guard case .value(let product) = fusion.access(operands[side], for: node),
        folded.contains(product), case .binary(let reader) = fusion.graph.nodes[node].operation,
        reader == .add || (reader == .subtract && side == 1)
      else { continue }
      let factors = fusion.graph.nodes[product].operands
      return (
        reader == .add ? OL_FMA : OL_FNMA, (factors[0], product), (factors[1], product),
        operands[1 - side]
      )
    }
    return nil
  }

  // MARK: - Registers

  private mutating func register(_ width: Pattern.Width, slot: Int32 = -1) -> Int32 {
    registers.append(ol_register(slot: slot, width: Int32(width.rawValue)))
    return Int32(registers.count - 1)
  }

  private mutating func define(_ node: Int, _ width: Pattern.Width) -> Int32 {
    let result = register(width, slot: slot(node) ?? -1)
    byNode[Key(node: node, width: width)] = result
    return result
  }

  /// The register that holds an operand at a width, widening it if needed.
  private mutating func read(_ operand: Int, as width: Pattern.Width, by reader: Int) -> Int32 {
    switch fusion.access(operand, for: reader) {
    case .number(let value): return number(value, width)
    case .value(let source): return load(source, width)
    case .repeated(let source, let pattern):
      // For a late reader a repeated number is widened in the epilogue.
      let isLate = group.late.contains(reader) && !fusion.isReduction(reader)
      let key = Key(node: source, width: width, from: pattern.width)
      if let known = byNode[key], !isLate { return known }
      let narrow = load(source, pattern.width)
      if pattern.width == width { return narrow }
      let wide = register(width)
      let operation: ol_op =
        switch pattern.width {
        case .one: OL_FROM_ONE
        case .row: OL_FROM_ROW
        default: OL_FROM_COL
        }
      let widening = instruction(operation, width, wide, narrow)
      if isLate {
        epilogue.append(widening)
      } else if pattern.width == .row {
        body.append(widening)
      } else {
        prologue.append(widening)
      }
      if !isLate { byNode[key] = wide }
      return wide
    }
  }

  private mutating func load(_ source: Int, _ width: Pattern.Width) -> Int32 {
    let key = Key(node: source, width: width)
    if let known = byNode[key] { return known }
    let result = register(width, slot: slot(source) ?? -1)
    byNode[key] = result
    return result
  }

  private mutating func number(_ value: Double, _ width: Pattern.Width) -> Int32 {
    if let known = byNumber[NumberKey(bits: value.bitPattern, width: width)] { return known }
    let one: Int32
    if let known = byNumber[NumberKey(bits: value.bitPattern, width: .one)] {
      one = known
    } else {
      one = register(.one)
      var constant = instruction(OL_CONST, .one, one)
      constant.value = value
      prologue.append(constant)
      byNumber[NumberKey(bits: value.bitPattern, width: .one)] = one
    }
    guard width != .one else { return one }
    let wide = register(width)
    prologue.append(instruction(OL_FROM_ONE, width, wide, one))
    byNumber[NumberKey(bits: value.bitPattern, width: width)] = wide
    return wide
  }

  /// Lets body values with disjoint lifetimes share scratch, so that a block stays in the cache.
  private mutating func shareScratch() {
    var fixed = Set<Int32>()
    for instruction in prologue { fixed.insert(instruction.dst) }
    for instruction in epilogue {
      fixed.formUnion([instruction.dst, instruction.a, instruction.b, instruction.c])
    }
    var last: [Int32: Int] = [:]
    for (index, instruction) in body.enumerated() {
      for operand in [instruction.a, instruction.b, instruction.c].prefix(instruction.arity) {
        last[operand] = index
      }
      if instruction.crossesBlocks { fixed.insert(instruction.dst) }
    }
    var place: [Int32: Int32] = [:]
    var free: [Int32: [Int32]] = [:]  // by width
    for index in body.indices {
      let old = body[index]
      func placed(_ register: Int32) -> Int32 { place[register] ?? register }
      body[index].a = placed(old.a)
      body[index].b = placed(old.b)
      body[index].c = placed(old.c)
      let isScratch = registers[Int(old.dst)].slot < 0 && !fixed.contains(old.dst)
      if isScratch, place[old.dst] == nil {
        let width = registers[Int(old.dst)].width
        place[old.dst] = free[width]?.popLast() ?? old.dst
      }
      body[index].dst = placed(old.dst)
      var released = Set<Int32>()
      for operand in [old.a, old.b, old.c].prefix(old.arity) {
        guard last[operand] == index, registers[Int(operand)].slot < 0, !fixed.contains(operand),
          let home = place[operand], released.insert(operand).inserted
        else { continue }
        free[registers[Int(operand)].width, default: []].append(home)
      }
    }
  }
}

extension ol_instr {
  var operation: ol_op { ol_op(rawValue: UInt32(op)) }
  var arity: Int {
    switch operation {
    case OL_CONST: 0
    case OL_SELECT, OL_FMA, OL_FNMA: 3
    case OL_ADD, OL_SUB, OL_MUL, OL_DIV, OL_POW, OL_MAX, OL_MIN, OL_ATAN2, OL_EQ, OL_NE, OL_LT,
      OL_LE, OL_GT, OL_GE:
      2
    default: 1
    }
  }
  /// Whether the result is complete only after the last block.
  var crossesBlocks: Bool {
    switch operation {
    case OL_COL_SUM, OL_COL_MAX, OL_ALL_SUM, OL_ALL_MAX: true
    default: false
    }
  }
}

extension Graph.Node {
  /// The element type a fused pass computes in.
  func operandType(in graph: Graph) -> DType {
    operands.first.map { graph.nodes[$0].type.dtype } ?? type.dtype
  }
}

extension Unary {
  var kernel: ol_op {
    switch self {
    case .negate: OL_NEG
    case .abs: OL_ABS
    case .sign: OL_SIGN
    case .exp: OL_EXP
    case .expm1: OL_EXPM1
    case .log: OL_LOG
    case .log1p: OL_LOG1P
    case .sqrt: OL_SQRT
    case .rsqrt: OL_RSQRT
    case .reciprocal: OL_RECIP
    case .square: OL_SQUARE
    case .sin: OL_SIN
    case .cos: OL_COS
    case .tan: OL_TAN
    case .tanh: OL_TANH
    case .sigmoid: OL_SIGMOID
    case .softplus: OL_SOFTPLUS
    case .erf: OL_ERF
    case .floor: OL_FLOOR
    case .ceil: OL_CEIL
    case .round: OL_ROUND
    }
  }
}

extension Binary {
  var kernel: ol_op {
    switch self {
    case .add: OL_ADD
    case .subtract: OL_SUB
    case .multiply: OL_MUL
    case .divide: OL_DIV
    case .power: OL_POW
    case .maximum: OL_MAX
    case .minimum: OL_MIN
    case .atan2: OL_ATAN2
    case .equal: OL_EQ
    case .notEqual: OL_NE
    case .less: OL_LT
    case .lessOrEqual: OL_LE
    case .greater: OL_GT
    case .greaterOrEqual: OL_GE
    }
  }
}

internal import OuterloopNumerics

/// Where every value of a program lives: the caller's inputs and outputs, constants, or the arena.
///
/// Slots are numbered inputs, outputs, constants, temporaries. Values with disjoint lifetimes share
/// memory, and a fused pass overwrites an operand that dies there when both are read and written
/// element by element.
struct MemoryPlan {
  private(set) var slotOf: [Int: Int32] = [:]
  /// Temporary slots: offset in the arena.
  private(set) var offsets: [Int] = []
  private(set) var arenaBytes = 0
  /// Constants created for fills that an operation needs in memory.
  private(set) var constants: [Tensor]
  /// Copies to do at the end: an output that is an input, a constant, or equal to another output.
  private(set) var finalCopies: [(node: Int, output: Int)] = []
  /// Inputs that swap places: copied to the arena before any output is written by a copy.
  private(set) var staged: [Int: Int32] = [:]
  let inputCount: Int
  let outputCount: Int

  var constantBase: Int { inputCount + outputCount }
  var temporaryBase: Int { constantBase + constants.count }
  var slotCount: Int { temporaryBase + offsets.count }

  /// - Parameter donated: for some outputs, the input whose memory the caller passes for both.
  /// - Throws: `TensorError` for numbers that do not fit into memory.
  init(_ schedule: Schedule, donated: [Int: Int]) throws {
    let graph = schedule.graph
    inputCount = graph.inputs.count
    outputCount = graph.outputs.count
    constants = graph.constants
    for (index, input) in graph.inputs.enumerated() { slotOf[input] = Int32(index) }
    var fills: [Int] = []
    var constantSlot: [Int: Int] = [:]
    for (index, node) in graph.nodes.enumerated() {
      if case .constant(let constant) = node.operation { constantSlot[index] = constant.number }
      if case .fill(let fill) = node.operation, schedule.lastUse[index] >= 0 {
        fills.append(index)
        constantSlot[index] = constants.count
        constants.append(try Tensor(type: node.type, content: .splat(fill.value)).materialized())
      }
    }
    for (node, constant) in constantSlot {
      slotOf[node] = Int32(inputCount + outputCount + constant)
    }

    // Outputs are computed in the caller's memory, where that is safe.
    for (number, output) in graph.outputs.enumerated() {
      let node = schedule.fusion.root(output)
      let isComputed = schedule.position[node] >= 0
      if isComputed, slotOf[node] == nil,
        Self.isSafe(output: node, donated: donated[number], schedule)
      {
        slotOf[node] = Int32(inputCount + number)
        if let addend = schedule.addend(of: node), slotOf[addend] == nil,
          Self.isSafe(output: addend, donated: donated[number], schedule)
        {
          slotOf[addend] = Int32(inputCount + number)
        }
      } else {
        finalCopies.append((node, number))
      }
    }
    try placeTemporaries(schedule)
    orderFinalCopies(schedule, donated)
  }

  /// An input is copied out before another copy writes to the memory it was donated with; inputs that
  /// swap places go through the arena.
  private mutating func orderFinalCopies(_ schedule: Schedule, _ donated: [Int: Int]) {
    var pending = finalCopies
    finalCopies = []
    while !pending.isEmpty {
      // A copy that overwrites nothing still needed by another.
      let next = pending.firstIndex { copy in
        guard let input = donated[copy.output] else { return true }
        let source = schedule.graph.inputs[input]
        return !pending.contains {
          $0.node == source && $0.output != copy.output && staged[source] == nil
        }
      }
      guard let next else {
        let source = schedule.graph.inputs[donated[pending[0].output] ?? 0]
        staged[source] = Int32(temporaryBase + offsets.count)
        offsets.append(arenaBytes)
        arenaBytes += Arena.aligned(schedule.graph.nodes[source].type.byteCount)
        continue
      }
      finalCopies.append(pending.remove(at: next))
    }
  }

  /// Whether a node may be written to the memory of a donated input: the input's other readers have
  /// run by then, and a fused pass that reads it does so element by element.
  private static func isSafe(output node: Int, donated input: Int?, _ schedule: Schedule) -> Bool {
    guard schedule.position[node] >= 0 else { return false }
    guard let input else { return true }
    let source = schedule.graph.inputs[input]
    let position = schedule.position[node]
    if schedule.lastUse[source] > position { return false }
    if schedule.lastUse[source] < position { return true }
    return schedule.mayOverwrite(source, with: node, at: position)
  }

  private mutating func placeTemporaries(_ schedule: Schedule) throws(TensorError) {
    let graph = schedule.graph
    var arena = Arena()
    var live: [Int: (offset: Int, bytes: Int)] = [:]
    for (position, unit) in schedule.units.enumerated() {
      var dying = schedule.reads(of: unit).filter {
        live[$0] != nil && schedule.lastUse[$0] == position
      }
      dying = Array(Set(dying)).sorted()
      for node in schedule.writes(of: unit) where slotOf[node] == nil {
        // A member that is not read outside its group needs no memory.
        guard schedule.lastUse[node] > position else { continue }
        let bytes = graph.nodes[node].type.byteCount
        let home: Int
        if let source = dying.first(where: {
          live[$0]?.bytes == bytes && schedule.mayOverwrite($0, with: node, at: position)
        }), let place = live[source] {
          home = place.offset
          live[source] = nil
          dying.removeAll { $0 == source }
        } else {
          home = arena.allocate(bytes)
          try Memory.require(
            arena.byteCount, for: "a program with a temporary \(graph.nodes[node].type)")
        }
        live[node] = (home, bytes)
        slotOf[node] = Int32(temporaryBase + offsets.count)
        offsets.append(home)
      }
      for node in dying {
        if let place = live.removeValue(forKey: node) { arena.release(place.offset, place.bytes) }
      }
    }
    arenaBytes = arena.byteCount
  }
}

extension Schedule {
  /// The addend of an accumulating product, if nothing else reads it: the product may be computed
  /// in place. The factors count as readers: in `x x + x` the product would overwrite what it
  /// multiplies.
  func addend(of node: Int) -> Int? {
    guard case .product(let product) = graph.nodes[node].operation, product.accumulates else {
      return nil
    }
    let operands = graph.nodes[node].operands.map(fusion.root)
    let source = operands[2]
    guard operands[0] != source, operands[1] != source else { return nil }
    return lastUse[source] == position[node] && position[source] >= 0 ? source : nil
  }

  /// Whether the unit at a position may write `node` over `source`, which it reads: a fused pass
  /// that reads the source once per element and writes the node once per element.
  func mayOverwrite(_ source: Int, with node: Int, at position: Int) -> Bool {
    if addend(of: node) == source { return lastUse[source] == position }
    guard case .group(let group) = units[position],
      graph.nodes[source].type.byteCount == graph.nodes[node].type.byteCount
    else { return false }
    let members = fusion.groups[group]
    guard let width = members.width(of: node), width == .full, !members.late.contains(node) else {
      return false
    }
    for (member, memberWidth) in members.members {
      for operand in graph.nodes[member].operands {
        switch fusion.access(operand, for: member) {
        case .number: break
        case .value(let read) where read == source:
          // Within a block, every read has to come before the write. A product may be folded into
          // the operation that adds it, and is then read there.
          guard member <= node else { return false }
          if member != node, case .binary(.multiply) = graph.nodes[member].operation,
            members.members.contains(where: { other in
              other.node > node && fusion.reads(other.node, member)
            })
          {
            return false
          }
          let isReduction =
            switch graph.nodes[member].operation {
            case .sum, .max: true
            default: false
            }
          if !isReduction && memberWidth != .full { return false }
        case .repeated(let read, _) where read == source: return false
        default: break
        }
      }
    }
    return true
  }
}

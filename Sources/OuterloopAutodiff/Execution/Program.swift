internal import COuterloopKernels
package import OuterloopNumerics
internal import Synchronization

/// A compiled graph: a flat list of instructions with all memory planned ahead.
///
/// Compiled once per set of shapes, then run any number of times, from any thread. A run allocates
/// nothing beyond its workspace, which is kept and reused.
package final class Program: @unchecked Sendable {
  // Sendable: immutable after init, except the pool of workspaces behind a mutex.
  package let graph: Graph
  package let inputTypes, outputTypes: [TensorType]
  let schedule: Schedule
  let plan: MemoryPlan
  /// The instructions, in memory that lives as long as the program.
  let code: UnsafeBufferPointer<Instruction>
  private let memory = DescriptorMemory()
  private let idle = Mutex<[Workspace]>([])

  /// Plans a graph.
  /// - Parameter donated: for some outputs (by number), the input whose memory the caller will pass
  ///   for both; it is then updated in place where that is safe, and through a copy otherwise.
  /// - Parameter leastAccumulated: elements from which on a product may add to its result in place.
  /// - Throws: `BLASError` if the graph multiplies matrices and no library is installed.
  /// - Complexity: O(nodes^2) in the worst case, milliseconds for a training step.
  package init(
    _ graph: Graph, donated: [Int: Int] = [:], leastAccumulated: Int = 16_384
  ) throws {
    let graph = try graph.joiningPads().accumulatingProducts(least: leastAccumulated)
    self.graph = graph
    inputTypes = graph.inputs.map { graph.nodes[$0].type }
    outputTypes = graph.outputs.map { graph.nodes[$0].type }
    let schedule = Schedule(graph)
    self.schedule = schedule
    plan = try MemoryPlan(schedule, donated: donated)
    let instructions = try Lowering(schedule, plan, memory).instructions
    code = UnsafeBufferPointer(start: memory.store(instructions), count: instructions.count)
    if graph.nodes.contains(where: \.needsBLAS) { _ = try BLAS.load() }
  }

  /// Runs on values and returns new tensors.
  package func run(_ inputs: [Tensor]) throws -> [Tensor] {
    guard inputs.map(\.type) == inputTypes else {
      throw TensorError("a program for \(inputTypes) was run on \(inputs.map(\.type))")
    }
    let values = try inputs.map { try $0.materialized() }
    let outputs = try outputTypes.map {
      try Storage.checked(byteCount: $0.byteCount, for: "a result of \($0)")
    }
    let workspace = try idle.withLock { $0.popLast() } ?? Workspace(self, isPooled: true)
    for (index, value) in values.enumerated() {
      guard case .values(let storage) = value.content else {
        throw TensorError("input \(index) has no values")
      }
      workspace.bind(input: index, to: storage.pointer)
    }
    for (index, storage) in outputs.enumerated() {
      workspace.bind(output: index, to: storage.pointer)
    }
    try withExtendedLifetime((values, outputs)) { try workspace.run() }
    idle.withLock { $0.append(workspace) }
    return zip(outputTypes, outputs).map { Tensor(type: $0, content: .values($1)) }
  }
}

extension Graph.Node {
  fileprivate var needsBLAS: Bool {
    switch operation {
    case .product, .cholesky, .triangularSolve, .convolution, .convolutionInput, .convolutionFilter:
      true
    default: false
    }
  }
}

extension Program: CustomStringConvertible {
  /// The plan: one line per instruction, the contents of fused passes, and the memory.
  package var description: String {
    var lines: [String] = []
    for (position, unit) in schedule.units.enumerated() {
      switch unit {
      case .node(let node):
        let operands = graph.nodes[node].operands.map { place(schedule.fusion.root($0)) }
        lines.append(
          "\(position): \(place(node)) \(graph.nodes[node].type) = "
            + "\(graph.nodes[node].operation.primitive.label)(\(operands.joined(separator: ", ")))")
      case .group(let group):
        let members = schedule.fusion.groups[group]
        let split = members.split ?? (rows: members.count, columns: 1)
        lines.append("\(position): fused \(split.rows) x \(split.columns)")
        for (node, width) in members.members {
          let operands = graph.nodes[node].operands.map { place(schedule.fusion.root($0)) }
          lines.append(
            "     \(place(node)) \(width) = \(graph.nodes[node].operation.primitive.label)"
              + "(\(operands.joined(separator: ", ")))")
        }
      }
    }
    lines.append(
      "\(schedule.units.count) instructions, \(plan.arenaBytes) bytes of temporaries, "
        + "\(plan.finalCopies.count) copies to outputs")
    return lines.joined(separator: "\n")
  }

  /// A node and the slot it lives in: `%7@out1`, `%9@t3`; without a slot if it is never stored.
  private func place(_ node: Int) -> String {
    if case .fill(let fill) = graph.nodes[node].operation { return "\(fill.value)" }
    guard let slot = plan.slotOf[node] else { return "%\(node)" }
    let index = Int(slot)
    if index < plan.inputCount { return "%\(node)@in\(index)" }
    if index < plan.constantBase { return "%\(node)@out\(index - plan.inputCount)" }
    if index < plan.temporaryBase { return "%\(node)@const\(index - plan.constantBase)" }
    return "%\(node)@t\(index - plan.temporaryBase)"
  }
}

internal import COuterloopKernels
internal import OuterloopNumerics

extension Program: CustomStringConvertible {
  /// The plan: one line an instruction, fused passes with what they compute, and the memory.
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

  /// A node and the slot it lives in: `%7@out1`, `%9@t3`; bare if it never reaches memory.
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

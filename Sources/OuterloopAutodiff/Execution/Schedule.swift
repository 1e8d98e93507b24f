internal import OuterloopNumerics

/// The units of a program in the order they run: fused groups and single operations.
struct Schedule {
  enum Unit {
    case group(Int)
    case node(Int)
  }

  let graph: Graph
  let fusion: Fusion
  private(set) var units: [Unit] = []
  /// Position at which each node's value is complete; -1 for inputs, constants and virtual nodes.
  private(set) var position: [Int]
  /// Last position at which each node's memory is read; -1 if never.
  private(set) var lastUse: [Int]

  init(_ graph: Graph) {
    self.graph = graph
    fusion = Fusion(graph)
    position = [Int](repeating: -1, count: graph.nodes.count)
    lastUse = [Int](repeating: -1, count: graph.nodes.count)
    order()
    for (index, unit) in units.enumerated() {
      for source in reads(of: unit) { lastUse[source] = index }
    }
    for output in graph.outputs { lastUse[fusion.root(output)] = units.count }
  }

  /// Nodes whose memory a unit reads.
  func reads(of unit: Unit) -> [Int] {
    switch unit {
    case .group(let group):
      return fusion.groups[group].members.flatMap { member in
        graph.nodes[member.node].operands.compactMap { operand -> Int? in
          switch fusion.access(operand, for: member.node) {
          case .number: nil
          case .value(let source), .repeated(let source, _):
            fusion.groupOf[source] == group ? nil : source
          }
        }
      }
    case .node(let node): return graph.nodes[node].operands.map(fusion.root)
    }
  }

  /// Nodes whose memory a unit writes.
  func writes(of unit: Unit) -> [Int] {
    switch unit {
    case .group(let group): fusion.groups[group].members.map(\.node)
    case .node(let node): [node]
    }
  }

  /// Depth first from the outputs, earliest nodes first, with groups as units.
  private mutating func order() {
    var done = [Bool](repeating: false, count: graph.nodes.count)
    // An explicit stack: graphs of unrolled loops are deep.
    enum Task {
      case visit(Int)
      case place(Unit)
    }
    var stack = graph.outputs.reversed().map { Task.visit(fusion.root($0)) }
    while let task = stack.popLast() {
      switch task {
      case .place(let unit):
        let nodes = writes(of: unit)
        guard position[nodes[0]] < 0 else { continue }
        for node in nodes { position[node] = units.count }
        units.append(unit)
      case .visit(let node):
        guard !done[node], let unit = unit(of: node) else { continue }
        for written in writes(of: unit) { done[written] = true }
        stack.append(.place(unit))
        for source in Set(reads(of: unit)).sorted(by: >) { stack.append(.visit(source)) }
      }
    }
  }

  private func unit(of node: Int) -> Unit? {
    if fusion.groupOf[node] >= 0 { return .group(fusion.groupOf[node]) }
    switch graph.nodes[node].operation {
    case .input, .constant, .fill, .reshape: return nil
    default: return .node(node)
    }
  }
}

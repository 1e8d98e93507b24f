internal import OuterloopNumerics

/// Partitions a graph into fused passes and single operations.
///
/// Nodes are visited in order; each elementwise operation or reduction joins the latest group of
/// its operands that it fits into without closing a cycle. Broadcasts, fills and reshapes are never
/// computed: a group reads their operand with a narrower width.
struct Fusion {
  let graph: Graph
  var groups: [FusionGroup] = []
  /// Group of each node, or -1.
  var groupOf: [Int]
  /// Broadcasts that must be materialised for a reader because their pattern does not fit it.
  private(set) var materialized: Set<Reading> = []

  struct Reading: Hashable {
    var reader, broadcast: Int
  }

  /// Rows longer than this do not fit into the block of a fused pass.
  static let widestRow = 4096

  init(_ graph: Graph) {
    self.graph = graph
    groupOf = [Int](repeating: -1, count: graph.nodes.count)
    visited = VisitMarks(count: graph.nodes.count)
    for node in graph.nodes.indices {
      switch graph.nodes[node].operation {
      case .unary, .binary, .select: placeElementwise(node)
      case .sum(let sum): placeReduction(node, axes: sum.axes)
      case .max(let max): placeReduction(node, axes: max.axes)
      default: break
      }
    }
    absorbNarrowGroups()
  }

  /// The node that holds the elements of `node`: reshapes are looked through.
  func root(_ node: Int) -> Int {
    var node = node
    while case .reshape = graph.nodes[node].operation { node = graph.nodes[node].operands[0] }
    return node
  }

  /// How an elementwise operation reads an operand.
  enum Access {
    case number(Double)
    case value(Int)
    case repeated(Int, Pattern)
  }

  func access(_ operand: Int, for reader: Int) -> Access {
    let node = root(operand)
    switch graph.nodes[node].operation {
    case .fill(let fill): return .number(fill.value)
    case .broadcast(let broadcast)
    where !materialized.contains(Reading(reader: reader, broadcast: node)):
      let source = root(graph.nodes[node].operands[0])
      guard let pattern = Pattern.broadcast(broadcast.shape, axes: broadcast.axes) else {
        return .value(node)
      }
      if case .fill(let fill) = graph.nodes[source].operation { return .number(fill.value) }
      return pattern.width == .one && graph.nodes[node].type.count == 1
        ? .value(source) : .repeated(source, pattern)
    default: return .value(node)
    }
  }

  // MARK: - Elementwise operations

  private mutating func placeElementwise(_ node: Int) {
    let count = graph.nodes[node].type.count
    var candidates: [Int] = []
    for operand in graph.nodes[node].operands {
      switch access(operand, for: node) {
      case .number: break
      case .value(let source), .repeated(let source, _):
        if groupOf[source] >= 0, !candidates.contains(groupOf[source]) {
          candidates.append(groupOf[source])
        }
      }
    }
    // The widest domain first: a number per row belongs with its rows.
    candidates.sort { (groups[$0].count, $0) > (groups[$1].count, $1) }
    for group in candidates {
      guard let (width, split, late) = fit(node, count: count, in: group) else { continue }
      add(node, width: width, split: split, late: late, to: group)
      for other in candidates where other != group { merge(other, into: group) }
      return
    }
    // A new group; patterns that disagree with the first are materialised.
    var split: (rows: Int, columns: Int)?
    for operand in graph.nodes[node].operands {
      guard case .repeated(_, let pattern) = access(operand, for: node), pattern.width != .one
      else {
        continue
      }
      if let split, split.rows != pattern.rows || split.columns != pattern.columns {
        materialized.insert(Reading(reader: node, broadcast: root(operand)))
      } else if pattern.width == .row, pattern.columns > Self.widestRow {
        materialized.insert(Reading(reader: node, broadcast: root(operand)))
      } else {
        split = (pattern.rows, pattern.columns)
      }
    }
    groups.append(FusionGroup(count: count, split: split))
    add(node, width: .full, split: split, late: false, to: groups.count - 1)
  }

  /// How a node would fit into a group: its width, the split it implies, whether it is late.
  private func fit(
    _ node: Int, count: Int, in group: Int
  ) -> (Pattern.Width, (rows: Int, columns: Int)?, Bool)? {
    let g = groups[group]
    var split = g.split
    // Its width follows from the operands inside the group.
    var width: Pattern.Width?
    var late = false
    for operand in graph.nodes[node].operands {
      guard case .value(let source) = access(operand, for: node), groupOf[source] == group,
        let inside = g.width(of: source)
      else { continue }
      if let width, width != inside { return nil }
      width = inside
      if g.late.contains(source) { late = true }
    }
    let own = width ?? .full
    switch own {
    case .full: guard count == g.count, !late else { return nil }
    case .row: guard let split, count == split.rows, !late else { return nil }
    case .column: guard let split, count == split.columns, late else { return nil }
    case .one: guard count == 1, late else { return nil }
    }
    var outside: [Int] = []
    for operand in graph.nodes[node].operands {
      switch access(operand, for: node) {
      case .number: break
      case .value(let source):
        if groupOf[source] == group {
          // A late node reads late values only, an early one early values only.
          guard g.late.contains(source) == late else { return nil }
        } else {
          outside.append(source)
        }
      case .repeated(let source, let pattern):
        if pattern.width == .one {
          guard groupOf[source] != group || (late && own == .column) else { return nil }
          if groupOf[source] != group { outside.append(source) }
          continue
        }
        guard own == .full, pattern.width != .row || pattern.columns <= Self.widestRow else {
          return nil
        }
        if let split, split.rows != pattern.rows || split.columns != pattern.columns { return nil }
        split = (pattern.rows, pattern.columns)
        if groupOf[source] == group {
          guard pattern.width == .row, g.width(of: source) == .row else { return nil }
        } else {
          outside.append(source)
        }
      }
    }
    return reaches(group, from: outside) ? nil : (own, split, late)
  }

  // MARK: - Reductions

  private mutating func placeReduction(_ node: Int, axes: [Int]) {
    let operand = graph.nodes[node].operands[0]
    let shape = graph.nodes[operand].type.shape
    let count = graph.nodes[operand].type.count
    guard count > 0, let pattern = Pattern.reduction(shape, axes: axes), pattern.width != .full,
      pattern.width != .row || pattern.columns <= Self.widestRow
    else { return }
    guard case .value(let source) = access(operand, for: node) else {
      // The operand is a broadcast or fill: read it inside a new group.
      startReduction(node, count: count, pattern: pattern)
      return
    }
    let group = groupOf[source]
    if group >= 0, !groups[group].late.contains(source),
      let inside = groups[group].width(of: source)
    {
      if inside == .full, groups[group].admits(pattern) {
        let split =
          pattern.width == .one
          ? groups[group].split : (rows: pattern.rows, columns: pattern.columns)
        add(node, width: pattern.width, split: split, late: pattern.width != .row, to: group)
        return
      }
      if inside == .row, pattern.width == .one {
        add(node, width: .one, split: groups[group].split, late: true, to: group)
        return
      }
    }
    startReduction(node, count: count, pattern: pattern)
  }

  private mutating func startReduction(_ node: Int, count: Int, pattern: Pattern) {
    let operand = graph.nodes[node].operands[0]
    if case .repeated(_, let inner) = access(operand, for: node) {
      // Both patterns must agree on the split; otherwise materialise the broadcast.
      if inner.width != .one, pattern.width != .one,
        inner.rows != pattern.rows || inner.columns != pattern.columns
      {
        materialized.insert(Reading(reader: node, broadcast: root(operand)))
      } else if inner.width == .row, inner.columns > Self.widestRow {
        materialized.insert(Reading(reader: node, broadcast: root(operand)))
      }
    }
    var split: (rows: Int, columns: Int)? =
      pattern.width == .one ? nil : (rows: pattern.rows, columns: pattern.columns)
    if case .repeated(_, let inner) = access(operand, for: node), inner.width != .one {
      split = (inner.rows, inner.columns)
    }
    groups.append(FusionGroup(count: count, split: split))
    add(
      node, width: pattern.width, split: split, late: pattern.width != .row, to: groups.count - 1)
  }

  // MARK: - Groups

  private mutating func add(
    _ node: Int, width: Pattern.Width, split: (rows: Int, columns: Int)?, late: Bool, to group: Int
  ) {
    groups[group].append(node, width, late: late)
    groups[group].split = split
    groupOf[node] = group
  }

  /// Merges two groups over the same domain that do not depend on each other through a third.
  private mutating func merge(_ other: Int, into group: Int) {
    let (a, b) = (groups[other], groups[group])
    guard a.count == b.count, !a.members.isEmpty else { return }
    if let x = a.split, let y = b.split, x.rows != y.rows || x.columns != y.columns { return }
    // Values that one reads of the other must be available in time, at the width they are read
    // with.
    for (reader, read) in [(a, b), (b, a)] {
      for (node, width) in reader.members {
        for operand in graph.nodes[node].operands {
          switch access(operand, for: node) {
          case .number: break
          case .value(let source):
            guard let inside = read.width(of: source) else { continue }
            guard !read.late.contains(source), inside == (isReduction(node) ? .full : width) else {
              return
            }
          case .repeated(let source, let pattern):
            guard let inside = read.width(of: source) else { continue }
            guard !read.late.contains(source), pattern.width == .row, inside == .row else { return }
          }
        }
      }
    }
    if reaches(group, from: outsideOperands(of: other, except: group))
      || reaches(other, from: outsideOperands(of: group, except: other))
    {
      return
    }
    groups[group].absorb(a)
    groups[other].removeAll()
    for (node, _) in a.members { groupOf[node] = group }
  }

  /// Whether an operation reads a value element by element.
  func reads(_ node: Int, _ value: Int) -> Bool {
    graph.nodes[node].operands.contains { operand in
      if case .value(value) = access(operand, for: node) { true } else { false }
    }
  }

  func isReduction(_ node: Int) -> Bool {
    switch graph.nodes[node].operation {
    case .sum, .max: true
    default: false
    }
  }

  func outsideOperands(of group: Int, except other: Int) -> [Int] {
    groups[group].members.flatMap { member in
      graph.nodes[member.node].operands.compactMap { operand -> Int? in
        switch access(operand, for: member.node) {
        case .number: nil
        case .value(let source), .repeated(let source, _):
          groupOf[source] == group || groupOf[source] == other ? nil : source
        }
      }
    }
  }

  /// Whether any of the nodes depends on a member of the group, with groups as units.
  /// - Complexity: O(nodes), the constant a few nanoseconds.
  func reaches(_ group: Int, from nodes: [Int]) -> Bool {
    guard !groups[group].members.isEmpty else { return false }
    visited.start()
    var pending = nodes
    while let node = pending.popLast() {
      guard visited.insert(node) else { continue }
      let own = groupOf[node]
      if own == group { return true }
      guard own >= 0 else {
        pending += graph.nodes[node].operands
        continue
      }
      // Everything that any member of the group reads has to come first.
      for member in groups[own].members {
        _ = visited.insert(member.node)
        pending += graph.nodes[member.node].operands
      }
    }
    return false
  }

  private let visited: VisitMarks
}

/// Which nodes a search has seen; starting a new search costs nothing.
private final class VisitMarks {
  private var marks: [Int32]
  private var search: Int32 = 0

  init(count: Int) { marks = [Int32](repeating: 0, count: count) }

  func start() { search += 1 }

  /// Whether the node was not seen before.
  func insert(_ node: Int) -> Bool {
    if marks[node] == search { return false }
    marks[node] = search
    return true
  }
}

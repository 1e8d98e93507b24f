internal import OuterloopNumerics

extension Fusion {
  /// Moves a group whose values (one per row, per column or in total) are read by a single wider
  /// group into that group, which saves a pass and its memory.
  mutating func absorbNarrowGroups() {
    var readers: [Int: [Int]] = [:]
    for (node, entry) in graph.nodes.enumerated() {
      if case .reshape = entry.operation { continue }
      if case .broadcast = entry.operation { continue }
      for operand in entry.operands {
        switch access(operand, for: node) {
        case .number: break
        case .value(let source), .repeated(let source, _):
          readers[source, default: []].append(node)
        }
      }
    }
    // Values that other operations, or materialised broadcasts, read from memory.
    var isReadFromMemory = [Bool](repeating: false, count: graph.nodes.count)
    for (node, entry) in graph.nodes.enumerated() where groupOf[node] < 0 {
      switch entry.operation {
      case .reshape: continue
      case .broadcast where materialized.allSatisfy({ $0.broadcast != node }): continue
      default: for operand in entry.operands { isReadFromMemory[root(operand)] = true }
      }
    }
    for narrow in groups.indices.reversed() {
      guard groups[narrow].members.allSatisfy({ !isReadFromMemory[$0.node] }),
        let (wide, width) = host(of: narrow, readers)
      else { continue }
      let own = groups[narrow]
      for (node, _) in own.members { groupOf[node] = wide }
      groups[wide].absorb(own, as: width)
      groups[narrow].removeAll()
    }
  }

  /// The group that may absorb a narrow one, and the width of its values there.
  private func host(of narrow: Int, _ readers: [Int: [Int]]) -> (Int, Pattern.Width)? {
    let own = groups[narrow]
    guard !own.members.isEmpty, own.late.isEmpty, own.split == nil else { return nil }
    var wide: Int?
    var width: Pattern.Width?
    for (node, _) in own.members {
      for reader in readers[node] ?? [] where groupOf[reader] != narrow {
        let group = groupOf[reader]
        guard group >= 0, wide == nil || wide == group, groups[group].count > own.count,
          let readerWidth = groups[group].width(of: reader)
        else { return nil }
        wide = group
        for operand in graph.nodes[reader].operands {
          let read: Pattern.Width
          switch access(operand, for: reader) {
          case .value(node): read = isReduction(reader) ? .full : readerWidth
          case .repeated(node, let pattern): read = pattern.width
          default: continue
          }
          guard read != .full, width == nil || width == read else { return nil }
          if read == .row, groups[group].late.contains(reader) { return nil }
          width = read
        }
      }
    }
    guard let wide, let width,
      let split = groups[wide].split ?? (width == .one ? (own.count, 1) : nil)
    else { return nil }
    switch width {
    case .row: guard own.count == split.rows else { return nil }
    case .column: guard own.count == split.columns else { return nil }
    case .one: guard own.count == 1 else { return nil }
    case .full: return nil
    }
    guard !reaches(wide, from: outsideOperands(of: narrow, except: narrow)),
      !reaches(narrow, from: outsideOperands(of: wide, except: narrow))
    else { return nil }
    return (wide, width)
  }
}

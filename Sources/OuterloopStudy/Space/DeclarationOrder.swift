/// Sorts declarations so that parents come before the parameters whose conditions mention them.
enum DeclarationOrder {
  /// Always the first of the remaining declarations whose parents have been placed (Kahn 1962), so
  /// declarations that are already in order keep it.
  ///
  /// - Throws: `SpaceError` if conditions are circular.
  static func parentsFirst(_ declarations: [ParameterDeclaration]) throws -> [ParameterDeclaration]
  {
    let parents = self.parents(declarations)
    if parents.enumerated().allSatisfy({ child, own in own.allSatisfy { $0 < child } }) {
      return declarations
    }
    var missing = parents.map(\.count)
    var children = [[Int]](repeating: [], count: declarations.count)
    for (child, own) in parents.enumerated() {
      for parent in own { children[parent].append(child) }
    }

    var ready = Set(missing.indices.filter { missing[$0] == 0 })
    var order: [Int] = []
    // Everything before `start` is placed or waits for something after it.
    var start = 0
    while !ready.isEmpty {
      while !ready.contains(start) { start += 1 }
      ready.remove(start)
      order.append(start)
      for child in children[start] {
        missing[child] -= 1
        if missing[child] == 0 { ready.insert(child) }
      }
      if let earlier = children[start].filter({ ready.contains($0) }).min() {
        start = min(start, earlier)
      }
    }
    if order.count < declarations.count {
      throw circle(declarations, parents, placed: Set(order))
    }
    return order.map { declarations[$0] }
  }

  /// The declarations that each one's condition mentions. A condition that cannot be parsed mentions
  /// nothing here: it is rejected when it is parsed.
  private static func parents(_ declarations: [ParameterDeclaration]) -> [Set<Int>] {
    var indices: [String: Int] = [:]
    for (index, declaration) in declarations.enumerated() where indices[declaration.name] == nil {
      indices[declaration.name] = index
    }
    return declarations.map { declaration in
      guard let condition = declaration.condition,
        let tokens = try? ExpressionToken.scan(condition)
      else { return [] }
      return Set(
        tokens.compactMap { token in
          switch token {
          case .word(let name), .name(let name): indices[name]
          case .number, .quoted, .sign: nil
          }
        })
    }
  }

  /// The error that names one cycle, found by following parents: every waiting declaration waits
  /// for another one, so the path must return to itself.
  private static func circle(
    _ declarations: [ParameterDeclaration], _ parents: [Set<Int>], placed: Set<Int>
  ) -> SpaceError {
    var path: [Int] = []
    var places: [Int: Int] = [:]
    var next = parents.indices.first { !placed.contains($0) }
    while let here = next {
      if let begin = places[here] {
        path = Array(path[begin...]) + [here]
        break
      }
      places[here] = path.count
      path.append(here)
      next = parents[here].subtracting(placed).min()
    }
    let names = path.prefix(10).map { "`\(declarations[$0].name)`" }.joined(separator: " needs ")
    return SpaceError(
      "the conditions form a cycle: \(names)" + (path.count > 10 ? " ..." : ""),
      "break the cycle")
  }
}

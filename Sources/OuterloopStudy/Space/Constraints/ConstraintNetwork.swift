/// The constraints of a space as a network between its parameters: which parts of a box may be allowed,
/// and which cannot (constraint propagation; Mackworth 1977, with intervals: Davis 1987).
///
/// Allowed configurations are never dropped; those that are kept may still be forbidden.
package struct ConstraintNetwork: Sendable {
  package let logic: BoxLogic
  private let constraints: [Expression]
  /// The parameters that a constraint mentions.
  private let mentioned: [[Int]]
  /// Those and the ones that decide whether they exist.
  private let scopes: [[Int]]
  /// The constraints that depend on a parameter.
  private let concerned: [[Int]]
  /// The other parameters with which a parameter shares a constraint.
  package let neighbours: [[Int]]
  /// Whether any condition mentions a parameter.
  private let isParent: [Bool]

  package init(_ space: SearchSpace, resolution: Int? = nil) {
    logic = BoxLogic(space, resolution: resolution)
    constraints = space.forbidden.map(\.expression)
    let count = space.parameters.count
    var ancestors: [Set<Int>] = []
    for parameter in space.parameters {
      let parents = parameter.condition?.parents ?? []
      ancestors.append(parents.reduce(into: parents) { $0.formUnion(ancestors[$1]) })
    }
    let mentioned = constraints.map(\.mentioned)
    let scopes = mentioned.map { names in
      names.reduce(into: names) { $0.formUnion(ancestors[$1]) }
    }
    self.mentioned = mentioned.map { $0.sorted() }
    self.scopes = scopes.map { $0.sorted() }
    concerned = (0..<count).map { index in scopes.indices.filter { scopes[$0].contains(index) } }
    neighbours = concerned.enumerated().map { index, own in
      own.reduce(into: Set<Int>()) { $0.formUnion(scopes[$1]) }.subtracting([index]).sorted()
    }
    let parents = space.parameters.reduce(into: Set<Int>()) {
      $0.formUnion($1.condition?.parents ?? [])
    }
    isParent = (0..<count).map(parents.contains)
  }

  package var count: Int { logic.axes.count }

  /// What the constraints say about a box.
  package enum Verdict: Sendable {
    /// One of them holds everywhere in it.
    case forbidden
    /// None holds anywhere in it.
    case allowed
    case open
  }

  package func verdict(_ box: Box) -> Verdict { verdict(box, constraints.indices) }

  /// Whether any constraint depends on a parameter.
  func isConstrained(_ index: Int) -> Bool { !concerned[index].isEmpty }

  /// Whether the constraints that depend on a parameter may allow some part of a box.
  func mayAllow(_ index: Int, in box: Box) -> Bool {
    concerned[index].isEmpty || verdict(box, concerned[index]) != .forbidden
  }

  private func verdict(_ box: Box, _ concerned: some Sequence<Int>) -> Verdict {
    var verdict = Verdict.allowed
    for index in concerned {
      switch self.verdict(box, constraint: index) {
      case .forbidden: return .forbidden
      case .open: verdict = .open
      case .allowed: break
      }
    }
    return verdict
  }

  private func verdict(_ box: Box, constraint index: Int) -> Verdict {
    let isPoint = mentioned[index].allSatisfy {
      box.activity[$0] == .inactive || (box.activity[$0] == .active && box.slices[$0].isPoint)
    }
    if isPoint {
      let truth = constraints[index].evaluate { parameter in
        box.activity[parameter] == .inactive
          ? nil : logic.axes[parameter].value(box.slices[parameter].low)
      }
      return truth == .bool(true) ? .forbidden : .allowed
    }
    let outcome = logic.outcome(of: constraints[index], on: box)
    return outcome == .isTrue ? .forbidden : outcome.contains(.isTrue) ? .open : .allowed
  }

  /// The box with one slice replaced.
  package func setting(_ index: Int, to slice: Slice, in box: Box) -> Box {
    var box = box
    set(index, to: slice, in: &box)
    return box
  }

  package func set(_ index: Int, to slice: Slice, in box: inout Box) {
    box.slices[index] = slice
    if isParent[index] { logic.decideActivity(&box) }
  }

  /// The parameters that undecided constraints depend on and whose slices can be divided.
  package func divisible(_ box: Box) -> [Int] {
    var all: Set<Int> = []
    for index in constraints.indices where verdict(box, constraint: index) == .open {
      all.formUnion(scopes[index])
    }
    return all.sorted().filter { logic.axes[$0].halves(box.slices[$0]) != nil }
  }
}

// Propagation.
extension ConstraintNetwork {
  /// Slices of at most so many positions are examined one by one.
  private static let fewPlaces = 32.0
  /// How many undecided parts are divided further.
  private static let mostParts = 16

  /// The parts of a parameter's slice that the constraints may leave, rising, given the slices of all
  /// others: it is bisected repeatedly, and parts that are certainly forbidden are dropped, for as
  /// long as any are.
  package func allowedParts(of index: Int, in box: Box) -> [Slice] {
    let slice = box.slices[index]
    if concerned[index].isEmpty || box.activity[index] == .inactive { return [slice] }
    var probe = box
    func verdict(_ part: Slice) -> Verdict {
      set(index, to: part, in: &probe)
      return self.verdict(probe, concerned[index])
    }
    if let count = logic.axes[index].count(slice), count <= Self.fewPlaces {
      return Self.joined(
        stride(from: slice.low, through: slice.high, by: 1).map { Slice($0) }
          .filter { verdict($0) != .forbidden }, by: 1)
    }
    switch verdict(slice) {
    case .forbidden: return []
    case .allowed: return [slice]
    case .open: break
    }
    var parts: [(slice: Slice, isOpen: Bool)] = [(slice, true)]
    for level in 1... {
      var next: [(slice: Slice, isOpen: Bool)] = []
      var dropped = 0.0
      for part in parts {
        guard part.isOpen, let (left, right) = logic.axes[index].halves(part.slice) else {
          next.append((part.slice, false))
          continue
        }
        for half in [left, right] {
          switch verdict(half) {
          case .forbidden: dropped += logic.axes[index].measure(half)
          case .allowed: next.append((half, false))
          case .open: next.append((half, true))
          }
        }
      }
      parts = next
      let open = parts.count { $0.isOpen }
      let rest = parts.reduce(0) { $0 + logic.axes[index].measure($1.slice) }
      if open == 0 || open > Self.mostParts || (level >= 3 && dropped <= 0.08 * rest) { break }
    }
    return Self.joined(parts.map(\.slice), by: logic.axes[index].isContinuous ? 0 : 1)
  }

  /// Adjacent parts merged.
  private static func joined(_ parts: [Slice], by gap: Double) -> [Slice] {
    parts.reduce(into: []) { joined, part in
      if let last = joined.last, part.low - last.high <= gap {
        joined[joined.count - 1] = last.joined(part)
      } else {
        joined.append(part)
      }
    }
  }

  /// The box without the parts that propagation proves forbidden; nil if nothing is left.
  ///
  /// - Parameters:
  ///   - changed: the parameters whose slices have changed; nil: all.
  ///   - effort: the maximum number of slices examined.
  package func contracted(_ box: Box, changed: [Int]? = nil, effort: Int = 200) -> Box? {
    var box = box
    if changed == nil, verdict(box) == .forbidden { return nil }
    var queue: [Int] = []
    var isQueued = [Bool](repeating: false, count: count)
    func enqueue(_ parameters: [Int]) {
      for index in parameters where !isQueued[index] && !box.slices[index].isPoint {
        isQueued[index] = true
        queue.append(index)
      }
    }
    if let changed {
      for index in changed { enqueue(neighbours[index]) }
    } else {
      enqueue(Array(0..<count))
    }
    var place = 0
    while place < queue.count, place < effort {
      let index = queue[place]
      place += 1
      isQueued[index] = false
      let parts = allowedParts(of: index, in: box)
      guard let first = parts.first, let last = parts.last else { return nil }
      let hull = first.joined(last)
      guard hull != box.slices[index] else { continue }
      let isMuch = logic.axes[index].isMuchSmaller(hull, than: box.slices[index])
      set(index, to: hull, in: &box)
      if isMuch { enqueue(neighbours[index]) }
    }
    return box
  }
}

internal import OuterloopStudy

/// Assembles a configuration, one group of parameters after another, each from ranked candidates;
/// and if the result has been tried, the next best one.
struct CandidateChoice {
  private struct Ranked {
    var group: ParameterGroup
    /// Different allowed candidates, best first, and their scores.
    var candidates: [[ParameterValue]]
    var scores: [Double]
  }

  private let space: SearchSpace
  /// What has been chosen so far.
  private(set) var values: [ParameterValue?]
  private var ranked: [Ranked] = []

  init(_ space: SearchSpace) {
    self.space = space
    values = space.parameters.map { $0.domain.count == 1 ? $0.domain.value(atIndex: 0) : nil }
    for (index, parameter) in space.parameters.enumerated() where parameter.condition != nil {
      values[index] = nil
    }
  }

  /// Whether the group is active, given the choices so far.
  func isActive(_ group: ParameterGroup) -> Bool {
    space.parameters[group.indices[0]].condition.map { $0.holds { values[$0] } } ?? true
  }

  /// Which of the candidates do not certainly violate a constraint.
  func allowed(_ group: ParameterGroup, _ points: [[Double]]) -> [Bool] {
    if space.forbidden.isEmpty { return points.map { _ in true } }
    var values = values
    return points.map { point in
      for (index, value) in zip(group.indices, group.values(of: point)) { values[index] = value }
      return !space.forbidden.contains { $0.holds { values[$0] } }
    }
  }

  /// Chooses the best candidate that does not certainly violate a constraint; false if there is
  /// none.
  mutating func choose(_ group: ParameterGroup, points: [[Double]], scores: [Double]) -> Bool {
    var kept = Ranked(group: group, candidates: [], scores: [])
    // Equal scores keep their order, so that the choice does not depend on the sorting algorithm.
    let order = scores.indices.sorted { (scores[$0], $1) > (scores[$1], $0) }
    for place in order {
      let candidate = group.values(of: points[place])
      if kept.candidates.contains(candidate) { continue }
      set(group, candidate)
      // Unchosen values are unknown, and a statement about them does not hold.
      if space.forbidden.contains(where: { $0.holds { values[$0] } }) { continue }
      kept.candidates.append(candidate)
      kept.scores.append(scores[place])
    }
    set(group, kept.candidates.first)
    guard !kept.candidates.isEmpty else { return false }
    ranked.append(kept)
    return true
  }

  private mutating func set(_ group: ParameterGroup, _ candidate: [ParameterValue]?) {
    for (place, index) in group.indices.enumerated() { values[index] = candidate?[place] }
  }

  /// The best new configuration, over the candidates' combinations in order of total score; nil if
  /// the best few hundred are all known.
  ///
  /// Groups that conditions depend on keep their best candidate.
  func best(_ isNew: (Assignment) -> Bool) -> Assignment? {
    if let first = assignment(values), isNew(first) { return first }
    let parents = space.parameters.reduce(into: Set<Int>()) {
      $0.formUnion($1.condition?.parents ?? [])
    }
    let free = ranked.filter { parents.isDisjoint(with: $0.group.indices) }
    // Best-first search over the indices in the lists: each step advances one list by one.
    var open: [(sum: Double, places: [Int])] = [
      (free.reduce(0) { $0 + $1.scores[0] }, free.map { _ in 0 })
    ]
    var seen: Set<[Int]> = [free.map { _ in 0 }]
    for _ in 0..<500 {
      guard let top = open.indices.max(by: { open[$0].sum < open[$1].sum }) else { return nil }
      let (sum, places) = open.remove(at: top)
      if let found = combination(free, places), isNew(found) { return found }
      for list in free.indices where places[list] + 1 < free[list].candidates.count {
        var next = places
        next[list] += 1
        guard seen.insert(next).inserted else { continue }
        let scores = free[list].scores
        open.append((sum - scores[places[list]] + scores[next[list]], next))
      }
    }
    return nil
  }

  private func combination(_ free: [Ranked], _ places: [Int]) -> Assignment? {
    var changed = values
    for (list, place) in zip(free, places) {
      for (position, index) in list.group.indices.enumerated() {
        changed[index] = list.candidates[place][position]
      }
    }
    return assignment(changed)
  }

  private func assignment(_ values: [ParameterValue?]) -> Assignment? {
    space.assignment { index, domain in
      values[index] ?? (domain.count == 1 ? domain.value(atIndex: 0) : nil)
    }.flatMap { space.allows($0) ? $0 : nil }
  }
}

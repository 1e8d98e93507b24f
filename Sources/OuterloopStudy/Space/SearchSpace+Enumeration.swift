extension SearchSpace {
  /// All allowed configurations, in the order of the space, the last parameter fastest.
  ///
  /// - Parameter resolution: how many values a real parameter without a step takes, from end to end
  ///   evenly on its scale; 1: its middle.
  public func assignments(resolution: Int = 1) -> Assignments {
    Assignments(space: self, resolution: resolution)
  }

  /// How many configurations are allowed; nil if they cannot be counted, are more than `limit`, or if
  /// constraints make it too long to find out.
  ///
  /// - Complexity: O(`limit` d^2) at most, O(1) without conditions and constraints.
  public func count(upTo limit: Int) -> Int? {
    guard parameters.allSatisfy({ $0.domain.count != nil }) else { return nil }
    if forbidden.isEmpty, parameters.allSatisfy({ $0.condition == nil }) {
      return upperCount.flatMap { $0 <= limit ? $0 : nil }
    }
    let (effort, isHuge) = (Swift.max(limit, 1000)).multipliedReportingOverflow(
      by: parameters.count + 1)
    var iterator = Assignments.Iterator(
      space: self, resolution: 1, effort: isHuge ? .max : effort)
    var count = 0
    while iterator.next() != nil {
      count += 1
      if count > limit { return nil }
    }
    return iterator.gaveUp ? nil : count
  }

  /// The allowed configurations as a sequence that is made as it is read.
  public struct Assignments: Sequence, Sendable {
    let space: SearchSpace
    let resolution: Int

    public func makeIterator() -> Iterator {
      Iterator(space: space, resolution: resolution, effort: .max)
    }

    /// An odometer whose digits are the active parameters. A constraint is looked at as soon as one of
    /// its parameters is set: where it holds whatever the later ones are, they are not gone through.
    public struct Iterator: IteratorProtocol, Sendable {
      private let space: SearchSpace
      private let grids: [Grid]
      /// The constraints that mention a parameter.
      private let constraints: [[Predicate]]
      /// The place of every parameter on its grid; -1: inactive.
      private var places: [Int]
      /// Those behind the one being set are nil: unknown to conditions and constraints.
      private var values: [ParameterValue?]
      private var isOver = false
      private var effort: Int
      /// Whether it ended because the given number of steps was used up.
      private(set) var gaveUp = false

      init(space: SearchSpace, resolution: Int, effort: Int) {
        self.space = space
        self.effort = effort
        grids = space.parameters.map { Grid(domain: $0.domain, resolution: resolution) }
        places = Array(repeating: -1, count: grids.count)
        values = Array(repeating: nil, count: grids.count)
        var constraints = [[Predicate]](repeating: [], count: grids.count)
        for predicate in space.forbidden {
          for parent in predicate.parents { constraints[parent].append(predicate) }
          if predicate.parents.isEmpty, predicate.holds({ _ in nil }) { isOver = true }
        }
        self.constraints = constraints
        if !isOver { set(from: 0) }
      }

      public mutating func next() -> Assignment? {
        if isOver { return nil }
        let assignment = Assignment(space.names, values: values)
        if let index = advance(from: grids.count - 1) { settle(at: index) }
        return assignment
      }

      /// Sets the parameters from `start` on to the first values that are allowed together, moving
      /// earlier ones on where there are none.
      private mutating func set(from start: Int) {
        var index = start
        while index < grids.count {
          let condition = space.parameters[index].condition
          let isActive = condition.map { $0.holds { values[$0] } } ?? true
          places[index] = isActive ? 0 : -1
          values[index] = isActive ? grids[index].value(0) : nil
          guard let allowed = allowed(from: index) else { return }
          index = allowed + 1
        }
      }

      private mutating func settle(at index: Int) {
        if let allowed = allowed(from: index) { set(from: allowed + 1) }
      }

      /// The parameter that stands last once those up to `index` have been moved on until nothing
      /// forbids them; nil at the end.
      private mutating func allowed(from index: Int) -> Int? {
        var index = index
        while true {
          effort -= 1
          if effort < 0 {
            (isOver, gaveUp) = (true, true)
            return nil
          }
          let isForbidden = constraints[index].contains { $0.holds { values[$0] } }
          if !isForbidden { return index }
          guard let earlier = advance(from: index) else { return nil }
          index = earlier
        }
      }

      /// Moves the last parameter up to `index` on that can be, and forgets those behind it; nil at
      /// the end.
      private mutating func advance(from index: Int) -> Int? {
        for index in stride(from: index, through: 0, by: -1) {
          if places[index] >= 0, places[index] + 1 < grids[index].count {
            places[index] += 1
            values[index] = grids[index].value(places[index])
            return index
          }
          values[index] = nil
        }
        isOver = true
        return nil
      }
    }
  }
}

/// The values that an enumeration gives to a parameter.
private struct Grid: Sendable {
  let domain: Domain
  let count: Int

  init(domain: Domain, resolution: Int) {
    self.domain = domain
    count = domain.count ?? Swift.max(resolution, 1)
  }

  func value(_ index: Int) -> ParameterValue {
    guard domain.count == nil, let range = domain.range else {
      return domain.value(atIndex: index)
    }
    // Without a step the range is not widened: quantiles 0 and 1 are its ends.
    return domain.numeric(range.value(atUnit: count == 1 ? 0.5 : Double(index) / Double(count - 1)))
  }
}

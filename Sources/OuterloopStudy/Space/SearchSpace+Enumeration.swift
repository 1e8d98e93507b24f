extension SearchSpace {
  /// All allowed configurations, in the order of the space, the last parameter fastest.
  ///
  /// - Parameter resolution: how many values a real parameter without a step takes, from end to end
  ///   evenly on its scale; 1: its middle.
  public func assignments(resolution: Int = 1) -> Assignments {
    Assignments(space: self, resolution: resolution)
  }

  /// How many configurations are allowed; nil if they cannot be counted or are more than `limit`.
  ///
  /// - Complexity: O(`limit` d) at most.
  public func count(upTo limit: Int) -> Int? {
    guard parameters.allSatisfy({ $0.domain.count != nil }) else { return nil }
    if forbidden.isEmpty, parameters.allSatisfy({ $0.condition == nil }) {
      return upperCount.flatMap { $0 <= limit ? $0 : nil }
    }
    var count = 0
    for _ in assignments() {
      count += 1
      if count > limit { return nil }
    }
    return count
  }

  /// The allowed configurations as a sequence that is made as it is read.
  public struct Assignments: Sequence, Sendable {
    let space: SearchSpace
    let resolution: Int

    public func makeIterator() -> Iterator { Iterator(space: space, resolution: resolution) }

    /// An odometer whose digits are the active parameters.
    public struct Iterator: IteratorProtocol, Sendable {
      private let space: SearchSpace
      private let names: [String]
      private let grids: [Grid]
      /// The place of every parameter on its grid; -1: inactive.
      private var places: [Int]
      private var values: [ParameterValue?]
      private var isOver = false

      init(space: SearchSpace, resolution: Int) {
        self.space = space
        names = space.parameters.map(\.name)
        grids = space.parameters.map { Grid(domain: $0.domain, resolution: resolution) }
        places = Array(repeating: -1, count: grids.count)
        values = Array(repeating: nil, count: grids.count)
        begin(at: 0)
      }

      public mutating func next() -> Assignment? {
        while !isOver {
          let assignment = Assignment(names: names, values: values)
          advance()
          if space.allows(assignment) { return assignment }
        }
        return nil
      }

      /// Puts the parameters from `start` on at their first values.
      private mutating func begin(at start: Int) {
        for index in start..<grids.count {
          values[index] = nil
          let condition = space.parameters[index].condition
          let isActive = condition.map { $0.holds { values[$0] } } ?? true
          places[index] = isActive ? 0 : -1
          values[index] = isActive ? grids[index].value(0) : nil
        }
      }

      private mutating func advance() {
        for index in grids.indices.reversed() where places[index] >= 0 {
          guard places[index] + 1 < grids[index].count else { continue }
          places[index] += 1
          values[index] = grids[index].value(places[index])
          begin(at: index + 1)
          return
        }
        isOver = true
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

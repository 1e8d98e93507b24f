extension SearchSpace {
  /// All allowed configurations, in the order of the space, the last parameter fastest.
  ///
  /// - Parameter resolution: how many values a real parameter without a step takes, from end to end
  ///   evenly on its scale; 1: its middle.
  public func assignments(resolution: Int = 1) -> Assignments {
    Assignments(space: self, resolution: resolution)
  }

  /// How many configurations are allowed; nil if they cannot be counted, are more than `limit`, or if
  /// constraints make counting too expensive.
  ///
  /// - Complexity: O(`limit` d^2) at most, O(1) without conditions and constraints.
  public func count(upTo limit: Int) -> Int? {
    let (effort, isHuge) = (Swift.max(limit, 1000)).multipliedReportingOverflow(
      by: Assignments.Iterator.costOfParts * (parameters.count + 1))
    guard case .exactly(let count) = counted(upTo: limit, effort: isHuge ? .max : effort) else {
      return nil
    }
    return count
  }

  /// What is known about how many configurations are allowed.
  package enum Counted: Sendable {
    case exactly(Int)
    /// More than the limit.
    case more
    /// There are real numbers, or the count was not found within the effort.
    case unknown
  }

  /// Counts the allowed configurations.
  /// - Parameter effort: how many parameters may be set on the way, where constrained ones count
  ///   sixteen times.
  package func counted(upTo limit: Int, effort: Int) -> Counted {
    guard parameters.allSatisfy({ $0.domain.count != nil }) else { return .unknown }
    if forbidden.isEmpty, parameters.allSatisfy({ $0.condition == nil }) {
      guard let count = upperCount, count <= limit else { return .more }
      return .exactly(count)
    }
    var iterator = Assignments.Iterator(space: self, resolution: 1, effort: effort)
    var count = 0
    while iterator.next() != nil {
      count += 1
      if count > limit { return .more }
    }
    return iterator.gaveUp ? .unknown : .exactly(count)
  }

  /// The allowed configurations as a lazy sequence.
  public struct Assignments: Sequence, Sendable {
    let space: SearchSpace
    let resolution: Int

    public func makeIterator() -> Iterator {
      Iterator(space: space, resolution: resolution, effort: .max)
    }

    /// Sets the parameters one after the other, each to the values that the constraints may allow
    /// given the earlier ones, whatever the later ones are: what is certainly forbidden is skipped.
    public struct Iterator: IteratorProtocol, Sendable {
      private let network: ConstraintNetwork
      /// The slices of parameters after the one being set are complete.
      private var box: Box
      private let whole: Box
      /// The allowed parts of each parameter, and the part that its value is in; empty: inactive.
      private var parts: [[Slice]]
      private var positions: [Int]
      private var isBegun = false
      private var isOver = false
      private var effort: Int
      /// The cost of finding the allowed parts of a parameter, relative to setting an unconstrained
      /// one.
      static let costOfParts = 16

      /// Whether it ended because the given number of steps was used up.
      package private(set) var gaveUp = false

      package init(space: SearchSpace, resolution: Int, effort: Int) {
        network = ConstraintNetwork(space, resolution: Swift.max(resolution, 1))
        whole = network.logic.whole
        box = whole
        parts = Array(repeating: [], count: network.count)
        positions = Array(repeating: 0, count: network.count)
        self.effort = effort
      }

      /// Allows this many further steps.
      package mutating func refresh(effort: Int) { self.effort = effort }

      public mutating func next() -> Assignment? {
        if isOver { return nil }
        if isBegun {
          guard let moved = advance(from: network.count - 1), set(from: moved + 1) else {
            return nil
          }
        } else {
          isBegun = true
          guard network.verdict(whole) != .forbidden, set(from: 0) else {
            isOver = true
            return nil
          }
        }
        let axes = network.logic.axes
        return Assignment(
          network.logic.space.names,
          values: axes.indices.map { index in
            parts[index].isEmpty ? nil : axes[index].value(box.slices[index].low)
          })
      }

      /// Sets the parameters from `start` on to the first values that are jointly allowed,
      /// advancing earlier ones where there are none; false at the end.
      private mutating func set(from start: Int) -> Bool {
        var index = start
        while index < network.count {
          guard spend(on: index) else { return false }
          if box.activity[index] == .inactive {
            parts[index] = []
          } else {
            parts[index] = network.allowedParts(of: index, in: box)
            positions[index] = 0
            guard let first = parts[index].first else {
              guard let moved = advance(from: index - 1) else { return false }
              index = moved + 1
              continue
            }
            network.set(index, to: Slice(first.low), in: &box)
            if !network.mayAllow(index, in: box) {
              guard let moved = advance(from: index) else { return false }
              index = moved + 1
              continue
            }
          }
          index += 1
        }
        return true
      }

      private mutating func spend(on index: Int?) -> Bool {
        effort -= index.map(network.isConstrained) == true ? Self.costOfParts : 1
        if effort < 0 { (isOver, gaveUp) = (true, true) }
        return effort >= 0
      }

      /// Advances the last parameter up to `index` that can be advanced, and resets those after it;
      /// nil at the end.
      private mutating func advance(from index: Int) -> Int? {
        var index = index
        while index >= 0 {
          for behind in (index + 1)..<network.count { box.slices[behind] = whole.slices[behind] }
          if parts[index].isEmpty {
            index -= 1
            continue
          }
          guard spend(on: nil) else { return nil }
          var place = box.slices[index].low + 1
          if place > parts[index][positions[index]].high {
            positions[index] += 1
            guard positions[index] < parts[index].count else {
              box.slices[index] = whole.slices[index]
              index -= 1
              continue
            }
            place = parts[index][positions[index]].low
          }
          network.set(index, to: Slice(place), in: &box)
          network.logic.decideActivity(&box)
          if network.mayAllow(index, in: box) { return index }
        }
        isOver = true
        return nil
      }
    }
  }
}

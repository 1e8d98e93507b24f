import Testing

@testable import OuterloopStudy

@Suite struct EnumerationTests {
  /// All allowed configurations by going through every combination of all values, active or not.
  private func bruteForce(_ space: SearchSpace) -> [Assignment] {
    var all: [Assignment] = []
    var seen: Set<Assignment> = []
    let counts = space.parameters.map { $0.domain.count ?? 1 }
    for number in 0..<counts.reduce(1, *) {
      var rest = number
      var digits = [Int](repeating: 0, count: counts.count)
      for index in counts.indices.reversed() {
        digits[index] = rest % counts[index]
        rest /= counts[index]
      }
      guard let assignment = space.assignment(choosing: { $1.value(atIndex: digits[$0]) }),
        space.allows(assignment), seen.insert(assignment).inserted
      else { continue }
      all.append(assignment)
    }
    return all
  }

  @Test func randomSpacesAgainstBruteForce() throws {
    var random = SplitMix64(1)
    var sizes: Set<Int> = []
    for _ in 0..<1000 {
      let space = try RandomSpaces.space(&random)
      let expected = bruteForce(space)
      #expect(Array(space.assignments()) == expected, "\(space)")
      #expect(space.count(upTo: 1000) == expected.count)
      #expect(space.count(upTo: expected.count) == expected.count)
      #expect(expected.isEmpty || space.count(upTo: expected.count - 1) == nil)
      sizes.insert(expected.count)
    }
    #expect(sizes.count > 20 && sizes.contains(0))
  }

  @Test func realNumbersTakeAsManyValuesAsAsked() throws {
    var space = SearchSpace()
    _ = try space.float("x", 1...100, log: true)
    _ = try space.flag("f")
    #expect(
      space.assignments(resolution: 3).compactMap { $0["x"]?.number }.map { $0.rounded() } == [
        1, 1, 10, 10, 100, 100,
      ])
    #expect(space.assignments().map(\.description).count == 2)
    #expect(space.count(upTo: .max) == nil)
  }

  @Test func emptyAndForbiddenSpaces() throws {
    var space = SearchSpace()
    #expect(Array(space.assignments()).count == 1 && space.count(upTo: 10) == 1)
    _ = try space.int("a", 0...5)
    try space.forbid("true")
    #expect(Array(space.assignments()).isEmpty && space.count(upTo: 10) == 0)
  }

  /// 10^30 combinations of which nothing is left: constraints are seen early, or counting gives up.
  @Test(.timeLimit(.minutes(1))) func hopelessSpacesEnd() throws {
    var space = SearchSpace()
    for index in 0..<30 { _ = try space.int("p\(index)", 1...10) }
    var early = space
    try early.forbid("p0 > 0")
    #expect(Array(early.assignments()).isEmpty && early.count(upTo: 1_000_000) == 0)
    var late = space
    let sum = (0..<30).map { "p\($0)" }.joined(separator: " + ")
    try late.forbid("\(sum) > 0")
    #expect(Array(late.assignments()).isEmpty && late.count(upTo: 1000) == 0)
    // A sum of odd numbers is odd: no bound shows it.
    var odd = SearchSpace()
    for index in 0..<30 { _ = try odd.int("p\(index)", 1...21, step: 2) }
    try odd.forbid("\(sum) != 301")
    #expect(odd.count(upTo: 1000) == nil)
  }
}

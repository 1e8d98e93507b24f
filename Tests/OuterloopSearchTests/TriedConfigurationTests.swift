import OuterloopStudy
import Testing

@testable import OuterloopSearch

@Suite struct TriedConfigurationTests {
  /// Whether they are compared or hashed, configurations that were tried are known, and others are not.
  @Test func knowsWhatWasTried() throws {
    var space = SearchSpace()
    _ = try space.float("x", -1...1)
    _ = try space.int("n", 0...9)
    var tried = TriedConfigurations(space)
    for round in 0..<12 {
      for n in 0...9 {
        let assignment = try space.assignment([
          "x": .float(Double(round) / 16), "n": .int(n),
        ])
        #expect(!tried.contains(assignment))
        tried.insert(assignment)
        #expect(tried.contains(assignment))
      }
      #expect(try tried.isDone() == false)
    }
    #expect(tried.contains(try space.assignment(["x": .float(-0.0), "n": .int(3)])))
  }

  /// Those that came twice count once.
  @Test func endsWithTheSpace() throws {
    var space = SearchSpace()
    _ = try space.int("n", 0...3)
    var tried = TriedConfigurations(space)
    for n in [0, 0, 1, 1, 2, 2, 2] { tried.insert(try space.assignment(["n": .int(n)])) }
    #expect(try tried.isDone() == false)
    tried.insert(try space.assignment(["n": .int(3)]))
    #expect(try tried.isDone())
  }
}

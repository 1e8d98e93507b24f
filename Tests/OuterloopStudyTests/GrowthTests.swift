import OuterloopStudy
import OuterloopText
import Testing

/// Spaces that grow by what an objective names.
@Suite struct GrowthTests {
  private static func domain(_ first: String, _ second: String) throws -> String {
    let space = try SearchSpace([ParameterDeclaration(parsing: "p=\(first)")])
    return try space.grown(by: ParameterDeclaration(parsing: "p=\(second)")).parameters[0].domain
      .description
  }

  @Test(arguments: [
    ("float(0, 1)", "float(0, 1)", "float(0.0, 1.0)"),
    ("float(0, 1)", "float(0.2, 0.5)", "float(0.0, 1.0)"),
    ("float(0, 1)", "float(-1, 0.5)", "float(-1.0, 1.0)"),
    ("log(1, 10)", "log(0.1, 5)", "float(0.1, 10.0, log)"),
    ("log(1, 10)", "float(-1, 5)", "float(-1.0, 10.0)"),
    ("float(0, 1, step 0.5)", "float(0, 2, step 0.5)", "float(0.0, 2.0, step 0.5)"),
    ("float(0, 1, step 0.5)", "float(0.25, 1.75, step 0.5)", "float(0.0, 1.75)"),
    ("int(1, 5)", "int(3, 9)", "int(1, 9)"),
    ("int(2, 8, step 2)", "int(2, 12, step 2)", "int(2, 12, step 2)"),
    ("int(2, 8, step 2)", "int(3, 9, step 3)", "int(2, 9)"),
    ("choice(a, b)", "choice(c, b)", "choice(a, b, c)"),
    ("ordinal(s, m, l)", "ordinal(s, l)", "ordinal(s, m, l)"),
    ("constant(1)", "constant(1)", "constant(1)"),
  ])
  func smallestDomainWithBoth(_ first: String, _ second: String, _ joined: String) throws {
    #expect(try Self.domain(first, second) == joined)
  }

  @Test(arguments: [
    ("float(0, 1)", "int(0, 1)"), ("int(0, 1)", "choice(0, 1)"), ("constant(1)", "constant(2)"),
    ("ordinal(s, l)", "ordinal(m)"),
  ])
  func otherKinds(_ first: String, _ second: String) throws {
    #expect(throws: SpaceError.self) { try Self.domain(first, second) }
  }

  @Test func laterParameters() throws {
    var space = SearchSpace()
    for text in ["x=float(0, 1)", "n=int(1, 5)", "c=choice(a, b)"] {
      let narrow = space
      space = try space.grown(by: ParameterDeclaration(parsing: text))
      try narrow.checkExtension(to: space)
    }
    #expect(space.parameters.map(\.name) == ["x", "n", "c"])
    let small = try SearchSpace([ParameterDeclaration(parsing: "x=float(0, 1)")])
    let assignment = try small.assignment(["x": 0.5])
    let whole = try space.supplementing(assignment, "c", "b")
    #expect(whole["x"] == 0.5 && whole["n"] == nil && whole["c"] == "b")
    #expect(throws: SpaceError.self) { try space.supplementing(assignment, "c", "z") }
    #expect(throws: SpaceError.self) { try space.supplementing(assignment, "z", 1) }
    #expect(throws: SpaceError.self) { try space.checkExtension(to: small) }
  }
}

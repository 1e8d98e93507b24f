import OuterloopSpaces
import OuterloopStudy
import OuterloopText
import Testing

@Suite struct DocumentationTests {
  /// The quoted words after `option` in the blocks of command lines.
  private func words(_ option: String, _ block: String) -> [String] {
    block.split(separator: "\n").filter { $0.hasPrefix(option) }.map {
      String($0.dropFirst(option.count + 2).dropLast())
    }
  }

  @Test func theThreeFormsAreTheSameSpace() throws {
    let yaml = try SpaceFile.parse(try #require(Examples.blocks("yaml").first), name: "yaml").space
    let json = try SpaceFile.parse(Examples.blocks("json")[0], name: "json").space
    let lines = try #require(Examples.blocks("").last)
    let command = try SearchSpace(
      words("--param", lines).map { try ParameterDeclaration(parsing: $0) },
      forbidden: words("--forbid", lines))
    #expect(yaml.parameters.count == 11 && yaml.forbidden.count == 2)
    #expect(json == yaml && command == yaml)
  }

  @Test func theConfigSpaceExample() throws {
    let file = try SpaceFile.parse(Examples.blocks("json")[1], name: "svm.json")
    #expect(file.notes.isEmpty)
    #expect(
      file.space.parameters.map(\.description) == [
        "kernel=choice(linear, rbf)", "C=float(0.001, 1000.0, log)",
        "gamma=float(0.0001, 8.0, log) if kernel == 'rbf'",
      ])
    #expect(file.space.forbidden.map(\.description) == ["gamma > C"])
  }

  @Test func theKindsOfTheTable() throws {
    for kind in [
      "float(0, 1)", "log(1e-5, 1e-1)", "float(1e-5, 1e-1, log)", "float(0, 0.5, step 0.1)",
      "int(1, 5)", "int(16, 1024, log)", "int(16, 128, step 16)", "choice(relu, tanh)",
      "ordinal(small, medium, large)", "constant(cuda)",
    ] { _ = try ParameterDeclaration(parsing: "x=" + kind) }
  }
}

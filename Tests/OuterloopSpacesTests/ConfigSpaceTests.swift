import Foundation
import OuterloopSpaces
import OuterloopStudy
import OuterloopText
import Testing

@Suite struct ConfigSpaceTests {
  private struct Golden: Decodable {
    struct Example: Decodable {
      let given: [String: ParameterValue]
      let active: [String]
      let forbidden: Bool
    }
    let space: String
    let examples: [Example]
  }

  /// ConfigSpace's own word on random spaces: see `Benchmarks/peers/configspace`.
  @Test func randomSpacesMeanTheSame() throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Golden/configspace.json")
    let golden = try JSONDecoder().decode([Golden].self, from: Data(contentsOf: path))
    #expect(golden.count == 60)
    for (number, space) in golden.enumerated() {
      let file = try SpaceFile.parse(space.space, name: "space\(number).json")
      #expect(
        file.notes.isEmpty
          != (space.space.contains("normal_float")
            || space.space.contains("beta_int") || space.space.contains("\"weights\": [")))
      for example in space.examples {
        let found = file.space.assignment { index, domain in
          example.given[file.space.parameters[index].name].flatMap(domain.canonical)
        }
        let assignment = try #require(found)
        #expect(assignment.active.map(\.name).sorted() == example.active, "\(space.space)")
        #expect(file.space.allows(assignment) != example.forbidden, "\(space.space) \(assignment)")
      }
    }
  }

  private func file(_ hyperparameters: String, _ rest: String = "") throws -> SpaceFile {
    try SpaceFile.parse("{\"hyperparameters\": [\(hyperparameters)]\(rest)}", name: "c.json")
  }

  @Test func earlierKeys() throws {
    let old = try file(
      """
      {"name": "x", "type": "uniform_float", "lower": 0, "upper": 1, "log": false, "q": 0.1, "default": 0.5},
      {"name": "n", "type": "uniform_int", "lower": 0, "upper": 10, "log": false, "q": null, "default": 5},
      {"name": "c", "type": "categorical", "choices": ["a", "b"], "probabilities": [0.5, 0.5], "default": "a"}
      """,
      ", \"forbiddens\": [{\"type\": \"RELATION\", \"left\": \"x\", \"right\": \"n\", \"lambda\": \"LT\"}], \"json_format_version\": 0.2"
    )
    #expect(
      old.space.parameters.map(\.description) == [
        "x=float(0.0, 1.0, step 0.1)", "n=int(0, 10)", "c=choice(a, b)",
      ])
    #expect(old.space.forbidden.map(\.description) == ["x < n"] && old.notes.isEmpty)
  }

  @Test func whatTheSpaceCannotSayIsNoted() throws {
    let file = try file(
      """
      {"name": "x", "type": "normal_float", "lower": 0, "upper": 1, "mu": 0, "sigma": 1},
      {"name": "c", "type": "categorical", "choices": ["a", "b"], "weights": [0.9, 0.1]}
      """)
    #expect(
      file.notes == [
        "`x`: its normal prior is not used, values are uniform between the bounds",
        "`c`: its weights are not used, choices are equally probable",
      ])
  }

  private func expectError(_ hyperparameters: String, rest: String = "", _ message: String) {
    let error = #expect(throws: SpaceError.self) { try file(hyperparameters, rest) }
    #expect(error?.description.hasPrefix("c.json line 1: ") == true)
    #expect(error?.description.hasSuffix(message) == true, "\(error?.description ?? "")")
  }

  @Test(arguments: [
    #"{"name": "x", "type": "normal_float", "mu": 0, "sigma": 1, "lower": null, "upper": null}"#:
      "it has no bounds, so it has no finite range; add `lower` and `upper`",
    #"{"name": "x", "type": "gamma"}"#:
      "`gamma` is not a type of hyperparameter of ConfigSpace; the types are {uniform,normal,beta}_{float,int}, categorical, ordinal and constant",
    #"{"type": "constant"}"#: "the key `name` is missing; add it",
    #"{"name": "x", "type": "constant", "value": null}"#:
      "a value is empty or null; write a number or a text, such as \"none\"",
    #"{"name": "x", "type": "constant", "value": 1, "lowr": 2}"#:
      "the key `lowr` is not known; the keys are name, type, meta, default, default_value, value",
    #"{"name": "seed", "type": "constant", "value": 1}"#:
      "the name `seed` is reserved for a placeholder; choose a name other than trial, from, to, checkpoint, seed",
  ])
  func hyperparametersThatAreNone(hyperparameter: String, message: String) {
    expectError(hyperparameter, message)
  }

  @Test(arguments: [
    #", "conditions": [{"type": "EQ", "child": "y", "parent": "x", "value": 1}]"#:
      "there is no parameter `y`; the parameters are x",
    #", "conditions": [{"type": "XOR", "child": "x", "parent": "x", "value": 1}]"#:
      "`XOR` is not a type of condition; the types are EQ, NEQ, LT, GT, IN, AND and OR",
    #", "forbiddens": [{"type": "AND", "clauses": []}]"#: "AND joins nothing; list its parts",
  ])
  func relationsThatAreNone(rest: String, message: String) {
    expectError(#"{"name": "x", "type": "constant", "value": 1}"#, rest: rest, message)
  }

  @Test func textsHaveNoSize() {
    expectError(
      #"{"name": "x", "type": "ordinal", "sequence": ["a", "b"]}, {"name": "y", "type": "ordinal", "sequence": ["a", "b"]}"#,
      rest: #", "forbiddens": [{"type": "RELATION_LT", "left": "x", "right": "y"}]"#,
      "`x` is not a number, so it has no order; use `==`, `!=` or `in` with it")
  }
}

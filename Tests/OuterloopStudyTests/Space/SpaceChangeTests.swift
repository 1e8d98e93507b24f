import Testing

@testable import OuterloopStudy

@Suite struct SpaceChangeTests {
  private func space() throws -> SearchSpace {
    try SearchSpace(
      [
        "opt=choice(sgd, adam)", "rate=log(1e-4, 1)", "momentum=float(0, 0.99) if opt == sgd",
        "python=choice('3.10', '3.9')", "layers=int(1, 8)", "amp=choice(true, false)",
      ].map { try ParameterDeclaration(parsing: $0) },
      forbidden: ["opt == adam and rate > 0.1", "not (momentum == 0.5) and layers in [7, 8]"])
  }

  private func message(_ body: () throws -> SearchSpace) -> String {
    do { return "no error, \(try body().parameters)" } catch { return "\(error)" }
  }

  @Test func fixedParametersKeepConditionsAndConstraints() throws {
    let adam = try space().fixing("opt", to: "adam")
    #expect(adam.parameters.map(\.description)[0] == "opt=constant(adam)")
    #expect(adam.parameters.count == 6 && adam.forbidden.count == 2)
    let given: [String: ParameterValue] = [
      "rate": 0.01, "python": "3.9", "layers": 2, "amp": true,
    ]
    #expect(try adam.assignment(given)["momentum"] == nil)
    #expect(throws: SpaceError.self) {
      try adam.assignment(given.merging(["rate": 0.5]) { $1 })
    }
    // Unknown stays unknown: without momentum the second constraint forbids nothing.
    #expect(try adam.assignment(given.merging(["layers": 7]) { $1 })["layers"] == 7)
    // Twice, and a value that is what a condition asks for.
    let both = try adam.fixing("layers", to: 3).fixing("momentum", to: 0.25)
    #expect(both.parameters[2].domain == .constant(.float(0.25)))
    #expect(try space().fixing("momentum", to: 0.9).forbidden.count == 2)
  }

  @Test func storedAndReadAgain() throws {
    let fixed = try space().fixing("opt", to: "sgd").fixing("momentum", to: 0.25)
    let again = try SearchSpace(
      fixed.parameters.map(ParameterDeclaration.init),
      forbidden: fixed.forbidden.map(\.description))
    #expect(again == fixed)
  }

  @Test(arguments: [
    ("python", "3.10", ParameterValue.text("3.10")), ("python", "'3.9'", "3.9"),
    ("layers", "4", 4), ("rate", "1e-2", 0.01), ("amp", "true", true), ("opt", "sgd", "sgd"),
    ("momentum", "0", .float(0)),
  ])
  func textsAreReadByTheParameter(name: String, text: String, value: ParameterValue) throws {
    let fixed = try space().fixing(name, toText: text)
    let place = try #require(fixed.index(of: name))
    #expect(fixed.parameters[place].domain.value(atIndex: 0).matches(value))
  }

  @Test func removedParametersAreGone() throws {
    let rest = try space().removing(["python", "amp"])
    #expect(rest.parameters.map(\.name) == ["opt", "rate", "momentum", "layers"])
    #expect(rest.forbidden.count == 2)
  }

  @Test func refusals() throws {
    let space = try self.space()
    #expect(
      message { try space.fixing("opt", to: "adamm") }
        == "parameter `opt` cannot be adamm; it is choice(sgd, adam)")
    #expect(
      message { try space.fixing("layers", toText: "9") }
        == "parameter `layers` cannot be 9; it is int(1, 8)")
    #expect(
      message { try space.fixing("layer", to: 2) }
        == "there is no parameter `layer`; did you mean `layers`?")
    #expect(
      message { try space.removing(["amps"]) }
        == "there is no parameter `amps`; did you mean `amp`?")
    #expect(
      message { try space.removing(["opt"]) }
        == "parameter `opt` cannot be removed: `momentum` exists only if opt == 'sgd'; "
        + "give it a fixed value, or remove `momentum` too")
    #expect(
      message { try space.removing(["opt", "momentum"]) }
        == "parameter `opt` cannot be removed: `opt == 'adam' and rate > 0.1` is forbidden; "
        + "give it a fixed value, or leave the constraint out")
  }
}

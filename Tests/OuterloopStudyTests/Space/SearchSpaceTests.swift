import Foundation
import OuterloopText
import Testing

@testable import OuterloopStudy

@Suite struct SearchSpaceTests {
  private func space(_ texts: [String], forbidden: [String] = []) throws -> SearchSpace {
    try SearchSpace(texts.map { try ParameterDeclaration(parsing: $0) }, forbidden: forbidden)
  }

  private func order(_ texts: [String]) throws -> String {
    try space(texts).parameters.map(\.name).joined()
  }

  @Test func parentsStandFirstAndTheRestAsDeclared() throws {
    #expect(try order(["b=int(1, 2)", "a=int(1, 2)"]) == "ba")
    #expect(
      try order(["c=int(1, 2) if a == 1", "b=int(1, 2)", "a=int(1, 2)", "d=int(1, 2)"]) == "bacd")
    #expect(
      try order([
        "e=int(1, 2) if d == 1", "d=int(1, 2) if a == 1 and c == 2", "c=int(1, 2) if b == 1",
        "b=int(1, 2)", "a=int(1, 2)",
      ]) == "bcade")
    #expect(try order(["y=int(1, 2) if `x` == 1", "x=int(1, 2)"]) == "xy")
  }

  @Test(
    arguments: [
      ["a=int(1, 2) if a == 1"]:
        "the conditions form a cycle: `a` needs `a`; break the cycle",
      ["c=int(1, 2) if b == 1", "a=int(1, 2) if b == 1", "b=int(1, 2) if a == 1", "z=int(1, 2)"]:
        "the conditions form a cycle: `b` needs `a` needs `b`; break the cycle",
      ["a=int(1, 2)", "a=int(1, 3)"]:
        "parameter `a`: it is declared twice; give one of them another name",
      ["a=int(1, 2) if c == 1"]:
        "parameter `a`: `c == 1`: there is no parameter `c`; there are no parameters yet",
      ["a=int(1, 2) if ("]:
        "parameter `a`: `(`: the expression ends too early; complete it, as in `optimizer == sgd`",
    ])
  func errors(texts: [String], message: String) {
    let error = #expect(throws: SpaceError.self) { try space(texts) }
    #expect(error?.description == message)
  }

  @Test func aConstraintOfAnotherSpace() {
    let error = #expect(throws: SpaceError.self) {
      try space(["a=int(1, 2)"], forbidden: ["b > 1"])
    }
    #expect(
      error?.description
        == "forbidden: `b > 1`: there is no parameter `b`; the parameters are a")
  }

  @Test func aFailedDeclarationLeavesTheSpaceAsItWas() throws {
    var space = try space(["a=int(1, 2)"])
    let before = space
    #expect(throws: SpaceError.self) {
      try space.add(ParameterDeclaration(parsing: "b=int(1, 2) if q"))
    }
    #expect(throws: SpaceError.self) { try space.forbid("q") }
    #expect(space == before && space.index(of: "b") == nil)
  }

  @Test func whatIsEncodedDecodesEqual() throws {
    var random = SplitMix64(9)
    for _ in 0..<200 {
      let space = try RandomSpaces.space(&random)
      let data = try JSONEncoder().encode(space)
      #expect(try JSONDecoder().decode(SearchSpace.self, from: data) == space)
    }
    let odd = try space(
      [
        "x=ordinal(1.0, 2.5, '1', 'true', true, 9007199254740993)",
        "a/b=float(0, 1, step 0.1) if x == '1'",
      ],
      forbidden: ["x == 1 and x != 2.5"])
    let data = try JSONEncoder().encode(odd)
    #expect(try JSONDecoder().decode(SearchSpace.self, from: data) == odd)
  }

  @Test func decodingRefusesWhatCannotBe() throws {
    for (json, text) in [
      #"{"parameters":[{"name":"x","type":"flaot","low":0,"high":1}]}"#:
        "parameter `x`: `flaot` is not a type of parameter; did you mean `float`?",
      #"{"parameters":[{"name":"x","type":"float","low":0}]}"#:
        "parameter `x`: a parameter of type float needs `high`; add it",
      #"{"parameters":[{"name":"x","type":"ordinal","choices":[1],"step":1}]}"#:
        "parameter `x`: a parameter of type ordinal has no `step`; remove it",
    ] {
      let error = #expect(throws: SpaceError.self) {
        try JSONDecoder().decode(SearchSpace.self, from: Data(json.utf8))
      }
      #expect(error?.description == text)
    }
  }

  /// Ten thousand parameters, each but the first with a condition, the last first: quadratic
  /// look-ups would take minutes.
  @Test(.timeLimit(.minutes(1))) func manyParameters() throws {
    let count = 10_000
    var texts = (0..<count).reversed().map {
      "p\($0)=int(1, 9)" + ($0 > 0 ? " if p\($0 / 2) > 0" : "")
    }
    var space = try space(texts)
    #expect(space.parameters.count == count && space.parameters[0].name == "p0")
    let assignment = try #require(space.assignment { $1.value(atIndex: 0) })
    for index in 0..<count { #expect(assignment["p\(index)"] == 1) }
    texts.reverse()
    space = try self.space(texts, forbidden: (1..<count).map { "p\($0) > p\($0 - 1)" })
    #expect(space.allows(assignment))
    let given = Dictionary(uniqueKeysWithValues: assignment.active.map { ($0.name, $0.value) })
    #expect(try space.assignment(given).active.count == count)
  }

  // MARK: Configurations

  private var example: SearchSpace {
    get throws {
      try space(
        [
          "optimizer=choice(sgd, adam)", "momentum=float(0, 1, step 0.1) if optimizer == sgd",
          "nesterov=choice(true, false) if momentum > 0", "device=constant(cpu)",
          "layers=int(1, 5)",
        ],
        forbidden: ["layers > 3 and optimizer == adam"])
    }
  }

  @Test func equalConfigurationsAreEqualValues() throws {
    let space = try example
    let a = try space.assignment(["optimizer": "adam", "layers": 2])
    let b = try space.assignment([
      "layers": 2.0, "optimizer": "adam", "momentum": 0.5, "nesterov": true, "device": "cpu",
    ])
    #expect(a == b && a.hashValue == b.hashValue)
    #expect(a.description == "optimizer=adam device=cpu layers=2")
    #expect(a["momentum"] == nil && a["unknown"] == nil && a["layers"] == .int(2))
    let c = try space.assignment([
      "optimizer": "sgd", "momentum": .float(0.1 + 0.2), "nesterov": false, "layers": 2,
    ])
    #expect(c["momentum"] == .float(0.3) && c.active.count == 5 && c != a)
    #expect(space.allows(a))
  }

  @Test(
    arguments: [
      (["optimiser": "sgd"], "there is no parameter `optimiser`; did you mean `optimizer`?"),
      (["layers": 2], "parameter `optimizer` has no value; give it one of choice(sgd, adam)"),
      (
        ["optimizer": "lion", "layers": 2],
        "parameter `optimizer` cannot be lion; it is choice(sgd, adam)"
      ),
      (["optimizer": "adam", "layers": 2.5], "parameter `layers` cannot be 2.5; it is int(1, 5)"),
      (
        ["optimizer": "sgd", "layers": 2],
        "parameter `momentum` has no value; give it one of float(0.0, 1.0, step 0.1)"
      ),
      (
        ["optimizer": "adam", "layers": 4],
        "optimizer=adam device=cpu layers=4 is forbidden by `layers > 3 and optimizer == 'adam'`; change one of the values"
      ),
    ] as [([String: ParameterValue], String)])
  func refusedConfigurations(given: [String: ParameterValue], message: String) throws {
    let space = try example
    let error = #expect(throws: SpaceError.self) { try space.assignment(given) }
    #expect(error?.description == message)
  }

  @Test func handlesReadTheirTypes() throws {
    var space = SearchSpace()
    let rate = try space.float("rate", 1e-5...0.1, log: true)
    let layers = try space.int("layers", 1...5)
    let optimizer = try space.choice("optimizer", ["sgd", "adam"])
    let size = try space.ordinal("size", [16, 32])
    let grade = try space.ordinal("grade", ["low", "high"])
    let flag = try space.flag("flag")
    let momentum = try space.when("optimizer == sgd") { space in
      let momentum = try space.float("momentum", 0...0.9)
      try space.forbid("momentum > 0.5 and layers == 1")
      return momentum
    }
    let deep = try space.when("flag") { try $0.when("layers > 1") { try $0.int("deep", 0...3) } }
    let a = try space.assignment([
      "rate": 0.01, "layers": 2, "optimizer": "sgd", "size": 32, "grade": "low", "flag": true,
      "momentum": 0.5, "deep": 3,
    ])
    #expect(a[rate] == 0.01 && a[layers] == 2 && a[optimizer] == "sgd" && a[size] == 32)
    #expect(a[grade] == "low" && a[flag] && a[momentum] == 0.5 && a[deep] == .some(.some(3)))
    let b = try space.assignment([
      "rate": 0.01, "layers": 1, "optimizer": "adam", "size": 16, "grade": "low", "flag": true,
    ])
    #expect(b[momentum] == nil && b[deep] == .some(nil) || b[deep] == nil)
    #expect(space.forbidden.count == 1)
    #expect(throws: SpaceError.self) {
      try space.assignment([
        "rate": 0.01, "layers": 1, "optimizer": "sgd", "size": 16, "grade": "low", "flag": true,
        "momentum": 0.6,
      ])
    }
  }

  /// Any text becomes a name that a space takes, near to it and not taken.
  @Test(
    arguments: [
      ("lr", "lr"), ("learning rate", "learning_rate"), ("lr (log)", "lr_log"), (" x ", "x"),
      ("a._b", "a._b"), ("a, _b", "a_b"), ("", "_"), ("()", "_"), ("12", "12_"), ("or", "or_"),
      ("seed", "seed_"), ("x\u{0}\n'y", "x_y"), ("\u{1F600}", "\u{1F600}_"),
      (String(repeating: "a ", count: 200), String(repeating: "a_", count: 90)),
    ])
  func namesAreMadeLegal(_ text: String, _ name: String) throws {
    var taken: Set<String> = []
    for suffix in ["", "_2", "_3"] {
      let legal = ParameterDeclaration.legalName(text, avoiding: taken)
      #expect(legal == name + suffix)
      #expect(try SearchSpace([ParameterDeclaration(legal, .int(1, 2))]).parameters.count == 1)
      taken.insert(legal)
    }
  }
}

import OuterloopSearch
import OuterloopStudy
import Testing

/// Importances recorded from Optuna 5.0.0 (Benchmarks/peers/optuna/dump_importance.py).
struct GoldenImportance: Decodable {
  struct Row: Decodable {
    var params: [String: ParameterValue]
    var values: [Double]
  }

  struct Case: Decodable {
    var params: [String]
    var directions: [Objective.Direction]
    var target: Double
    var region: Double
    var objective: Int?
    var trials: [Row]
    var importances: [String: Double]

    func study() throws -> (StudySpecification, [Trial]) {
      let space = try SearchSpace(parsing: params)
      let specification = try StudySpecification.small(
        space, directions.enumerated().map { Objective("f\($0)", $1) })
      return (
        specification,
        try trials.enumerated().map { number, row in
          try Trial.complete(number, space.assignment(row.params), row.values)
        }
      )
    }
  }

  var cases: [Case]

  static func load() throws -> [Case] {
    try Golden.load("importance", as: GoldenImportance.self).cases
  }
}

extension Trial {
  static func complete(
    _ number: Int, _ assignment: Assignment, _ values: [Double]
  ) -> Trial {
    var trial = Trial(
      number: number, assignment: assignment, through: 1, seen: nil, created: 0)
    trial.state = .complete
    trial.values = values
    return trial
  }
}

@Suite struct PEDANOVATests {
  @Test func equalToOptuna() throws {
    for (index, item) in try GoldenImportance.load().enumerated() {
      let (specification, trials) = try item.study()
      var method = PEDANOVA()
      (method.target, method.region) = (item.target, item.region)
      let got = try method.importances(trials, specification, objective: item.objective)
      #expect(got.count == item.importances.count)
      for one in got {
        let want = try #require(item.importances[one.name])
        #expect(
          abs(one.value - want) <= 1e-9 * max(1, want),
          "case \(index), \(one.name): \(one.value), not \(want)")
      }
      #expect(got.map(\.value) == got.map(\.value).sorted(by: >))
      let sum = got.reduce(0) { $0 + $1.share }
      #expect(abs(sum - 1) < 1e-12 || got.allSatisfy { $0.value == 0 })
    }
  }

  private func study(
    _ space: SearchSpace, _ direction: Objective.Direction = .minimize
  ) throws -> StudySpecification {
    try .small(space, [Objective("f", direction)])
  }

  /// A parameter that decides is important in both directions, of opposite values.
  @Test func directions() throws {
    let space = try SearchSpace(parsing: ["x=float(0, 1)", "y=float(0, 1)"])
    let trials = try (0..<200).map { number in
      let x = Double(number * 37 % 200) / 200
      let y = Double(number * 91 % 200) / 200
      // Flat where it is large: only from below does y matter.
      return Trial.complete(
        number, try space.assignment(["x": .float(x), "y": .float(y)]),
        [x < 0.5 ? x : 0.5 + 0.1 * y])
    }
    let small = try PEDANOVA().importances(trials, study(space))
    #expect(small[0].name == "x" && small[0].share > 0.8)
    let large = try PEDANOVA().importances(trials, study(space, .maximize))
    #expect(large[0].name == "y")
    let negated = trials.map { trial in
      var trial = trial
      trial.values = trial.values?.map { -$0 }
      return trial
    }
    #expect(try PEDANOVA().importances(negated, study(space, .maximize)) == small)
  }

  @Test func whatDoesNotCount() throws {
    let space = try SearchSpace(parsing: ["x=float(0, 1)", "k=constant(3)"])
    func trial(_ number: Int, _ value: Double) throws -> Trial {
      Trial.complete(
        number, try space.assignment(["x": .float(Double(number) / 20)]), [value])
    }
    var trials = try (0..<20).map { try trial($0, Double($0)) }
    let plain = try PEDANOVA().importances(trials, study(space))
    #expect(plain.map(\.name) == ["x", "k"] && plain[1].value == 0)
    trials += [try trial(3, .nan), try trial(4, .infinity)]
    var failed = try trial(5, -100)
    failed.state = .failed(.error)
    trials.append(failed)
    #expect(try PEDANOVA().importances(trials, study(space)) == plain)
    #expect(
      try PEDANOVA().importances([], study(space)).map(\.value) == [0, 0])
  }

  @Test func refusals() throws {
    let space = try SearchSpace([ParameterDeclaration(parsing: "x=float(0, 1)")])
    for (target, region) in [(0.0, 1.0), (0.5, 0.5), (0.1, 1.5), (.nan, 1), (0.1, .nan)] {
      var method = PEDANOVA()
      (method.target, method.region) = (target, region)
      let chosen = method
      #expect(throws: StudyError.self) { try chosen.importances([], study(space)) }
    }
    #expect(throws: StudyError.self) {
      try PEDANOVA().importances([], study(space), objective: 1)
    }
  }

  /// 10,000 trials of 8 parameters within a tenth of a second, in an optimised build.
  @Test func speed() throws {
    let space = try SearchSpace.cube(8)
    let trials = try (0..<10_000).map { number in
      let values: [Double] = (0..<8).map { column in
        let place = number * (2 * column + 7919) % 10_007
        return Double(place) / 10_007
      }
      let given = Dictionary(
        uniqueKeysWithValues: values.enumerated().map { ("x\($0)", ParameterValue.float($1)) })
      return Trial.complete(number, try space.assignment(given), [values[0]])
    }
    let specification = try study(space)
    let clock = ContinuousClock()
    let seconds = try (0..<3).map { _ in
      let start = clock.now
      let first = try PEDANOVA().importances(trials, specification)[0]
      #expect(first.name == "x0")
      return start.duration(to: clock.now) / .seconds(1)
    }
    #expect(seconds.min() ?? 1 < 0.1)
  }
}

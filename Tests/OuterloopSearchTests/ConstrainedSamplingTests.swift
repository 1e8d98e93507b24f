import Foundation
import OuterloopSearch
import OuterloopStudy
import OuterloopTesting
import Testing

/// Random configurations under constraints are uniform among the allowed ones, however few those are.
@Suite struct ConstrainedSamplingTests {
  private func numbers(_ sample: [Assignment], _ name: String) -> [Double] {
    sample.compactMap { $0[name]?.number }
  }

  private func space(_ parameters: [String], _ forbidden: [String]) throws -> SearcherLaws.Case {
    SearcherLaws.Case("space", try SearchSpace(parsing: parameters, forbidden: forbidden))
  }

  /// One in 2, 720, 362,880 and 479,001,600 configurations is allowed. Of twelve the walk tells, which
  /// is uniform in the limit only.
  @Test(arguments: [(2, 2000), (6, 2000), (9, 1000), (12, 100)])
  func orderedNumbersAreOrderStatistics(count: Int, size: Int) throws {
    let sample = try UniformLaws.suggestions(.random, .ordered(count), count: size)
    #expect(sample.count == size)
    expectOrderStatistics(sample, of: count, within: count > 9 ? 2.6 : 2)
  }

  /// The k-th of the numbers in order has the distribution of the k-th order statistic.
  private func expectOrderStatistics(
    _ sample: [Assignment], of count: Int, within limit: Double,
    unit: (Double) -> Double = { $0 }
  ) {
    for rank in 1...count {
      let distance = UniformLaws.distance(numbers(sample, "t\(rank)").map(unit)) {
        UniformLaws.orderStatistic(rank, of: count, atMost: $0)
      }
      #expect(distance < limit, "t\(rank): \(distance)")
    }
  }

  @Test func onTheScaleOfTheParameters() throws {
    let sample = try UniformLaws.suggestions(.random, .ordered(6, "log(1e-6, 1)"), count: 1500)
    expectOrderStatistics(sample, of: 6, within: 2) { 1 + Foundation.log10($0) / 6 }
  }

  @Test func simplex() throws {
    let sample = try UniformLaws.suggestions(.random, .simplex(10), count: 300)
    for index in 1...10 {
      let distance = UniformLaws.distance(numbers(sample, "t\(index)")) { 1 - pow(1 - $0, 10) }
      #expect(distance < 2, "t\(index): \(distance)")
    }
  }

  @Test func everySumOfStepsIsEquallyProbable() throws {
    let item = try space(
      ["a", "b", "c"].map { "\($0)=float(0, 1, step 0.1)" }, ["a + b + c != 1"])
    #expect(item.space.count(upTo: 1000) == 66)
    let sample = try UniformLaws.suggestions(.random, item, count: 3300)
    let counts = Dictionary(grouping: sample) { $0 }.mapValues(\.count)
    #expect(counts.count == 66)
    #expect(
      UniformLaws.excess(
        counts.values.sorted(), probabilities: Array(repeating: 1, count: 66)) < 4)
  }

  /// Ten multiples of 0.05 with sum 1: ten million of 1.7e13.
  @Test func tenWeights() throws {
    let names = (1...10).map { "t\($0)" }
    let item = try space(
      names.map { "\($0)=float(0, 1, step 0.05)" }, [names.joined(separator: " + ") + " != 1"])
    let sample = try UniformLaws.suggestions(.random, item, count: 1500)
    #expect(sample.count == 1500)
    for name in ["t1", "t4", "t10"] {
      var counts = [Int](repeating: 0, count: 8)
      for number in numbers(sample, name) { counts[min(Int((number * 20).rounded()), 7)] += 1 }
      let each = (0...20).map { UniformLaws.binomial(20 - $0 + 8, 8) }
      let excess = UniformLaws.excess(
        counts, probabilities: Array(each[..<7]) + [each[7...].reduce(0, +)])
      #expect(excess < 4, "\(name): \(counts)")
    }
  }

  /// A plane has no volume.
  @Test func realNumbersWithAGivenSum() throws {
    let item = try space(["a", "b", "c"].map { "\($0)=float(0, 1)" }, ["a + b + c != 1"])
    let sample = try UniformLaws.suggestions(.random, item, count: 600)
    #expect(sample.count == 600)
    for name in ["a", "b", "c"] {
      let distance = UniformLaws.distance(numbers(sample, name)) { 1 - (1 - $0) * (1 - $0) }
      #expect(distance < 2, "\(name): \(distance)")
    }
  }

  /// 4/3 of a millionth with, a ten thousandth without the conditional parameters.
  @Test func conditionsWeighBranchesByWhatIsAllowedOfThem() throws {
    let item = try space(
      [
        "deep=choice(true, false)", "a=float(0, 1) if deep", "b=float(0, 1) if deep",
        "c=float(0, 1)",
      ],
      ["a + b + c > 0.06", "not deep and c > 1e-4"])
    let sample = try UniformLaws.suggestions(.random, item, count: 3000)
    let deep = sample.count { $0["deep"] == .bool(true) }
    // 3.6e-5 to 1e-4.
    #expect(abs(Double(deep) / 3000 - 0.2647) < 0.03, "\(deep)")
  }

  /// Sobol points stay even on what is left.
  @Test func sobolPointsAreEvenlySpread() throws {
    let sample = try UniformLaws.suggestions(.sobol, .ordered(6), count: 1024)
    expectOrderStatistics(sample, of: 6, within: 1.5)
  }

  /// The model helps where random configurations are hardly ever allowed: a sum of squares around a
  /// point of the feasible set, 20 seeds of 80 trials.
  @Test(arguments: [6, 10])
  func tpeGainsUnderConstraints(count: Int) throws {
    let item = try SearcherLaws.Case.ordered(count)
    func mean(_ method: SearchMethod) throws -> Double {
      let losses = try (0..<20).map { seed in
        var study = try SearchSimulation(
          SearcherLaws.specification(item, method, seed: UInt64(seed)), method)
        try study.run(80) { trial in
          let squares = trial.assignment.active.enumerated().map { index, parameter in
            let x = (parameter.value.number ?? 0) - pow(Double(index + 1) / Double(count + 1), 2)
            return x * x
          }
          return .complete([squares.reduce(0, +)])
        }
        return Foundation.log10(study.bestLoss)
      }
      return losses.reduce(0, +) / 20
    }
    let (random, tpe) = (try mean(.random), try mean(.tpe()))
    #expect(tpe < random - 0.1, "log10 of the loss: tpe \(tpe), random \(random)")
    var alone = TPEOptions()
    alone.multivariate = false
    #expect(try mean(.tpe(alone)) < random)
  }

  // MARK: Nothing left

  private func message(_ method: SearchMethod, _ item: SearcherLaws.Case) -> String {
    do {
      let found = try UniformLaws.suggestions(method, item, count: 1)
      return "\(found)"
    } catch let error as StudyError { return "\(error.cause): \(error.what)" } catch {
      return "\(error)"
    }
  }

  static let methods: [SearchMethod] = [.random, .sobol, .tpe()]

  @Test(arguments: methods)
  func emptySpacesAreProvedEmpty(method: SearchMethod) throws {
    for (parameters, forbidden) in [
      (["x=float(0, 1)"], ["x >= 0"]), (["x=float(0, 1)", "y=float(0, 1)"], ["x + y >= 0"]),
      (["x=int(1, 9)"], ["true"]),
      (["x=float(0, 1, step 0.1)", "y=int(2, 4)"], ["x + y != 1.95"]),
      (["c=choice(a, b)", "x=float(0, 1) if c == a"], ["c == b", "x <= 1"]),
    ] {
      let text = message(method, try space(parameters, forbidden))
      #expect(
        text == "infeasible: the constraints forbid every configuration of the space",
        "\(forbidden)")
    }
  }

  /// No bound shows that even numbers have no odd sum.
  @Test func whatIsNotProvedIsSaid() throws {
    let names = (1...30).map { "t\($0)" }
    let item = try space(
      names.map { "\($0)=int(0, 60, step 2)" }, [names.joined(separator: " + ") + " != 901"])
    #expect(
      message(.random, item).hasPrefix(
        "infeasible: no configuration that the constraints allow was found: not in 2000 boxes"))
  }

  @Test func gridsOfWhichNothingIsLeft() throws {
    let item = try space(["x=float(0, 1)", "y=float(0, 1)"], ["x != 0.3"])
    #expect(message(.grid(), item) == "infeasible: the constraints forbid all of the grid")
    #expect(message(.grid(resolution: 11), item).hasPrefix("[x=0.3"))
    #expect(message(.random, item).hasPrefix("[x=0.3"))
  }
}

import Foundation
import OuterloopStudy
import OuterloopTesting
import Testing

@testable import OuterloopSearch

@Suite struct BOHBTests {
  private struct Record: Decodable {
    let counts: [Int]
    let data: [[Double]]
    let bandwidths: [Double]
    let points: [[Double]]
    let densities: [Double]
  }

  /// Bandwidths and densities of statsmodels, which the authors' code uses, for numbers and pairs of choices.
  @Test func agreesWithStatsmodels() throws {
    for item in try Golden.load("bohb", as: [Record].self) {
      let numbers = item.data[0].count - item.counts.count
      func point(_ row: [Double]) -> KernelDensity.Point {
        (row.prefix(numbers).map { $0 }, row.dropFirst(numbers).map { Int($0) })
      }
      let density = KernelDensity(item.data.map(point), choiceCounts: item.counts)
      for (ours, theirs) in zip(density.placeWidths + density.choiceWidths, item.bandwidths) {
        #expect(abs(ours - theirs) < 1e-12)
      }
      for (row, theirs) in zip(item.points, item.densities) {
        let ours = exp(density.logDensity(at: point(row)))
        #expect(abs(ours - theirs) < 1e-10 * max(theirs, 1), "\(ours), \(theirs)")
      }
    }
  }

  /// Densities are densities: over many choices, which the rule with the choices' numbers gives a bandwidth above 1,
  /// the probabilities are positive and sum to 1.
  @Test func choicesSumToOne() {
    for values in [[0, 9], [0, 0, 9, 9, 5], Array(0..<10), [3]] {
      let density = KernelDensity(values.map { ([], [$0]) }, choiceCounts: [10])
      let all = (0..<10).map { exp(density.logDensity(at: ([], [$0]))) }
      #expect(all.allSatisfy { $0 > 0 } && abs(all.reduce(0, +) - 1) < 1e-12, "\(values): \(all)")
    }
    // In any order of the choices.
    let one = KernelDensity([0, 0, 1, 2].map { ([], [$0]) }, choiceCounts: [4])
    let other = KernelDensity([3, 3, 0, 1].map { ([], [$0]) }, choiceCounts: [4])
    #expect(one.choiceWidths == other.choiceWidths)
  }

  /// By hand: where a parameter is inactive its kernel is the mean of the others', or uniform.
  @Test func inactiveParameters() {
    let points: [KernelDensity.Point] = [([0.2], [0]), ([0.6], [0]), ([nil], [1])]
    let density = KernelDensity(points, choiceCounts: [2])
    let (width, lambda) = (density.placeWidths[0], density.choiceWidths[0])
    func normal(_ x: Double) -> Double {
      exp(-0.5 * x * x / (width * width)) / (width * (2 * Double.pi).squareRoot())
    }
    let (a, b) = (normal(0.3 - 0.2), normal(0.3 - 0.6))
    let active = ((1 - lambda) * (a + b) + lambda * (a + b) / 2) / 3
    #expect(
      abs(exp(density.logDensity(at: ([0.3], [0]))) - active) < 1e-12)
    let inactive = (2 * lambda + (1 - lambda)) / 3
    #expect(
      abs(exp(density.logDensity(at: ([nil], [1]))) - inactive) < 1e-12)
    let never = KernelDensity([([nil], [1]), ([nil], [1])], choiceCounts: [2])
    let alone = exp(never.logDensity(at: ([0.5], [1])))
    #expect(abs(alone - (1 - never.choiceWidths[0])) < 1e-12)
  }

  /// Candidates are normal with three bandwidths within [0, 1], and keep a choice with probability 1 - h + h/c.
  @Test func candidates() {
    let density = KernelDensity(
      [([0.5], [0]), ([0.5], [0]), ([0.5], [1]), ([0.5], [0])], choiceCounts: [3])
    var draws = Draws(seed: 1, .candidates, trial: 0)
    let all = (0..<4000).map { _ in density.candidate(widening: 100) { draws.next() } }
    let width = 100 * KernelDensity.floor
    let mean = all.reduce(0) { $0 + $1.places[0] } / 4000
    let variance = all.reduce(0) { $0 + ($1.places[0] - mean) * ($1.places[0] - mean) } / 4000
    #expect(abs(mean - 0.5) < 0.01 && abs(variance.squareRoot() / width - 1) < 0.05)
    let h = density.choiceWidths[0]
    let share = Double(all.count { $0.choices[0] == 0 }) / 4000
    #expect(abs(share - (0.75 * (1 - h) + h / 3)) < 0.03, "\(share)")
  }

  /// What BOHB models are the results at the highest rung with d + 3 of them, all of them and no others, whatever
  /// became of the trials later.
  @Test(arguments: ["hyperband", "asha", "halving:factor=2"], [1, 4])
  func modelsOneRung(_ scheduler: String, _ workers: Int) throws {
    let study = try TrainingSimulation.small(
      scheduler, sampler: "bohb", space: .cube(2), epochs: 27, trials: 60, workers: workers, seed: 4
    ) { trial, epoch in
      let x = trial.assignment.numbers
      if trial.number % 11 == 3, epoch > 2 { return .failure(.error) }
      return .values([x[0] + x[1] / Double(epoch)])
    }.study
    let epochs = Bracket.all(epochs: 27, factor: scheduler == "halving:factor=2" ? 2 : 3)[0].epochs
    let box = Box()
    var learner = try RungLearner(epochs, study.specification) { Spy(box: box) }
    var rungs = RungResults(epochs, study.specification)
    var history = OuterloopStudy.History()
    var seen: Set<Int> = []
    for event in study.events {
      try history.take(event)
      rungs.observe(event, in: history)
      learner.observe(event, in: history)
      guard let rung = rungs.results.lastIndex(where: { $0.count >= 5 }) else { continue }
      seen.insert(rung)
      let complete = box.history.trials.filter { $0.state == .complete }.map(\.number)
      let expected = rungs.results[rung].filter { $0.value.values != nil }.keys.sorted()
      guard complete == expected else {
        Issue.record("event \(event.revision), rung \(rung): \(complete), not \(expected)")
        break
      }
      for number in complete {
        #expect(box.history.trials[number].values == rungs.results[rung][number]?.values)
      }
    }
    #expect(seen.count > 2)
  }

  private final class Box: @unchecked Sendable {
    var history = OuterloopStudy.History()
  }

  private struct Spy: OneRungSampler {
    let box: Box
    var resultsNeeded: Int { 5 }
    func observe(_ event: Event, in history: OuterloopStudy.History) { box.history = history }
    func suggest(_ number: Int, in history: OuterloopStudy.History) -> Assignment? { nil }
  }

  /// It comes nearer to the optimum than random search, with a third of the trials at random, in both directions.
  @Test(arguments: ["hyperband", "asha", "none", "median"]) func learns(_ scheduler: String) throws
  {
    let space = try SearchSpace(parsing: [
      "x=float(0, 1)", "n=int(1, 100, log)", "kind=choice(a, b, c)",
      "extra=float(0, 1) if kind == b",
    ])
    func loss(_ trial: Trial) -> Double {
      let values = trial.assignment.values
      let x = values[0]?.number ?? 0
      let n = values[1]?.number ?? 1
      let kind = values[2] == ParameterValue(plain: "b") ? 0.0 : 0.5
      return (x - 0.7).magnitude + (n - 10).magnitude / 50 + kind
    }
    let random = try TrainingSimulation.small(scheduler, space: space, epochs: 9, trials: 300) {
      .values([loss($0) + 1 / Double($1)])
    }.study.trials
    let mean: Double = random.map(loss).reduce(0, +) / 300
    for sign in [1.0, -1.0] {
      let study = try TrainingSimulation.small(
        scheduler, sampler: "bohb", space: space,
        objectives: [Objective("loss", sign > 0 ? .minimize : .maximize)], epochs: 9, trials: 90,
        workers: 2
      ) { trial, epoch in .values([sign * (loss(trial) + 1 / Double(epoch))]) }
      let trials = study.study.trials
      let late: Double = trials.suffix(60).map(loss).reduce(0, +) / 60
      #expect(late < 0.8 * mean, "\(late), \(mean)")
    }
  }

  /// Crashes count as the worst: what is proposed keeps away from them.
  @Test func avoidsCrashes() throws {
    let study = try TrainingSimulation.small(
      "hyperband", sampler: "bohb:random=0", space: .cube(1), epochs: 9, trials: 80
    ) { trial, _ in
      let x = trial.assignment.numbers[0]
      return x > 0.5 ? .failure(.error) : .values([1 - x])
    }
    let late = study.study.trials.suffix(40)
    #expect(late.count { $0.state.reason != nil } < 12)
  }

  @Test func refusals() throws {
    let method = SearchMethod.bohb()
    let two = try StudySpecification.small(
      .cube(1), [.minimize("a"), .minimize("b")], method.description)
    let error = #expect(throws: StudyError.self) { try method.searcher(two) }
    #expect(error?.what.contains("bohb takes one objective") == true)
    #expect(throws: StudyError.self) { try BOHBOptions(["random": 1.5]) }
  }
}

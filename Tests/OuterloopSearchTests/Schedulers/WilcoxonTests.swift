import OuterloopStudy
import OuterloopTesting
import Testing

@testable import OuterloopSearch

@Suite struct WilcoxonTests {
  /// By enumeration of all signs.
  private static func enumerated(_ differences: [Double]) -> Double {
    let ranks = differences.map { value in
      let smaller = differences.count { abs($0) < abs(value) }
      let equal = differences.count { abs($0) == abs(value) }
      return Double(smaller) + Double(equal + 1) / 2
    }
    let active = differences.indices.filter { differences[$0] != 0 }
    let observed = active.reduce(0.0) { $0 + (differences[$1] > 0 ? ranks[$1] : 0) }
    let larger = (0..<1 << active.count).count { signs in
      let sum = active.enumerated().reduce(0.0) {
        $0 + (signs >> $1.offset & 1 == 1 ? ranks[$1.element] : 0)
      }
      return sum >= observed - 1e-9
    }
    return Double(larger) / Double(1 << active.count)
  }

  @Test func byEnumeration() {
    let cases: [[Double]] = [
      [1], [-1], [1, 2, 3], [1, -2, 3], [1, 1, -1, 2], [0, 1, 2, -3], [0, 0, 5], [-1, -2, -3, -4],
      [.infinity, 1, -2], [.infinity, -.infinity, .infinity], [1e308, -1e308, 1e-300],
      [3, 1, 4, -1, 5, -9, 2, 6, 5, 3, 5],
    ]
    for differences in cases {
      let p = SignedRank.probability(ofLarger: differences)
      #expect(abs(p - Self.enumerated(differences)) < 1e-12, "\(differences)")
    }
    #expect(SignedRank.ranks([3, 1, 3, 2]) == [3.5, 1, 3.5, 2])
    #expect(SignedRank.probability(ofLarger: []) == 1)
    #expect(SignedRank.probability(ofLarger: [0, 0, 0]) == 1)
    // Of all positive: 2^-n.
    #expect(SignedRank.probability(ofLarger: Array(repeating: 1, count: 20)) == 0x1p-20)
  }

  private struct Record: Decodable {
    struct Case: Decodable {
      let differences: [Double]
      let p: Double
    }
    struct Decision: Decodable {
      let direction: String
      let best: [Double]
      let mean: Double
      let other: [Double]
      let order: [Int]
      let stopped: Int?
    }
    let tests: [Case]
    let decisions: [Decision]
  }

  /// SciPy's numbers, where it is exact, and beyond 100 differences.
  @Test func agreesWithSciPy() throws {
    for item in try Golden.load("wilcoxon", as: Record.self).tests {
      let p = SignedRank.probability(ofLarger: item.differences)
      #expect(abs(p - item.p) < 1e-9 + 1e-6 * item.p, "\(item.differences.count): \(p), \(item.p)")
    }
  }

  /// The normal approximation is near the exact distribution where both can be had.
  @Test func approximation() {
    let differences = (0..<60).map { Double(($0 * 37) % 60) - 24 }
    let exact = SignedRank.probability(ofLarger: differences)
    let normal = SignedRank.probability(ofLarger: differences, exactUpTo: 0)
    #expect(exact > 0.01 && exact < 0.2 && abs(exact - normal) < 1e-3, "\(exact), \(normal)")
  }

  /// A study whose best trial has these values on the instances 1, 2, ..., and a trial that reports others until
  /// it is stopped: how many reports that took; nil: it was not.
  private func reports(
    _ objective: Objective = .minimize("loss"), best: [Double], mean: Double,
    other: [(instance: Int, value: Double)], options: WilcoxonOptions = WilcoxonOptions()
  ) throws -> Int? {
    let method = SearchMethod(.random, .wilcoxon(options))
    let specification = try StudySpecification(
      name: "s", space: .cube(1), objectives: [objective], method: method.description, seed: 1,
      epochs: best.count + 2)
    var study = try SearchSimulation(specification, method)
    func report(_ trial: Int, _ epoch: Int, _ value: Double) throws {
      try study.take(
        .reported(attempt: 1, Report(epoch: epoch, [objective.metric: value])), of: trial)
    }
    _ = try study.ask()
    for (place, value) in best.enumerated() { try report(0, place + 1, value) }
    try report(0, best.count + 1, mean)
    try study.take(.finished(attempt: 1, .complete([mean])), of: 0)
    _ = try study.ask()
    for (count, (instance, value)) in other.enumerated() {
      try report(1, instance, value)
      if try study.verdict(on: 1) == .prune { return count + 1 }
    }
    return nil
  }

  /// Decisions of Optuna 5's pruner, in both directions, instances in any order.
  @Test func agreesWithOptuna() throws {
    let decisions = try Golden.load("wilcoxon", as: Record.self).decisions
    for item in decisions {
      let objective = Objective("loss", item.direction == "minimize" ? .minimize : .maximize)
      let stopped = try reports(
        objective, best: item.best, mean: item.mean,
        other: item.order.map { ($0, item.other[$0 - 1]) })
      #expect(stopped == item.stopped, "\(item.best), \(item.other)")
    }
    #expect(Set(decisions.map(\.stopped)).count > 2)
  }

  @Test func edges() throws {
    let zeros = [Double](repeating: 0, count: 8)
    func all(_ value: Double) -> [(instance: Int, value: Double)] { (1...8).map { ($0, value) } }
    // 1/16 is the first probability below 0.1; 1/4 is the first of all tests.
    #expect(try reports(best: zeros, mean: 0, other: all(1)) == 4)
    var loose = WilcoxonOptions()
    loose.threshold = 0.3
    #expect(try reports(best: zeros, mean: 0, other: all(1), options: loose) == 2)
    loose.startup = 6
    #expect(try reports(best: zeros, mean: 0, other: all(1), options: loose) == 6)
    loose.threshold = 0
    #expect(try reports(best: zeros, mean: 0, other: all(1), options: loose) == nil)
    // As good, better, and instances that the best trial does not have.
    #expect(try reports(best: zeros, mean: 0, other: all(0)) == nil)
    #expect(try reports(best: zeros, mean: 0, other: all(-1)) == nil)
    #expect(try reports(best: zeros, mean: 0, other: [(20, 1), (21, 1), (22, 1), (23, 1)]) == nil)
    // The mean so far is not above the best one's result.
    #expect(try reports(best: zeros, mean: 2, other: all(1)) == nil)
    // What is no number is worse than all, once as any other difference.
    #expect(try reports(best: zeros, mean: 0, other: all(.nan)) == 4)
    #expect(try reports(best: zeros, mean: 0, other: [(1, .nan), (2, 0), (3, 0), (4, 0)]) == nil)
    #expect(
      try reports(best: Array(repeating: .nan, count: 8), mean: 0, other: all(.nan)) == nil)
    #expect(try reports(best: Array(repeating: .nan, count: 8), mean: 0, other: all(1)) == nil)
  }

  /// Of several objectives the trial has to be worse in all.
  @Test func severalObjectives() throws {
    for (second, count) in [(1.0, 4), (-1.0, 9)] {
      let study = try TrainingSimulation.small(
        "wilcoxon", objectives: [.minimize("a"), .minimize("b")], epochs: 9, trials: 2
      ) { trial, _ in
        .values(trial.number == 0 ? [0, 0] : [1, second])
      }
      #expect(study.reached == [9, count])
    }
  }

  /// Trials that are no better than the first one end after four of twenty folds.
  @Test func saves() throws {
    let study = try TrainingSimulation.small("wilcoxon", epochs: 20, trials: 6) { trial, epoch in
      .values([Double(epoch % 5) * 10 + Double(trial.number)])
    }
    // The last report of the first trial is on fold 20, and its result 0: others are above it at once.
    #expect(study.reached == [20, 4, 4, 4, 4, 4])
    #expect(study.study.trials.dropFirst().allSatisfy { $0.state == .pruned })
  }
}

import OuterloopNumerics
import OuterloopSearch
import OuterloopStudy
import OuterloopTesting
import Testing

/// TPE's order of trials under constraints on their results.
@Suite struct ConstraintTests {
  private struct Ended {
    var losses: [Double]
    var isPruned: Bool
    var violation: Double
  }

  private func made(_ count: Int, objectives: Int) -> [Ended] {
    var uniforms = UniformStream(key: RandomKey(seed: 6, purpose: "ended"), expecting: 4000)
    return (0..<count).map { _ in
      let losses = (0..<objectives).map { _ in (uniforms.next() * 20).rounded() }
      let kind = uniforms.next()
      return Ended(
        losses: losses, isPruned: kind < 0.2,
        violation: uniforms.next() < 0.7 ? (uniforms.next() * 5).rounded(.up) : 0)
    }
  }

  private func good(_ all: [Ended], objectives: Int) -> [Int] {
    var good = GoodTrials(objectives: objectives)
    var below: Set<Int> = []
    func take(_ moves: [GoodTrials.Move]) {
      for move in moves {
        if move.isBelow { below.insert(move.trial) } else { below.remove(move.trial) }
      }
    }
    for (number, trial) in all.enumerated() {
      take(
        good.insert(
          number, losses: trial.losses, prunedAt: trial.isPruned ? 1 : nil,
          violation: trial.violation))
    }
    take(good.settle())
    return below.sorted()
  }

  /// Feasible complete ones by loss, then pruned ones, then the rest by violation.
  @Test(arguments: [10, 40, 90, 200]) func oneObjective(_ count: Int) {
    let all = made(count, objectives: 1)
    let order = all.indices.sorted { a, b in
      func key(_ number: Int) -> (Int, Double, Int) {
        let trial = all[number]
        if trial.violation > 0 { return (2, trial.violation, number) }
        return (trial.isPruned ? 1 : 0, trial.losses[0], number)
      }
      return key(a) < key(b)
    }
    #expect(good(all, objectives: 1) == order.prefix((count + 9) / 10).sorted())
  }

  /// Few keep the constraints, so that some are good that break them: those that do so least, behind all
  /// fronts and all pruned ones.
  @Test func severalObjectives() {
    var all = made(100, objectives: 2)
    for number in all.indices where number >= 6 { all[number].violation = Double(200 - number) }
    for number in 0..<6 { all[number].violation = 0 }
    #expect(good(all, objectives: 2) == [0, 1, 2, 3, 4, 5, 96, 97, 98, 99])
  }

  @Test func infeasibleOnesAreBehindAllFronts() {
    var all = made(100, objectives: 2)
    for number in all.indices { all[number].violation = number % 2 == 0 ? 1 : 0 }
    // The best points of all break a constraint.
    all[0].losses = [-1, -1]
    all[2].losses = [-2, -2]
    let found = good(all, objectives: 2)
    #expect(found.count == 10)
    #expect(found.allSatisfy { !$0.isMultiple(of: 2) })
  }

  /// The search goes to the best that keeps the bound, which lies on it, not to the best.
  @Test func searchKeepsTheBound() throws {
    let bound = try OutcomeConstraint(parsing: "memory >= 0.6")
    var (inside, worst) = (0, 0.0)
    for seed in 0..<10 {
      let specification = try StudySpecification.tpe(
        ["x=float(0, 1)", "z=float(0, 1)"], seed: seed, constraints: [bound])
      var study = try SearchSimulation(specification, .tpe())
      try study.run(80) { assignment in
        let (x, z) = (assignment["x"]?.number ?? 0, assignment["z"]?.number ?? 0)
        return Told(metrics: ["y": x + z * z, "memory": x])
      }
      inside += study.trials.suffix(40).count { specification.isFeasible($0) }
      worst = max(worst, specification.best(in: study.history)?.values?.first ?? .infinity)
    }
    #expect(inside > 200, "\(inside) of 400 keep the bound")
    #expect(worst < 0.7, "the least value is 0.6")
  }

  /// Nothing keeps it: the search goes to where it is broken least.
  @Test func nothingIsFeasible() throws {
    let bound = try OutcomeConstraint(parsing: "memory <= -1")
    var study = try SearchSimulation(
      .tpe(
        ["c=choice(a, b)", "x=float(0, 1) if c == a", "z=float(0, 1) if c == b"],
        constraints: [bound]),
      .tpe())
    try study.run(60) { assignment in
      let x = assignment["x"]?.number ?? 1 + (assignment["z"]?.number ?? 0)
      return Told(metrics: ["y": -x, "memory": x])
    }
    let last = study.trials.suffix(20).compactMap { $0.assignment["x"]?.number }
    #expect(last.count >= 10)
    #expect(last.count { $0 < 0.2 } > last.count / 2)
  }
}

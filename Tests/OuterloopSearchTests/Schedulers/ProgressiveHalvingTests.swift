import OuterloopStudy
import OuterloopTesting
import Testing

@testable import OuterloopSearch

@Suite struct ProgressiveHalvingTests {
  /// Places that a trial could have had but for eps.
  @Test func rankings() {
    func agrees(_ losses: [(Double, Double)], within epsilon: Double = 0) -> Bool {
      Ranking(losses.map { (above: $0.0, below: $0.1) }).agrees(within: epsilon)
    }
    #expect(agrees([]))
    #expect(agrees([(5, 1)]))
    #expect(agrees([(3, 30), (1, 10), (2, 20)]))
    // The best above was 2 below, where the best was 1.
    #expect(!agrees([(2, 1), (1, 2)]))
    #expect(!agrees([(2, 1), (1, 2)], within: 0.9))
    #expect(agrees([(2, 1), (1, 2)], within: 1))
    // Neighbours of neighbours: 3 stands where 1 stood.
    #expect(!agrees([(3, 1), (2, 2), (1, 3)], within: 1))
    #expect(agrees([(3, 1), (2, 2), (1, 3)], within: 2))
    // Equal above, or equal below.
    #expect(agrees([(1, 2), (1, 1)]))
    #expect(agrees([(1, 2), (2, 2)]))
    #expect(!agrees([(.infinity, 1), (1, 2)]))
    #expect(agrees([(.infinity, .infinity), (1, 2), (.infinity, .infinity)]))
  }

  /// Curves that cross and cross back, by hand.
  @Test func noise() {
    func noise(_ curves: [[Double]], low: Int = 1, high: Int = 3) -> RankingNoise {
      var noise = RankingNoise(low: low, high: high)
      for epoch in 1...(curves.map(\.count).max() ?? 1) {
        for (trial, curve) in curves.enumerated() where curve.count >= epoch {
          noise.observe(curve[epoch - 1], of: trial, at: epoch)
        }
      }
      return noise
    }
    #expect(noise([[1, 2, 1], [2, 1, 2.5]]).epsilon == 1.5)
    // Crossed once, never, and level at the end.
    #expect(noise([[1, 2, 2], [2, 1, 1]]).epsilon == 0)
    #expect(noise([[1, 1, 1], [2, 2, 2]]).epsilon == 0)
    #expect(noise([[1, 2, 1], [2, 1, 1]]).epsilon == 0)
    // The last epoch of both counts, up to the upper one.
    #expect(noise([[1, 2, 1], [2, 1, 2.5, 9, 9]]).epsilon == 1.5)
    #expect(noise([[1, 2, 1, 0], [2, 1, 2.5, 9]]).epsilon == 1.5)
    // Only before the window: no noise is known of.
    #expect(noise([[1, 2, 1], [2, 1, 2.5]], low: 3, high: 9).epsilon == 0)
    // Distances 1.5 and 2.5: their 90th percentile is 0.9 of the way from one to the other.
    let three = noise([[1, 2, 1], [2, 1, 2.5], [1.5, 1.5, 3.5], [9, 9, 9]])
    #expect(abs(three.epsilon - 2.4) < 1e-12)
    // A gap, and what is no number, are passed over.
    #expect(noise([[1, 2, .nan, 1], [2, 1, 7, 2.5]], high: 4).epsilon == 1.5)
    // What was there first stays, and eps stays where a later window has no pair.
    var late = noise([[1, 2, 1], [2, 1, 2.5]])
    late.observe(100, of: 0, at: 3)
    #expect(late.epsilon == 1.5)
    late.move(low: 3, high: 9)
    #expect(late.epsilon == 1.5)
  }

  /// Reports of studies under PASHA in another implementation (Syne Tune 0.14): the same eps and the same top rung
  /// after each of them, in both directions.
  @Test(arguments: [Objective.minimize("loss"), .maximize("loss")])
  func agreesWithAnotherImplementation(_ objective: Objective) throws {
    let cases = try Golden.load("pasha", as: [[[Double]]].self)
    var tops: Set<Int> = []
    for steps in cases {
      let method = SearchMethod(.random, .pasha())
      let specification = try StudySpecification(
        name: "s", space: .cube(1), objectives: [objective], method: method.description, seed: 1,
        epochs: 81)
      var scheduler = try ProgressiveHalving(specification, ProgressiveHalvingOptions())
      var history = OuterloopStudy.History()
      func take(_ kind: Event.Kind, _ trial: Int) throws {
        let event = Event(revision: history.revision + 1, time: 0, trial: trial, kind)
        try history.take(event)
        scheduler.observe(event, in: history)
      }
      for step in steps {
        let (trial, epoch) = (Int(step[0]), Int(step[1]))
        if trial == history.trials.count {
          let assignment = try specification.space.assignment(["x0": .float(0.5)])
          try take(.suggested(assignment, through: 81, seen: history.revision), trial)
          try take(.claimed(attempt: 1, worker: "w"), trial)
        }
        let value = objective.direction == .minimize ? step[2] : -step[2]
        try take(.reported(attempt: 1, Report(epoch: epoch, ["loss": value])), trial)
        let top = scheduler.halving.epochs[scheduler.halving.top]
        tops.insert(top)
        if top == 81, step[4] == 81 { break }
        let epsilon: Double = scheduler.noise[0].epsilon
        guard Double(top) == step[4], abs(epsilon - step[3]) < 1e-9 else {
          Issue.record("\(step): top \(top), eps \(epsilon)")
          break
        }
      }
    }
    #expect(tops == [3, 9, 27, 81])
  }

  /// While the second rung ranks trials as the first one does, none is trained beyond; the best one is in the end.
  @Test func staysWhileRankingsAgree() throws {
    let study = try TrainingSimulation.small("pasha", epochs: 27, trials: 9) { trial, _ in
      .values([Double(trial.number)])
    }
    #expect(study.reached == [27, 3, 3, 1, 1, 1, 1, 1, 1])
    let asha = try TrainingSimulation.small("asha", epochs: 27, trials: 9) { trial, _ in
      .values([Double(trial.number)])
    }
    #expect(asha.reached == [27, 3, 3, 1, 1, 1, 1, 1, 1])
    let steps = { (study: TrainingSimulation) in
      study.study.events.compactMap { event -> Int? in
        if case .continued(let through, _) = event.kind { through } else { nil }
      }
    }
    #expect(steps(study) == [3, 3, 3, 27])
    #expect(steps(asha) == [3, 3, 3, 9, 27])
  }

  /// The first trial falls behind after epoch 1: the ranking changes, and a third rung is added.
  @Test(arguments: [false, true]) func risesWhereRankingsDisagree(_ diverges: Bool) throws {
    let study = try TrainingSimulation.small("pasha", epochs: 27, trials: 9) { trial, epoch in
      .values([
        trial.number == 0 && epoch > 1 ? (diverges ? .nan : 5) : Double(trial.number)
      ])
    }
    #expect(study.reached == [3, 27, 3, 1, 1, 1, 1, 1, 1])
    #expect(
      study.study.events.contains {
        if case .continued(9, _) = $0.kind { $0.trial == 1 } else { false }
      })
  }

  /// Of several objectives each has its ranking: one that changes is enough.
  @Test func severalObjectives() throws {
    func promotions(_ second: @escaping (Int, Int) -> Double) throws -> Set<Int> {
      let study = try TrainingSimulation.small(
        "pasha", objectives: [.minimize("a"), .maximize("b")], epochs: 27, trials: 18, workers: 3
      ) { trial, epoch in
        .values([Double(trial.number), second(trial.number, epoch)])
      }
      let goals = study.study.events.compactMap { event -> Int? in
        if case .continued(let through, _) = event.kind { through } else { nil }
      }
      return Set(goals)
    }
    #expect(try promotions { trial, _ in -Double(trial) } == [3, 27])
    #expect(
      try promotions { trial, epoch in epoch > 1 ? Double(trial) : -Double(trial) }.contains(9))
  }

  /// With two rungs or one there is nothing to add.
  @Test func fewRungs() throws {
    for epochs in [2, 3, 5] {
      let study = try TrainingSimulation.small("pasha", epochs: epochs, trials: 9) { trial, epoch in
        .values([Double((trial.number * epoch) % 5)])
      }
      #expect(study.study.trials.contains { $0.state == .complete }, "\(epochs)")
    }
  }
}

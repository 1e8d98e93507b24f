import OuterloopSearch
import OuterloopStudy
import OuterloopTesting
import Testing

/// What schedulers decide, on small studies that can be followed by hand.
@Suite struct SchedulerTests {
  /// A study of one parameter whose trials report these values by number, at every epoch.
  private func run(
    _ scheduler: String, sampler: String = "random", epochs: Int, trials: Int, workers: Int = 1,
    _ report: @escaping (Int, Int) -> TrainingSimulation.Report
  ) throws -> TrainingSimulation {
    let method = try SearchMethod.named(
      MethodDescription(
        ComponentDescription(sampler), scheduler: ComponentDescription(parsing: scheduler)))
    let specification = try StudySpecification(
      name: "s", space: .cube(1), objectives: [.minimize("loss")], method: method.description,
      seed: 1, epochs: epochs)
    var simulation = try TrainingSimulation(specification, method, workers: workers)
    try simulation.run(trials: trials) { report($0.number, $1) }
    #expect(simulation.wrong == [])
    return simulation
  }

  private func epochs(_ simulation: TrainingSimulation) -> [Int] {
    simulation.study.trials.map { $0.reports.last?.epoch ?? 0 }
  }

  /// ASHA with eta = 3: whoever is in the first third of a rung goes on, the highest rung first.
  @Test func ashaPromotes() throws {
    let values: [Double] = [5, 6, 1, 7, 8, 2, 9, 10, 3]
    let study = try run("asha", epochs: 9, trials: 9) { trial, _ in .values([values[trial]]) }
    // Trials 2, 5 and 8 go on as the third, sixth and ninth end; then three are on the second rung.
    #expect(epochs(study) == [1, 1, 9, 1, 1, 3, 1, 1, 3])
    let goals = study.study.events.compactMap { event -> Int? in
      if case .continued(let through, _) = event.kind { through } else { nil }
    }
    #expect(goals == [3, 3, 3, 9])
  }

  /// Of equal values the earlier trials go on.
  @Test func tiesGoToTheEarlier() throws {
    let study = try run("asha", epochs: 9, trials: 9) { _, _ in .values([1]) }
    #expect(epochs(study) == [9, 3, 3, 1, 1, 1, 1, 1, 1])
  }

  /// Trials that run on are stopped at a rung unless they are in the first third there.
  @Test func ashaStops() throws {
    let study = try run("asha:stopping=true", epochs: 9, trials: 4) { trial, _ in
      .values([Double(trial)])
    }
    #expect(epochs(study) == [9, 1, 1, 1])
    #expect(study.study.trials.map(\.state) == [.complete, .pruned, .pruned, .pruned])
  }

  /// Synchronous halving compares at the rung, not the best value so far, and gives the others up.
  @Test func halvingRanksAtTheRung() throws {
    let study = try run("halving", epochs: 3, trials: 3) { trial, epoch in
      // Trial 0 was good at first; what counts is the value at epoch 1.
      .values([epoch == 1 ? [2, 1, 3][trial] : 0])
    }
    #expect(epochs(study) == [1, 3, 1])
    #expect(study.study.trials.map(\.state) == [.pruned, .complete, .pruned])
  }

  /// Brackets in turn: 9 trials through epoch 1, then 5 through epoch 3, then 3 through 9.
  @Test func hyperbandTakesBracketsInTurn() throws {
    let study = try run("hyperband", epochs: 9, trials: 17) { trial, _ in .values([Double(trial)]) }
    let begun = study.study.events.compactMap { event -> Int? in
      if case .suggested(_, let through, _) = event.kind { through } else { nil }
    }
    let expected: [Int] = [1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 3, 3, 3, 3, 9, 9, 9]
    #expect(begun == expected)
    #expect(epochs(study) == [9, 3, 3, 1, 1, 1, 1, 1, 1, 9, 3, 3, 3, 3, 9, 9, 9])
    #expect(study.study.history.openCount == 0)
  }

  /// A worker that would have to wait for the last trial of a rung begins the next bracket.
  @Test func nobodyWaitsForARung() throws {
    let study = try run("hyperband", epochs: 9, trials: 12, workers: 3) { trial, _ in
      .values([Double(trial)])
    }
    #expect(study.study.trials.allSatisfy { $0.state.isFinished })
  }

  /// A value that is no number is the worst of its rung, and its trial is given up like the others.
  @Test(arguments: ["halving", "hyperband"]) func notANumberIsTheWorst(_ scheduler: String) throws {
    let study = try run(scheduler, epochs: 9, trials: 9) { trial, _ in
      .values([trial % 2 == 0 ? .nan : Double(trial)])
    }
    #expect(epochs(study) == [1, 9, 1, 3, 1, 3, 1, 1, 1])
    #expect(study.study.trials.allSatisfy { $0.state.isFinished })
  }

  /// The median rule: after five complete trials, who is worse than their median at an epoch.
  @Test func medianStops() throws {
    let study = try run("median", epochs: 6, trials: 8) { trial, epoch in
      .values([[1, 2, 3, 4, 5, 2.9, 3.1, 3][trial] + (epoch == 1 ? 10 : 0)])
    }
    // The warm-up is one epoch, so that the first verdict is after the second.
    #expect(epochs(study) == [6, 6, 6, 6, 6, 6, 2, 2])
    #expect(study.study.trials[6].state == .pruned)
  }

  /// A trial that no longer improves is complete, with what it reported last.
  @Test func patienceCompletes() throws {
    let study = try run("patience:epochs=2", epochs: 9, trials: 1) { _, epoch in
      .values([epoch < 3 ? Double(9 - epoch) : 7.5])
    }
    #expect(epochs(study) == [4])
    #expect(study.study.trials[0].values == [7.5])
  }

  @Test func thresholdPrunes() throws {
    let study = try run("threshold:bound=2,warmup=1", epochs: 9, trials: 3) { trial, epoch in
      .values([[3, 2, .nan][trial]])
    }
    #expect(epochs(study) == [2, 9, 2])
  }

  /// A program without checkpoints begins again at each rung, and its values at a rung stay those that it had
  /// when it first got there.
  @Test func valuesOfARungStay() throws {
    let method = SearchMethod.random.scheduled(by: .asha())
    let specification = try StudySpecification(
      name: "s", space: .cube(1), objectives: [.minimize("loss")], method: method.description,
      seed: 1, epochs: 3)
    var simulation = try TrainingSimulation(specification, method)
    simulation.firstCheckpoint = nil
    var seen: Set<Int> = []
    try simulation.run(trials: 6) { trial, epoch in
      // The second time it looks far worse at the first rung.
      let isFirst = seen.insert(trial.number).inserted
      return .values([isFirst ? Double(trial.number) : epoch == 1 ? 100 : 1])
    }
    #expect(simulation.study.trials.filter { $0.state == .complete }.map(\.number) == [0, 1])
  }

  /// A sampler learns from what trials were worth at a rung, long before one is complete.
  @Test(arguments: ["tpe", "gp", "cmaes", "nsga2"]) func samplersLearnFromRungs(_ name: String)
    throws
  {
    let method = try SearchMethod.named(
      MethodDescription(ComponentDescription(name), scheduler: ComponentDescription("asha")))
    let specification = try StudySpecification(
      name: "s", space: .cube(2), objectives: [.minimize("loss")], method: method.description,
      seed: 3, epochs: 27)
    var simulation = try TrainingSimulation(specification, method, workers: 2)
    func distance(_ trial: Trial) -> Double {
      trial.assignment.values.reduce(0) { $0 + abs(($1?.number ?? 0) - 0.25) }
    }
    try simulation.run(trials: 80) { .values([distance($0) + 1 / Double($1)]) }
    #expect(simulation.wrong == [])
    let trials = simulation.study.trials
    let early: Double = trials.prefix(20).map(distance).reduce(0, +) / 20
    let late: Double = trials.suffix(20).map(distance).reduce(0, +) / 20
    // Random search has a mean of .625; that of 20 is below .45 with a probability under .001.
    #expect(late < min(0.45, early), "\(name)")
  }

  /// What `auto` takes, and why.
  @Test func automaticChoices() throws {
    func name(
      sampler: String = "auto", objectives: [Objective] = [.minimize("loss")], epochs: Int = 9,
      _ budget: Budget = Budget(trials: 50)
    ) throws -> String? {
      let method = MethodDescription(
        ComponentDescription(sampler), scheduler: ComponentDescription("auto"))
      return try StudySpecification(
        name: "s", space: .cube(1), objectives: objectives, method: method, seed: 1,
        epochs: epochs, budget: budget
      ).automaticTraining?.name
    }
    #expect(try name() == "freeze-thaw")
    #expect(try name(sampler: "tpe") == "asha")
    #expect(try name(objectives: [.minimize("a"), .maximize("b")]) == "asha")
    #expect(try name(Budget(trials: 9)) == "to the end")
    #expect(try name(Budget(trials: 9, epochs: 100)) == "freeze-thaw")
    #expect(try name(epochs: 1) == "to the end")
  }

  /// A program that never writes a checkpoint is trained in one go once a trial has begun at epoch 0 again and
  /// rests without one for the second time. One that writes its first checkpoint late goes on from it.
  @Test(arguments: [nil, 1, 2, 3] as [Int?], ["auto", "tpe"])
  func automaticWithoutCheckpoints(_ first: Int?, _ sampler: String) throws {
    let method = SearchMethod.automaticTraining(sampler == "auto" ? .auto() : .tpe())
    let specification = try StudySpecification(
      name: "s", space: .cube(1), objectives: [.minimize("loss")], method: method.description,
      seed: 1, epochs: 9, budget: Budget(trials: 20))
    var simulation = try TrainingSimulation(specification, method)
    simulation.firstCheckpoint = first
    try simulation.run(trials: 20) { .values([Double($0.number % 7) + 1 / Double($1)]) }
    #expect(simulation.wrong == [])
    // The event at which the first trial rests again that began at epoch 0 again.
    var rests: [Int: Int] = [:]
    let restart = simulation.study.events.first { event in
      guard case .paused = event.kind else { return false }
      rests[event.trial, default: 0] += 1
      return rests[event.trial] == 2
    }
    // Freeze-thaw goes on by one epoch at a time, asha from 1 to 3: who writes none by then is found out.
    let isFoundOut = first.map { $0 > (sampler == "auto" ? 2 : 3) } ?? true
    let switched = isFoundOut ? try #require(restart).revision : .max
    for event in simulation.study.events {
      guard case .suggested(_, let through, let seen) = event.kind else { continue }
      #expect(through == (seen < switched ? 1 : 9), "\(event)")
    }
    #expect(simulation.study.trials.contains { $0.state == .pruned } == isFoundOut)
  }

  /// What it takes is in the log, once for each change, and the change comes with closures that write no checkpoint.
  @Test func automaticChoicesAreEvents() async throws {
    var space = SearchSpace()
    let x = try space.float("x", 0...1)
    let study = try await Study(
      space, .minimize("loss"), by: .automaticTraining(), seed: 1, epochs: 9)
    try await study.run(trials: 20) { trial in
      for epoch in trial.from + 1...trial.through {
        guard try await trial.report(epoch: epoch, ["loss": trial[x] + 1 / Double(epoch)]) else {
          return 0
        }
      }
      return trial[x]
    }
    let events = try await study.store.events(of: study.id, after: 0, limit: .max)
    let told = events.compactMap { event -> String? in
      guard case .chosen(let text) = event.kind else { return nil }
      return text
    }
    #expect(
      told == [
        "freeze-thaw while programs continue from checkpoints, else asha",
        "asha with stopping, since trials restart without a checkpoint; "
          + "gp for one objective and up to 500 trials",
      ])
    let first = events.first { if case .budgeted = $0.kind { false } else { true } }
    #expect(first.map { $0.kind == .chosen(told[0]) } == true)
    #expect(try await study.trials().count == 20)
  }

  /// A Swift closure learns it from its report, and what it reports afterwards changes nothing.
  @Test func closuresAreStopped() async throws {
    var space = SearchSpace()
    let x = try space.float("x", 0...1)
    var options = AsynchronousHalvingOptions()
    options.stopping = true
    let study = try await Study(
      space, .minimize("loss"), by: .random.scheduled(by: .asha(options)), seed: 1, epochs: 9)
    try await study.run(trials: 12) { trial in
      for epoch in trial.from + 1...trial.through {
        guard try await trial.report(epoch: epoch, ["loss": trial[x]]) else { return 0 }
      }
      return trial[x]
    }
    let trials = try await study.trials()
    let pruned = trials.filter { $0.state == .pruned }
    #expect(pruned.count > 4 && pruned.allSatisfy { [1, 3].contains($0.reports.last?.epoch) })
    #expect(trials.count { $0.state == .complete } == 12 - pruned.count)
    #expect(try await study.best()?.values?[0] != 0)
  }

  @Test func unknownNames() throws {
    #expect(throws: StudyError.self) {
      try SearchMethod.named(
        MethodDescription(ComponentDescription("tpe"), scheduler: ComponentDescription("hiperband"))
      )
    }
    let error = #expect(throws: StudyError.self) {
      try SearchMethod.named(
        MethodDescription(ComponentDescription("tpe"), scheduler: ComponentDescription("threshold"))
      )
    }
    #expect(error?.what.contains("has no bound") == true)
    let asha = SearchMethod.random.scheduled(by: .asha())
    let single = try StudySpecification(
      name: "s", space: .cube(1), objectives: [.minimize("loss")], method: asha.description, seed: 1
    )
    let refusal = #expect(throws: StudyError.self) { try asha.searcher(single) }
    #expect(refusal?.what.contains("nothing to decide") == true)
  }
}

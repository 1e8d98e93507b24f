import OuterloopNumerics
import OuterloopStudy
import OuterloopTesting
import Testing

@testable import OuterloopSearch

/// What CMA-ES does beyond the package that it is compared with.
@Suite struct DistributionTests {
  private func space(_ declarations: String...) throws -> SearchSpace {
    try SearchSpace(parsing: declarations)
  }

  private func simulation(
    _ space: SearchSpace, _ method: SearchMethod, seed: UInt64 = 3,
    _ objective: Objective = .minimize("loss")
  ) throws -> SearchSimulation {
    try SearchSimulation(space, [objective], by: method, seed: seed)
  }

  // MARK: Parts

  @Test func weightsAreThoseOfTheTutorial() {
    for (n, population) in [(1, 4), (3, 7), (10, 10), (40, 15), (2, 100)] {
      let parameters = CMAParameters(dimensions: n, population: population)
      #expect(abs(parameters.weights.prefix(population / 2).reduce(0, +) - 1) < 1e-12)
      // Active weights keep C positive definite: the decay of C plus what they take is not negative.
      let negative = parameters.weights.filter { $0 < 0 }.reduce(0, +)
      let decay =
        1 - parameters.rankOneRate - parameters.rankMuRate * parameters.weights.reduce(0, +)
      #expect(decay + Double(n) * parameters.rankMuRate * negative > -1e-12)
    }
    #expect(CMAParameters.standardPopulation(10) == 10 && CMAParameters.standardPopulation(1) == 4)
  }

  /// A point far away moves the mean by no more than the limit of its step allows.
  @Test func injectedStepsAreShortened() {
    let parameters = CMAParameters(dimensions: 3, population: 6)
    let far: [Double] = [1000, 0, 0]
    let others = (0..<5).map { [0.1 * Double($0), -0.2, 0.05 * Double($0)] }
    func moved(_ isInjected: [Bool]) -> CovarianceAdaptation {
      var state = CovarianceAdaptation(parameters, mean: [0, 0, 0], sigma: 0.5)
      state.update([far] + others, isInjected: isInjected)
      return state
    }
    let limit = 3.0.squareRoot() + 6.0 / 5
    let injected = moved([true] + [Bool](repeating: false, count: 5))
    let want =
      0.5 * (parameters.weights[0] * limit + parameters.weights[2] * 0.1)
    #expect(abs(injected.mean[0] - want) < 1e-12)
    #expect(injected.sigma <= 0.5 * 2.7183)
    #expect(moved([]).mean[0] > 100)
    // Points that are not far are taken as they are.
    let near = [[0.3, 0, 0]] + others
    var (a, b) = (
      CovarianceAdaptation(parameters, mean: [0, 0, 0], sigma: 0.5),
      CovarianceAdaptation(parameters, mean: [0, 0, 0], sigma: 0.5)
    )
    a.update(near)
    b.update(near, isInjected: [true, false, true, false, false, true])
    #expect(a.mean == b.mean && a.covariance == b.covariance && a.sigma == b.sigma)
  }

  @Test func gridsKnowTheirThresholds() throws {
    let log = try NumericRange(1, 300, log: true, step: 1)
    let grids: [CoordinateGrid] = [
      CoordinateGrid(cells: 2), CoordinateGrid(cells: 7), CoordinateGrid(log),
      CoordinateGrid(count: 11, first: 0, step: 0.1),
      CoordinateGrid(try NumericRange(-3, 30, step: 3)),
    ]
    for grid in grids {
      for index in 0..<grid.count {
        #expect(grid.index(of: grid.place(index)) == index)
        guard index + 1 < grid.count else { continue }
        let threshold = grid.threshold(index)
        #expect(grid.place(index) < threshold && threshold < grid.place(index + 1))
        #expect(grid.index(of: threshold.nextUp.nextUp) == index + 1)
        #expect(grid.index(of: threshold) == index)
      }
      #expect(grid.index(of: -.infinity) == 0 && grid.index(of: .infinity) == grid.count - 1)
      #expect(grid.index(of: -5) == 0 && grid.index(of: 5) == grid.count - 1)
    }
    // As the space rounds.
    for step in 0...1000 {
      let unit = (Double(step) + 0.37) / 1001
      #expect(log.value(atUnit: unit) == log.gridValue(grids[2].index(of: unit)))
    }
  }

  /// The margin holds after updates that pull all to one value.
  @Test func marginsKeepNeighboursAlive() {
    let parameters = CMAParameters(dimensions: 2, population: 6)
    let grids: [CoordinateGrid?] = [CoordinateGrid(cells: 5), nil]
    for isMixed in [false, true] {
      let start = CovarianceAdaptation(parameters, mean: [0.5, 0.5], sigma: 0.2)
      var margin = MarginSearch(start, grids: grids)
      var mixed = MixedSearch(start, grids: grids, discrete: 1)
      var draws = Draws(seed: 1, .setup, trial: 7)
      for _ in 0..<60 {
        let points = (0..<6).map { _ in
          isMixed ? mixed.draw { draws.normals(2) } : margin.draw { draws.normals(2) }
        }.sorted { abs($0[0] - 0.7) < abs($1[0] - 0.7) }
        if isMixed { mixed.update(points) } else { margin.update(points) }
      }
      let gaussian = isMixed ? mixed.gaussian : margin.gaussian
      let scale = isMixed ? mixed.scales[0] : margin.scales[0]
      let deviation = gaussian.sigma * gaussian.deviation(0) * scale
      let home = CoordinateGrid(cells: 5).index(of: gaussian.mean[0])
      #expect(home == 3)
      let (below, above) = CoordinateGrid(cells: 5).thresholds(around: gaussian.mean[0])
      let away =
        NormalMargin.cdf(below, mean: gaussian.mean[0], deviation: deviation)
        + 1 - NormalMargin.cdf(above, mean: gaussian.mean[0], deviation: deviation)
      // alpha = 1 / (n lambda) for both sides of CMA-ES with margin; 27 % for CatCMA.
      #expect(away >= (isMixed ? 0.26 : 1.0 / 12.0 - 1e-9), "\(isMixed): \(away)")
    }
  }

  @Test func choicesKeepTheirMargin() {
    var choices = ChoiceDistribution(counts: [3, 2], discrete: 2)
    let weights = [0.6, 0.3, 0.1]
    for _ in 0..<200 { choices.update([[1, 0], [1, 0], [1, 0]], weights: weights) }
    let margin = ChoiceDistribution.margin(2)
    #expect(abs(choices.probabilities[0][1] - (1 - margin)) < 1e-9)
    #expect(abs(choices.probabilities[0][0] - margin / 2) < 1e-9)
    for row in choices.probabilities { #expect(abs(row.reduce(0, +) - 1) < 1e-12) }
    // Inactive ones pull nowhere.
    let before = choices.probabilities[1]
    choices.update([[0, nil], [0, nil], [0, nil]], weights: weights)
    #expect(choices.probabilities[1] == before)
    #expect(choices.probabilities[0][0] > margin / 2)
  }

  // MARK: The fold

  /// A search that many workers share is not worse than one that throws late results away would be: it
  /// converges at all.
  @Test(arguments: [1, 4, 12])
  func parallelWorkers(workers: Int) throws {
    for method in [SearchMethod.cmaes(), .catcma()] {
      var study = try simulation(
        space("x=float(0, 1)", "y=float(0, 1)", "z=float(0, 1)"), method)
      var open: [Trial] = []
      var uniform = Draws(seed: 9, .setup, trial: workers)
      for _ in 0..<300 {
        while open.count < workers {
          guard let trial = try study.ask() else { break }
          open.append(trial)
        }
        let trial = open.remove(at: uniform.index(below: open.count))
        let x = trial.assignment.numbers
        try study.tell(
          trial.number,
          .complete([
            x.enumerated().reduce(0) { $0 + ($1.1 - 0.3) * ($1.1 - 0.3) * Double($1.0 + 1) }
          ]))
      }
      #expect(study.bestLoss < 1e-3, "\(workers) workers: \(study.bestLoss)")
    }
  }

  /// Results known before the first proposal are where it begins.
  @Test func beginsWhereOthersWereGood() throws {
    let space = try space("x=float(0, 1)", "y=log(1e-4, 1)")
    for method in [SearchMethod.cmaes(), .catcma()] {
      var study = try simulation(space, method)
      for number in 0..<20 {
        let x = number < 2 ? 0.9 : 0.05 * Double(number)
        let given = try space.assignment(["x": .float(x), "y": .float(1e-3)])
        try study.take(.enqueued(given, through: 1), of: number)
        try study.take(.claimed(attempt: 1, worker: "w"), of: number)
        try study.tell(number, .complete([number < 2 ? 0 : 1]))
      }
      var places: [Double] = []
      for _ in 0..<40 {
        guard let trial = try study.ask() else { break }
        places.append(trial.assignment["x"]?.number ?? .nan)
      }
      let mean = places.reduce(0, +) / Double(places.count)
      // Standard deviation .1, 40 draws: the mean is within .08 but for one in a million; clipped at 1.
      #expect(places.count == 40 && abs(mean - 0.9) < 0.08, "\(mean)")
    }
  }

  /// Gridded and inactive coordinates keep the places where they were drawn: a replay that sees proposals
  /// of its own makes the same ones, and so does one that cannot know them by heart.
  @Test func drawsAreFoundAgain() throws {
    let space = try space(
      "n=int(1, 4)", "x=float(0, 1)", "c=choice(a, b)", "m=float(0, 1) if c == a")
    for method in [SearchMethod.cmaes(), .catcma()] {
      var study = try simulation(space, method)
      var open: [Trial] = []
      for step in 0..<90 {
        guard let trial = try study.ask() else { break }
        open.append(trial)
        if step % 3 == 2 {
          for trial in open.reversed() {
            let n = trial.assignment["n"]?.number ?? 0
            let x = trial.assignment["x"]?.number ?? 0
            try study.tell(trial.number, .complete([abs(n - 3) + x]))
          }
          open = []
        }
      }
      var again = try SearchSimulation(study.specification, method, replaying: study.events)
      for _ in 0..<10 {
        let (first, second) = (try study.ask(), try again.ask())
        #expect(first?.assignment == second?.assignment)
      }
    }
  }

  /// A run that has converged is followed by others; without restarts it is not.
  @Test func restarts() throws {
    let space = try space("x=float(0, 1)", "y=float(0, 1)")
    func spread(_ restarts: Bool) throws -> Double {
      var options = CMAOptions()
      options.restarts = restarts
      var study = try simulation(space, .cmaes(options))
      try study.run(500) { trial in
        .complete([trial.assignment.numbers.reduce(0) { $0 + ($1 - 0.4) * ($1 - 0.4) }])
      }
      let late = study.trials.suffix(120).map { $0.assignment["x"]?.number ?? .nan }
      return (late.max() ?? 0) - (late.min() ?? 0)
    }
    #expect(try spread(true) > 0.1)
    #expect(try spread(false) < 1e-6)
  }

  @Test func smallRunsFollowLargeOnes() {
    var restarts = Restarts(population: 8, seed: 1)
    var runs: [Restarts.Run] = []
    for _ in 0..<12 {
      runs.append(restarts.run)
      for _ in 0..<(restarts.run.population * 30) { restarts.count() }
      _ = restarts.restart()
    }
    #expect(runs[0].isLarge && runs[1].isLarge && !runs[2].isLarge)
    #expect(runs[0].population == 8 && runs[1].population == 16)
    let large = runs.filter(\.isLarge).map(\.population)
    #expect(zip(large, large.dropFirst()).allSatisfy { $1 == 2 * $0 })
    for run in runs where !run.isLarge {
      #expect((8...(large.last ?? 0)).contains(run.population))
      #expect((0.01...1).contains(run.stepFactor) && run.limit < .max)
    }
  }

  /// Minimizing f and maximizing -f propose the same, also where a penalty looks at the losses.
  @Test func directions() throws {
    let space = try space("x=float(0, 1)", "y=float(0, 1)", "n=int(0, 6)", "c=choice(a, b, c)")
    for method in [SearchMethod.cmaes(), .catcma()] {
      func assignments(_ sign: Double, _ direction: Objective.Direction) throws -> [Assignment] {
        var study = try simulation(space, method, Objective("loss", direction))
        try study.run(150) { trial in
          .complete([sign * trial.assignment.numbers.reduce(0, +)])
        }
        return study.trials.map(\.assignment)
      }
      #expect(try assignments(1, .minimize) == assignments(-1, .maximize))
    }
  }

  @Test func severalObjectivesAreRefused() throws {
    let space = try space("x=float(0, 1)")
    for method in [SearchMethod.cmaes(), .catcma(), .differentialEvolution()] {
      #expect(throws: StudyError.self) {
        try SearchSimulation(space, [.minimize("a"), .minimize("b")], by: method)
      }
    }
  }

  // MARK: What is found

  /// Regrets after 300 trials are below those of random search by far: each of 10 seeds below the median of
  /// random search (alpha 1e-3).
  @Test(arguments: ["cmaes", "catcma", "de", "nsga2", "nsga3"])
  func findsMore(name: String) throws {
    let method = try SearchMethod.named(MethodDescription(name))
    let problem = TestProblem.hartmann6
    let space = try SearchSpace.cube(6)
    func regret(_ method: SearchMethod, _ seed: UInt64) throws -> Double {
      var study = try simulation(space, method, seed: seed)
      try study.run(300) {
        .complete([problem.value($0.assignment.numbers)])
      }
      return study.bestLoss - problem.optimum
    }
    let random = try (0..<10).map { try regret(.random, $0) }.sorted()
    let found = try (0..<10).map { try regret(method, $0) }
    #expect(found.allSatisfy { $0 < random[5] }, "\(found.sorted()) against \(random)")
  }
}

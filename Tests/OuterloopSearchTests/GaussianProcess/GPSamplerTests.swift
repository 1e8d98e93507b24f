import OuterloopSearch
import OuterloopStudy
import OuterloopTesting
import Testing

@Suite struct GPSamplerTests {
  private func study(
    _ space: SearchSpace, seed: UInt64 = 1, _ change: (inout GPOptions) -> Void = { _ in }
  ) throws -> SearchSimulation {
    var options = GPOptions()
    change(&options)
    let method = SearchMethod.gp(options)
    return try SearchSimulation(
      StudySpecification(
        name: "gp", space: space, objectives: [.minimize("loss")], method: method.description,
        seed: seed), method)
  }

  private func space(_ problem: TestProblem) throws -> SearchSpace {
    var space = SearchSpace()
    for (place, range) in problem.bounds.enumerated() { _ = try space.float("x\(place)", range) }
    return space
  }

  private static let mixed = [
    "x=float(-2, 6)", "rate=log(1e-4, 1)", "depth=int(1, 9)", "kind=choice(a, b, c)",
  ]

  /// The first configuration is the middle of numbers on their scales, with the choice of the Sobol point; those
  /// that follow up to the model are of `sobol`.
  @Test func beginsInTheMiddle() throws {
    let space = try SearchSpace(parsing: Self.mixed)
    var study = try study(space)
    var sobol = try SearchSimulation(space, by: .sobol)
    let first = try #require(try study.ask()).assignment
    let point = try #require(try sobol.ask()).assignment
    #expect(first["x"]?.number == 2 && first["depth"]?.number == 5)
    #expect(abs((first["rate"]?.number ?? 0) - 1e-2) < 1e-15)
    #expect(first["kind"] == point["kind"])
    for _ in 1..<10 {
      let (ours, theirs) = (try study.ask(), try sobol.ask())
      #expect(ours?.assignment == theirs?.assignment)
    }
  }

  /// Where the middle is forbidden the first one is the Sobol point, and for several objectives.
  @Test func beginsElsewhere() throws {
    let plain = try SearchSpace(parsing: Self.mixed)
    let tight = try SearchSpace(parsing: Self.mixed, forbidden: ["depth == 5"])
    let several: [Objective] = [.minimize("a"), .minimize("b")]
    for (space, objectives) in [(tight, [.minimize("loss")]), (plain, several)] {
      var study = try SearchSimulation(space, objectives, by: .gp())
      var sobol = try SearchSimulation(space, objectives, by: .sobol)
      let (ours, theirs) = (try study.ask(), try sobol.ask())
      #expect(ours?.assignment == theirs?.assignment)
    }
  }

  /// What was enqueued is not suggested: the middle comes after it, unless it was that.
  @Test func beginsAfterWhatWasEnqueued() throws {
    let space = try SearchSpace(parsing: Array(Self.mixed.dropLast()))
    var (alone, sobol) = (try study(space), try SearchSimulation(space, by: .sobol))
    let middle = try #require(try alone.ask()).assignment
    let other = try #require(try sobol.ask()).assignment
    let second = try #require(try sobol.ask()).assignment
    for (enqueued, expected) in [(middle, second), (other, middle)] {
      var study = try study(space)
      try study.take(.enqueued(enqueued, through: 1), of: 0)
      try study.take(.claimed(attempt: 1, worker: "w"), of: 0)
      #expect(try study.ask()?.assignment == expected)
    }
  }

  /// Regrets that random search does not come near in thousands of trials; fixed seeds.
  @Test(arguments: [
    (TestProblem.branin, 35, 0.05), (TestProblem.hartmann3, 35, 0.02),
    (TestProblem.sixHumpCamel, 35, 0.02), (TestProblem.sphere(5), 45, 0.1),
  ])
  func findsTheOptimum(_ problem: TestProblem, _ trials: Int, _ regret: Double) throws {
    for seed: UInt64 in [1, 2] {
      var study = try study(space(problem), seed: seed)
      try study.run(trials) { trial in
        .complete([problem.value(trial.assignment.values.compactMap { $0?.number })])
      }
      #expect(study.bestLoss - problem.optimum < regret, "seed \(seed)")
    }
  }

  /// A choice, integers and a condition: the right branch, and the right values in it.
  @Test func findsTheBranch() throws {
    let space = try SearchSpace(
      [
        "kind=choice(a, b, c)", "rate=log(1e-5, 1)", "depth=int(1, 12) if kind == b",
        "share=float(0, 1) if kind == a", "width=int(8, 1024, log) if kind == b",
      ].map { try ParameterDeclaration(parsing: $0) })
    var study = try study(space)
    try study.run(50) { trial in
      func number(_ name: String) -> Double { trial.assignment[name]?.number ?? .nan }
      let rate = number("rate") * 1e5
      // The logarithm's place in 0...1, without a C library.
      var place = 0.0
      var rest = rate
      while rest >= 10 {
        rest /= 10
        place += 1
      }
      place = (place + (rest - 1) / 9) / 5
      switch trial.assignment["kind"] {
      case "a": return .complete([1 + (number("share") - 0.5) * (number("share") - 0.5) + place])
      case "b":
        let depth = (number("depth") - 7) / 5
        let width = (number("width") - 256) / 512
        return .complete([depth * depth + width * width + (place - 0.4) * (place - 0.4)])
      default: return .complete([2 + place])
      }
    }
    let best = try #require(study.history.best(for: .minimize("loss")))
    #expect(best.assignment["kind"] == "b" && study.bestLoss < 0.06)
  }

  /// Workers that ask before anything is told keep apart: as pending trials pile up their configurations
  /// differ by more than rounding.
  @Test func workersKeepApart() throws {
    var study = try study(space(.branin))
    try study.run(12) { trial in
      .complete([TestProblem.branin.value(trial.assignment.values.compactMap { $0?.number })])
    }
    var places: [[Double]] = []
    for _ in 0..<8 {
      let trial = try #require(try study.ask())
      places.append(trial.assignment.values.compactMap { $0?.number })
    }
    for i in places.indices {
      for j in 0..<i {
        let (dx, dy) = (places[i][0] - places[j][0], places[i][1] - places[j][1])
        #expect((dx * dx + dy * dy).squareRoot() > 0.05)
      }
    }
  }

  /// Failures push away: half of the range fails, and the search does not stay there.
  @Test func keepsAwayFromFailures() throws {
    var space = SearchSpace()
    _ = try space.float("x", 0...1)
    _ = try space.float("y", 0...1)
    var study = try study(space)
    try study.run(40) { trial in
      let x = trial.assignment["x"]?.number ?? 0
      let y = trial.assignment["y"]?.number ?? 0
      return x > 0.5 ? .failed(.memory, message: nil) : .complete([1 - x + y * y])
    }
    let failed = study.trials.suffix(20).count { $0.state.reason != nil }
    #expect(failed <= 10)
    #expect(study.bestLoss < 0.56)
  }

  /// Fits get rarer, anchors are few, and from 100 trials on a fit waits for the next one.
  @Test func fitsAreFewAndFixed() {
    let schedule = FitSchedule(first: 10, density: 25)
    var fits: [Int] = []
    var anchors: Set<Int> = []
    for count in 10...500 {
      let fit = schedule.fit(upTo: count)
      #expect(fit <= count && count - fit <= max(count / 25, 1))
      // Where there is a fit, it is the one of that count.
      #expect(schedule.fit(upTo: fit) == fit)
      if fit == count {
        #expect(schedule.used(upTo: count) == (fit < 100 ? fit : fits.last))
        fits.append(fit)
      }
      #expect(schedule.used(upTo: count) == schedule.used(upTo: fit))
      #expect(schedule.anchor(upTo: count) <= count)
      anchors.insert(schedule.anchor(upTo: count))
    }
    #expect(Set(fits).isSuperset(of: 10...50) && fits.count < 120)
    #expect(anchors.contains(10) && anchors.count < 14)
    let early = FitSchedule(first: 2, density: 1)
    #expect(early.fit(upTo: 100) == 64 && early.anchor(upTo: 9) == 8)
    #expect(FitSchedule(first: 120, density: 25).used(upTo: 121) == 120)
  }

  /// Who was there all the time, with fits made ahead and processes that grew, and who comes later and makes
  /// them all at once, suggest the same to the last bit.
  @Test func replaysWithFitsMadeAhead() throws {
    var options = GPOptions()
    options.candidates = 64
    var study = try study(space(.hartmann3)) { $0 = options }
    try study.run(114) { trial in
      .complete([
        TestProblem.hartmann3.value(trial.assignment.values.compactMap { $0?.number })
      ])
    }
    for number in stride(from: 97, to: 114, by: 4) {
      guard let kind = study.events.first(where: { $0.trial == number })?.kind,
        case .suggested(let assignment, _, let seen) = kind
      else {
        Issue.record("trial \(number) was not suggested")
        continue
      }
      var late = try SearchSimulation(
        study.specification, SearchMethod.gp(options), replaying: Array(study.events.prefix(seen)))
      #expect(try late.ask()?.assignment == assignment, "trial \(number)")
    }
  }
}

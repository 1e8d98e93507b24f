import OuterloopPlatform
import OuterloopSearch
import OuterloopStudy
import OuterloopTesting
import Testing

/// Beliefs about good values, and TPE under them.
@Suite struct PriorTests {
  private static func density(_ declaration: String, _ prior: String) throws -> (
    PriorDensity, Domain
  ) {
    let space = try SearchSpace([ParameterDeclaration(parsing: declaration)])
    let checked = try space.checked(ParameterPrior.parsing(prior))
    let domain = space.parameters[0].domain
    return (PriorDensity(checked[0], of: domain), domain)
  }

  static let rows: [(String, String)] = [
    ("p=log(1e-5, 1)", "p=0.001±3x"), ("p=float(0, 10)", "p=9.5±2"), ("p=float(-1, 1)", "p=1"),
    ("p=int(1, 9)", "p=3±2"), ("p=int(16, 1024, log)", "p=64±1.5x"), ("p=int(1, 3)", "p=2±0.05"),
    ("p=ordinal(s, m, l, xl)", "p=l±1"), ("p=choice(a, b, c)", "p=b"),
    ("p=choice(true, false)", "p=true"),
    ("p=constant(4)", "p=4"), ("p=int(1, 100000000)", "p=5000000±100000"),
  ]

  /// The mean of pi over the uniform distribution is 1.
  @Test(arguments: rows) func isADensity(_ declaration: String, _ prior: String) throws {
    let (density, domain) = try Self.density(declaration, prior)
    let count = 400_000
    let total = (0..<count).reduce(0) { sum, place in
      let unit = (Double(place) + 0.5) / Double(count)
      return sum + exp(density.logDensity(of: domain.value(atUnit: unit)))
    }
    #expect(abs(total / Double(count) - 1) < 2e-3)
    #expect(density.logDensity(of: domain.value(atUnit: 0.999)) >= log(0.01) - 1e-12)
  }

  /// Draws have the distribution function of pi's main part: its mass up to each decile.
  @Test(arguments: rows.dropLast()) func drawsFollowIt(_ declaration: String, _ prior: String)
    throws
  {
    let (density, domain) = try Self.density(declaration, prior)
    let count = 40_000
    let units = (0..<count).map { (Double($0) + 0.5) / Double(count) }
    func position(_ value: ParameterValue) -> Double {
      domain.range.flatMap { range in value.number.map(range.unit) }
        ?? Double(domain.index(of: value) ?? -1)
    }
    let draws = units.map { position(domain.value(atUnit: density.unit(atQuantile: $0))) }
    let plain = units.map { unit in
      let value = domain.value(atUnit: unit)
      return (position(value), (exp(density.logDensity(of: value)) - 0.01) / 0.99)
    }
    for edge in stride(from: 0.05, to: 3, by: 0.1) {
      let drawn = Double(draws.count { $0 < edge }) / Double(count)
      let mass = plain.reduce(0) { $0 + ($1.0 < edge ? $1.1 : 0) } / Double(count)
      #expect(abs(drawn - mass) < 2e-3, "up to \(edge)")
    }
  }

  /// Closed forms: 1/2 and an even part of the other half; a normal on the scale.
  @Test func valuesByHand() throws {
    let (choice, _) = try Self.density("p=choice(a, b, c, d)", "p=b")
    #expect(abs(exp(choice.logDensity(of: .text("b"))) - (0.99 * 2.5 + 0.01)) < 1e-12)
    #expect(abs(exp(choice.logDensity(of: .text("a"))) - (0.99 * 0.5 + 0.01)) < 1e-12)
    let (normal, domain) = try Self.density("p=log(1e-4, 1)", "p=0.01±10x")
    // Deviation 1/4 of the range around its middle: Phi(2) - Phi(-2) = .954499736.
    let peak = 0.3989422804014327 / 0.25 / 0.9544997361036416
    #expect(abs(exp(normal.logDensity(of: .float(0.01))) - (0.99 * peak + 0.01)) < 1e-9)
    #expect(
      abs(exp(normal.logDensity(of: .float(0.1))) - (0.99 * peak * exp(-0.5) + 0.01)) < 1e-9)
    #expect(abs(normal.modeUnit - 0.5) < 1e-12)
    #expect(abs((domain.value(atUnit: normal.unit(atQuantile: 0.5)).number ?? 0) - 0.01) < 1e-9)
  }

  /// SciPy 1.x: mannwhitneyu(x, y, alternative="greater", method="asymptotic").
  @Test func rankSumsEqualSciPy() {
    let rows: [([Double], [Double], Double)] = [
      ([1, 2, 3, 4, 5.5], [0, 1.5, 2.5, 2.2, 0.1], 0.07183604090348011),
      ([5, 6, 7, 8, 9, 3], [1, 2, 3, 4, 5], 0.017463127974771),
      ([3, 3, 4, 4, 5, 5], [1, 3, 3, 4, 2, 5, 1], 0.0616887233227931),
    ]
    for (x, y, expected) in rows {
      #expect(abs(RankSum.probability(ofLarger: x, than: y) - expected) < 1e-9)
    }
    #expect(RankSum.probability(ofLarger: [1.0, 1, 1], than: [1, 1]) == 1)
    #expect(RankSum.probability(ofLarger: [Double](), than: [1]) == 1)
  }

  private static let floats = ["x=float(0, 1)", "z=float(0, 1)"]

  private func loss(_ assignment: Assignment) -> Told {
    let (x, z) = (assignment["x"]?.number ?? 0, assignment["z"]?.number ?? 0)
    return Told(metrics: ["y": (x - 0.8) * (x - 0.8) + (z - 0.2) * (z - 0.2)])
  }

  private func fold(_ study: SearchSimulation) -> HintedPriors {
    var priors = HintedPriors(study.specification)
    var history = OuterloopStudy.History()
    for event in study.events {
      do { try history.take(event) } catch { Issue.record(error) }
      priors.observe(event, in: history)
    }
    return priors
  }

  /// 10 over the trials that ended since each was given.
  @Test func exponentsFade() throws {
    var study = try SearchSimulation(
      .tpe(Self.floats, priors: try ParameterPrior.parsing("x=0.8±0.1")), .random)
    #expect(fold(study).beliefs.map { fold(study).exponent(of: $0) } == [10])
    try study.run(1, telling: loss)
    #expect(fold(study).beliefs.map { fold(study).exponent(of: $0) } == [10])
    try study.run(3, telling: loss)
    try study.take(.hinted(ParameterPrior.parsing("z=0.2±0.1")), of: study.trials.count)
    try study.run(4, telling: loss)
    #expect(fold(study).beliefs.map { fold(study).exponent(of: $0) } == [10.0 / 8, 10.0 / 4])
  }

  /// What data contradict is dropped, what they bear out stays.
  @Test func contradictionIsNoticed() throws {
    let priors = try ParameterPrior.parsing("x=0.1±0.1, z=0.2±0.15")
    var study = try SearchSimulation(.tpe(Self.floats, priors: priors), .tpe())
    try study.run(40, telling: loss)
    let beliefs = fold(study).beliefs
    #expect(beliefs.map(\.prior.parameter) == ["x", "z"])
    #expect(beliefs[0].rejection?.contains("worse") == true)
    #expect(fold(study).exponent(of: beliefs[0]) == 0)
    #expect(beliefs[1].rejection == nil)
  }

  /// The first trial is at the mode, half of those at random come from the prior.
  @Test func startsAtTheMode() throws {
    let priors = try ParameterPrior.parsing("x=0.75±0.02, c=b")
    var study = try SearchSimulation(
      .tpe(Self.floats + ["c=choice(a, b, d)", "k=int(1, 9) if c == b"], priors: priors), .tpe())
    try study.run(10, telling: loss)
    #expect(study.trials[0].assignment["x"]?.number == 0.75)
    #expect(study.trials[0].assignment["c"] == .text("b"))
    let near = study.trials.filter { abs(($0.assignment["x"]?.number ?? 0) - 0.75) < 0.1 }
    #expect(Set(near.map(\.number)).isSuperset(of: [0, 2, 4, 6, 8]))
    #expect(near.count < 9)
  }

  /// 20 paired seeds at 20 trials: 16 wins have a probability of .006 by chance. A hint while it runs helps
  /// likewise.
  @Test(arguments: [true, false]) func goodPriorsHelp(_ isHint: Bool) throws {
    let priors = try ParameterPrior.parsing("x=0.79±0.05, z=0.22±0.05")
    var wins = 0
    for seed in 0..<20 {
      func best(_ priors: [ParameterPrior], _ hints: [ParameterPrior]) throws -> Double {
        var study = try SearchSimulation(.tpe(Self.floats, seed: seed, priors: priors), .tpe())
        try study.run(12, telling: loss)
        if !hints.isEmpty { try study.take(.hinted(hints), of: study.trials.count) }
        try study.run(10, telling: loss)
        return study.bestLoss
      }
      if try best(isHint ? [] : priors, isHint ? priors : []) < best([], []) { wins += 1 }
    }
    #expect(wins >= 16)
  }

  /// A wrong belief costs some trials, not the search.
  @Test func wrongPriorsAreOvercome() throws {
    let priors = try ParameterPrior.parsing("x=0.1±0.05, z=0.9±0.05")
    var wins = 0
    for seed in 0..<20 {
      func best(_ method: SearchMethod, _ priors: [ParameterPrior]) throws -> Double {
        var study = try SearchSimulation(.tpe(Self.floats, seed: seed, priors: priors), method)
        try study.run(80, telling: loss)
        return study.bestLoss
      }
      if try best(.tpe(), priors) < best(.random, []) { wins += 1 }
    }
    #expect(wins >= 16)
  }

  /// A belief about a choice with branches leads to its branch somewhat more often.
  @Test func priorsOfBranches() throws {
    let space = ["m=choice(a, b, c)"] + ["a", "b", "c"].map { "\($0)x=float(0, 1) if m == \($0)" }
    func share(_ priors: [ParameterPrior]) throws -> Int {
      try (0..<20).reduce(0) { sum, seed in
        var study = try SearchSimulation(.tpe(space, seed: seed, priors: priors), .tpe())
        try study.run(30) { assignment in
          let name = assignment["m"]?.description ?? ""
          return Told(metrics: ["y": abs((assignment["\(name)x"]?.number ?? 0) - 0.3)])
        }
        return sum + study.trials.count { $0.assignment["m"] == .text("c") }
      }
    }
    let (believed, plain) = (try share(ParameterPrior.parsing("m=c")), try share([]))
    #expect(believed > plain + 20, "\(believed) and \(plain) of 600")
  }
}

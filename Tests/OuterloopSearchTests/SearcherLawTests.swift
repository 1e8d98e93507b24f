import OuterloopSearch
import OuterloopStudy
import OuterloopTesting
import OuterloopText
import Testing

/// The laws of search methods over a table: a new method is a new row.
@Suite struct SearcherLawTests {
  struct Row: Sendable, CustomStringConvertible {
    let method: SearchMethod
    let label: String
    let traits: SamplerTraits
    var description: String { label }

    init(_ method: SearchMethod, _ label: String? = nil) {
      self.method = method
      let name = method.description.sampler.name
      self.label = label ?? name
      traits = SamplerKind.all.first { $0.name == name }?.traits ?? []
    }
  }

  /// Every sampler of the registry as it is by default, and with options that make it another one.
  static let methods: [Row] =
    [
      Row(.grid(resolution: 4)), Row(tpe { $0.multivariate = false }, "tpe alone"),
      Row(tpe { $0.group = true }, "tpe grouped"),
      Row(tpe { $0.constantLiar = false }, "tpe without liar"),
      Row(tpe { $0.exact = true }, "tpe exact"), Row(early, "gp early"),
      Row(gp { $0.trustRegion = true }, "gp in a trust region"),
      Row(gp { $0.saas = true }, "gp sparse"),
      Row(gp { $0.sparseChanges = true }, "gp with few changes"),
    ] + registered.filter { $0.label != "grid" && $0.label != "gp" }

  private static let registered: [Row] = {
    do {
      return try SamplerKind.all.map {
        Row(try SearchMethod.named(MethodDescription($0.name)))
      }
    } catch { preconditionFailure("\(error)") }
  }()

  private static func tpe(_ change: (inout TPEOptions) -> Void) -> SearchMethod {
    .tpe(.with(change))
  }

  /// The model from the third trial on, with few candidates, fits and observations.
  private static let early = gp { _ in }

  private static func gp(_ change: (inout GPOptions) -> Void) -> SearchMethod {
    var options = GPOptions()
    (options.startup, options.candidates) = (2, 32)
    (options.fits, options.observations) = (4, 25)
    change(&options)
    return .gp(options)
  }

  static let cases: [SearcherLaws.Case] = {
    do {
      return try [
        SearcherLaws.Case("floats", space("x=float(-5, 5)", "y=float(0, 1)")),
        SearcherLaws.Case("log and steps", space("a=log(1e-5, 1)", "b=float(0, 1, step 0.1)")),
        SearcherLaws.Case("ints", space("a=int(1, 1000, log)", "b=int(-3, 30, step 3)")),
        SearcherLaws.Case("choices", space("a=choice(p, q, r)", "b=ordinal(s, m, l, xl)")),
        SearcherLaws.Case("tiny", space("a=choice(p, q)", "b=int(1, 3)", "c=constant(7)")),
        SearcherLaws.Case(
          "conditions",
          space(
            "opt=choice(sgd, adam)", "rate=log(1e-4, 1)", "momentum=float(0, 0.99) if opt == sgd",
            "nesterov=choice(true, false) if opt == sgd and momentum > 0.5",
            "beta=float(0.8, 1) if opt == adam")),
        SearcherLaws.Case(
          "forbidden",
          space("a=float(0, 1)", "b=float(0, 1)", "c=int(1, 9)", forbidden: "a >= b", "c in [2, 3]")
        ),
        SearcherLaws.Case(
          "few allowed", space("a=int(1, 6)", "b=int(1, 6)", forbidden: "a + b != 7")),
        SearcherLaws.Case("one point", space("a=float(2, 2)", "b=constant(k)")),
      ]
    } catch { preconditionFailure("\(error)") }
  }()

  static func space(_ parameters: String..., forbidden: String...) throws -> SearchSpace {
    try SearchSpace(parsing: parameters, forbidden: forbidden)
  }

  /// Every domain alone and beside others; one row for each method that sees domains its own way.
  static let domainMethods: [Row] = [
    Row(.random), Row(.sobol), Row(.grid(resolution: 4)), Row(.tpe()),
    Row(tpe { $0.multivariate = false }, "tpe alone"), Row(tpe { $0.exact = true }, "tpe exact"),
    Row(early, "gp early"), Row(.auto()), Row(.cmaes()), Row(.catcma()), Row(.nsga2()),
    Row(.differentialEvolution()), Row(.bohb()),
  ]

  @Test(arguments: domainMethods, SearcherLaws.Case.domains)
  func takesEveryDomain(_ row: Row, _ domain: String) throws {
    for item in [try SearcherLaws.Case.lone(domain), try SearcherLaws.Case.domain(domain)] {
      // A Gaussian process takes milliseconds for a trial.
      let trials = row.label.hasPrefix("gp") ? 20 : 60
      #expect(try SearcherLaws.staysInSpace(row.method, item, trials: trials) == [], "\(item)")
      #expect(
        try SearcherLaws.replays(row.method, item, trials: min(trials / 2, 12)) == [], "\(item)")
    }
  }

  static let constrained: [SearcherLaws.Case] = {
    do { return try SearcherLaws.Case.constrained() } catch { preconditionFailure("\(error)") }
  }()

  static let constrainedMethods: [Row] = [
    Row(.random), Row(.sobol), Row(.tpe()), Row(tpe { $0.multivariate = false }, "tpe alone"),
    Row(early, "gp early"), Row(.cmaes()),
  ]

  @Test(arguments: constrainedMethods, constrained)
  func keepsHardConstraints(_ row: Row, _ item: SearcherLaws.Case) throws {
    #expect(try SearcherLaws.staysInSpace(row.method, item, trials: 20) == [])
    #expect(try SearcherLaws.replays(row.method, item, trials: 12) == [])
  }

  @Test(arguments: methods, cases)
  func staysInSpace(_ row: Row, _ item: SearcherLaws.Case) throws {
    #expect(try SearcherLaws.staysInSpace(row.method, item, trials: 60) == [])
  }

  @Test(arguments: methods, cases)
  func replays(_ row: Row, _ item: SearcherLaws.Case) throws {
    #expect(try SearcherLaws.replays(row.method, item, trials: 45) == [])
  }

  static let extensions: [(String, [String], [String])] = [
    ("floats", ["x=float(0, 1)", "y=log(0.1, 1)"], ["x=float(-3, 1)", "y=log(1e-3, 10)"]),
    ("steps", ["a=int(1, 4)", "b=float(0, 1, step 0.5)"], ["b=float(0, 2, step 0.25)"]),
    (
      "choices", ["opt=choice(a, b)", "m=float(0, 1) if opt == b", "size=ordinal(s, l)"],
      ["opt=choice(c, b, a)", "size=ordinal(s, m, l)"]
    ),
    ("few", ["a=choice(p, q)", "b=int(1, 3)"], ["a=choice(p, q, r)"]),
  ]

  @Test(arguments: methods, extensions)
  func followsChanges(_ row: Row, _ item: (String, [String], [String])) async throws {
    let (name, first, wider) = item
    let space = try SearchSpace(parsing: first)
    let wide = try space.extended(by: wider.map(ParameterDeclaration.init(parsing:)))
    #expect(
      try await SearcherLaws.followsChanges(
        row.method, SearcherLaws.Case(name, space), to: wide, trials: 40) == [])
  }

  @Test(arguments: methods) func followsGrowth(_ row: Row) async throws {
    #expect(try await SearcherLaws.followsGrowth(row.method, trials: 30) == [])
  }

  @Test(arguments: methods.filter { $0.traits.contains(.isScaleFree) }, cases)
  func knowsDirection(_ row: Row, _ item: SearcherLaws.Case) throws {
    // Near 1e-9 the sum 4 f + 2 loses the digits in which losses differ, and a trust region asks which of two
    // is better.
    let trials = row.label == "gp in a trust region" ? 30 : 40
    #expect(try SearcherLaws.knowsDirection(row.method, item, trials: trials) == [])
  }

  @Test(arguments: methods, cases)
  func survives(_ row: Row, _ item: SearcherLaws.Case) throws {
    #expect(try SearcherLaws.survives(row.method, item, trials: 40) == [])
  }

  /// Methods that learn from derivatives, one that does not, and derivatives that are left out.
  static let gradientMethods: [Row] = [
    Row(early, "gp early"), Row(few, "gp few"), Row(.auto()), Row(.tpe()),
  ]

  private static let few: SearchMethod = {
    var options = GPOptions()
    (options.startup, options.candidates) = (4, 32)
    (options.observations, options.gradients) = (12, 10)
    return .gp(options)
  }()

  @Test(arguments: gradientMethods, cases)
  func takesGradients(_ row: Row, _ item: SearcherLaws.Case) throws {
    #expect(try SearcherLaws.takesGradients(row.method, item, trials: 20) == [])
  }

  @Test(arguments: methods, cases)
  func takesConstraints(_ row: Row, _ item: SearcherLaws.Case) throws {
    #expect(try SearcherLaws.takesConstraints(row.method, item, trials: 30) == [])
  }

  @Test(
    arguments: methods.filter {
      $0.traits.contains(.takesObjectives) && $0.label != "gp in a trust region"
    }, cases)
  func takesObjectives(_ row: Row, _ item: SearcherLaws.Case) throws {
    #expect(try SearcherLaws.takesObjectives(row.method, item, trials: 40) == [])
  }
}

import Foundation
import OuterloopNumerics
import OuterloopSearch
import OuterloopStudy
import OuterloopTesting
import Testing

/// How much sooner a Gaussian process gets there that is told derivatives, and that wrong ones do no harm.
@Suite struct GradientSearchTests {
  /// A smooth function of the unit cube, and a value that takes a search to come below.
  struct Problem: Sendable, CustomStringConvertible {
    var description: String
    var dimensions: Int
    var target: Double
    var value: @Sendable ([Double]) -> Double

    /// By central differences.
    func gradient(_ u: [Double]) -> [Double] {
      u.indices.map { place in
        var (up, down) = (u, u)
        up[place] += 1e-5
        down[place] -= 1e-5
        return (value(up) - value(down)) / 2e-5
      }
    }
  }

  static let problems = [
    Problem(description: "Hartmann", dimensions: 6, target: 0.15) {
      TestProblem.hartmann6.value($0) - TestProblem.hartmann6.optimum
    },
    // Around a point far from the valley: a search begins in the middle.
    Problem(description: "Rosenbrock", dimensions: 4, target: 3) { u in
      TestProblem.rosenbrock(4).value(u.map { 5 * $0 - 3 })
    },
    // As losses by decays are: each has a best place, and far from it nothing changes any more.
    Problem(description: "saturating", dimensions: 5, target: 0.01) { u in
      log1p(
        u.indices.reduce(0.0) { sum, i in
          let z = 6 * (u[i] - 0.3 - 0.1 * Double(i))
          return sum + 1 - exp(-z * z / 8)
        })
    },
    // A valley of ten variables, of which every second matters less.
    Problem(description: "bowl", dimensions: 10, target: 0.03) { u in
      var sum = 0.0
      for i in 0..<10 {
        let z = u[i] - 0.15 - 0.07 * Double(i)
        sum += z * z * (i % 2 == 0 ? 1 : 0.2)
        if i > 0 { sum += 0.06 * (u[i] - u[i - 1]) * (u[i] - u[i - 1]) }
      }
      return sum
    },
  ]

  /// What a trial says of a derivative, given the true one and a standard normal number.
  enum Told: Sendable {
    case nothing, exact, noisy, negated, random, firstNegated

    func slope(_ exact: Double, _ place: Int, _ normal: Double) -> Double? {
      switch self {
      case .nothing: nil
      case .exact: exact
      case .noisy: exact * (1 + 0.3 * normal)
      case .negated: -exact
      case .random: normal
      case .firstNegated: place == 0 ? -exact : exact
      }
    }
  }

  static let seeds: [UInt64] = Array(1...10)
  static let most = 45

  /// The trials that it takes to come below the target, by seed; one more than `most` if that is not reached.
  static func trials(_ problem: Problem, _ told: Told) throws -> [Int] {
    try seeds.map { seed in
      var space = SearchSpace()
      for place in 0..<problem.dimensions { _ = try space.float("x\(place)", 0...1) }
      var options = GPOptions()
      // As many before the model as with derivatives, which count twice.
      (options.candidates, options.startup) = (512, told == .nothing ? 5 : 10)
      let method = SearchMethod.gp(options)
      var study = try SearchSimulation(
        StudySpecification(
          name: "gradients", space: space, objectives: [.minimize("loss")],
          method: method.description, seed: seed), method)
      for number in 0..<most {
        let trial = try #require(try study.ask())
        let u = trial.assignment.values.compactMap { $0?.number }
        let value = problem.value(u)
        if value < problem.target { return number + 1 }
        let key = RandomKey(seed: seed, purpose: "slopes", index: UInt64(number))
        let normals = try key.normal([u.count], dtype: .float64).scalars(Double.self)
        var gradient: [String: Double] = [:]
        for (place, exact) in problem.gradient(u).enumerated() {
          gradient["x\(place)"] = told.slope(exact, place, normals[place])
        }
        try study.tell(trial.number, .complete([value]), gradient: gradient)
      }
      return most + 1
    }
  }

  /// P(at least so many of the differing pairs are wins) if either were as likely.
  static func signTest(_ a: [Int], below b: [Int]) -> Double {
    let pairs = zip(a, b).filter { $0 != $1 }
    let wins = pairs.count { $0.0 < $0.1 }
    var (term, sum) = (pow(0.5, Double(pairs.count)), 0.0)
    for k in 0...pairs.count {
      if k >= wins { sum += term }
      term *= Double(pairs.count - k) / Double(k + 1)
    }
    return min(sum, 1)
  }

  static func median(_ values: [Int]) -> Double {
    let sorted = values.sorted()
    return Double(sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }

  @Test func signTestIsBinomial() {
    #expect(abs(Self.signTest([1, 1, 1], below: [2, 2, 2]) - 0.125) < 1e-12)
    #expect(abs(Self.signTest([1, 1, 3, 4], below: [2, 2, 2, 4]) - 0.5) < 1e-12)
    #expect(Self.signTest([1], below: [1]) == 1)
  }

  /// By problem and seed.
  static func all(_ told: Told) throws -> [[Int]] { try problems.map { try trials($0, told) } }

  private static let plain = Result { try all(.nothing) }

  /// Four problems and ten seeds. By medians over the seeds, exact derivatives reach every target in at most
  /// 0.6 of the trials, those with errors of thirty percent in at most 0.75; both need fewer by a sign test over
  /// all pairs at alpha = 0.001.
  @Test(arguments: [Told.exact, .noisy])
  func fewerTrialsReachTheTarget(_ told: Told) throws {
    let (plain, trials) = (try Self.plain.get(), try Self.all(told))
    for (place, problem) in Self.problems.enumerated() {
      let (before, after) = (Self.median(plain[place]), Self.median(trials[place]))
      #expect(after <= (told == .exact ? 0.6 : 0.75) * before, "\(problem)")
    }
    #expect(Self.signTest(trials.flatMap { $0 }, below: plain.flatMap { $0 }) < 0.001)
  }

  /// Derivatives that contradict the losses need no more trials, by a sign test over all pairs at alpha = 0.001,
  /// and not an eighth more in all.
  @Test(arguments: [Told.negated, .random])
  func wrongOnesDoNoHarm(_ told: Told) throws {
    let plain = try Self.plain.get().flatMap { $0 }
    let trials = try Self.all(told).flatMap { $0 }
    #expect(Self.signTest(plain, below: trials) >= 0.001)
    #expect(Double(trials.reduce(0, +)) <= 1.125 * Double(plain.reduce(0, +)))
  }

  /// One derivative of the wrong sign among right ones is found out: still fewer trials, by the same tests.
  @Test func oneWrongAmongRight() throws {
    let (plain, trials) = (try Self.plain.get(), try Self.all(.firstNegated))
    for (place, problem) in Self.problems.enumerated() {
      #expect(Self.median(trials[place]) <= 0.85 * Self.median(plain[place]), "\(problem)")
    }
    #expect(Self.signTest(trials.flatMap { $0 }, below: plain.flatMap { $0 }) < 0.001)
  }

  /// Units: the same search on other scales, with derivatives in their units, proposes the same places.
  @Test func scalesOfParametersDoNotShow() throws {
    func places(_ declarations: [String], _ chain: ([Double]) -> [Double]) throws -> [[Double]] {
      let space = try SearchSpace(declarations.map(ParameterDeclaration.init(parsing:)))
      var options = GPOptions()
      options.startup = 6
      let method = SearchMethod.gp(options)
      var study = try SearchSimulation(
        StudySpecification(
          name: "units", space: space, objectives: [.minimize("loss")],
          method: method.description, seed: 4), method)
      var places: [[Double]] = []
      for _ in 0..<8 {
        let trial = try #require(try study.ask())
        let values = trial.assignment.values.compactMap { $0?.number }
        let u = zip(space.parameters, values).map { $0.domain.range?.unit(of: $1) ?? .nan }
        places.append(u)
        let slopes = zip(Self.problems[2].gradient(u), chain(values)).map { $0 / $1 }
        try study.tell(
          trial.number, .complete([Self.problems[2].value(u)]),
          gradient: ["a": slopes[0], "b": slopes[1]])
      }
      return places
    }
    let plain = try places(["a=float(0, 1)", "b=float(0, 1)"]) { _ in [1, 1] }
    // dx/du: the width, times x on a log scale.
    let scaled = try places(["a=log(1e-5, 1)", "b=float(-3, 5)"]) { [$0[0] * log(1e5), 8] }
    for (a, b) in zip(plain, scaled) {
      for (x, y) in zip(a, b) { #expect(abs(x - y) < 1e-4) }
    }
  }

  /// With the option at 0 what is reported changes nothing.
  @Test func noneAreTaken() throws {
    var space = SearchSpace()
    for name in ["x", "y"] { _ = try space.float(name, 0...1) }
    var options = GPOptions()
    (options.startup, options.gradients) = (4, 0)
    let method = SearchMethod.gp(options)
    let specification = try StudySpecification(
      name: "none", space: space, objectives: [.minimize("loss")], method: method.description,
      seed: 2)
    let assignments = try [false, true].map { isTold in
      var study = try SearchSimulation(specification, method)
      for _ in 0..<8 {
        let trial = try #require(try study.ask())
        let u = trial.assignment.values.compactMap { $0?.number }
        try study.tell(
          trial.number, .complete([Self.problems[2].value(u)]),
          gradient: isTold ? ["x": Self.problems[2].gradient(u)[0]] : [:])
      }
      return study.trials.map(\.assignment)
    }
    #expect(assignments[0] == assignments[1])
  }
}

import OuterloopNumerics
import OuterloopSearch
import OuterloopStudy
import OuterloopTesting
import OuterloopText
import Testing

/// Searches of more trials than joint densities have kernels.
@Suite struct ThinnedSearchTests {
  static let few = SearchMethod.tpe(.with { $0.kernels = 200 })
  static let grouped = SearchMethod.tpe(.with { ($0.kernels, $0.group) = (200, true) })

  @Test(arguments: SearcherLawTests.cases) func replays(_ item: SearcherLaws.Case) throws {
    #expect(try SearcherLaws.replays(Self.few, item, trials: 430) == [])
  }

  @Test func replaysByGroup() throws {
    let item = SearcherLawTests.cases[5]
    #expect(item.name == "conditions")
    #expect(try SearcherLaws.replays(Self.grouped, item, trials: 640) == [])
  }

  /// Seven trials run at any time, some fail, some never end; every suggestion is repeated by a
  /// process that starts then.
  @Test func replaysInParallel() throws {
    let item = SearcherLawTests.cases[0]
    let specification = try SearcherLaws.specification(item, Self.few)
    var study = try SearchSimulation(specification, Self.few)
    var running: [Int] = []
    for _ in 0..<500 {
      let trial = try #require(try study.ask())
      running.append(trial.number)
      guard running.count > 7 else { continue }
      let done = running.remove(at: trial.number * 7 % 5)
      if done % 31 == 0 { continue }
      let loss = item.loss(study.trials[done].assignment)
      try study.tell(done, done % 11 == 0 ? .failed(.error, message: nil) : .complete([loss]))
    }
    for cut in [150, 220, 300, 407, 499] {
      let seen = try #require(study.trials[cut].seen)
      var again = try SearchSimulation(
        specification, Self.few, replaying: Array(study.events.prefix(seen)))
      #expect(try again.propose() == .start(study.trials[cut].assignment, through: 1), "\(cut)")
    }
  }

  /// Up to as many trials as kernels nothing is different; then something is.
  @Test func beginsAtTheLimit() throws {
    func assignments(_ method: SearchMethod) throws -> [Assignment] {
      let item = SearcherLawTests.cases[0]
      var study = try SearchSimulation(SearcherLaws.specification(item, method), method)
      try study.run(240) { .complete([item.loss($0.assignment)]) }
      return study.trials.map(\.assignment)
    }
    let (thinned, all) = try (assignments(Self.few), assignments(.tpe(.with { $0.kernels = 0 })))
    #expect(thinned.prefix(201) == all.prefix(201))
    #expect(thinned != all)
  }

  @Test func options() throws {
    let method = try SearchMethod.named(MethodDescription("tpe", ["kernels": 0]))
    #expect(method.description.sampler.options == ["kernels": 0])
    #expect(
      try SearchMethod.named(MethodDescription("tpe", ["kernels": 3072])).description.sampler
        .options == [:]
    )
    let error = #expect(throws: StudyError.self) { try TPEOptions(["kernels": 199]) }
    let text = "\(try #require(error))"
    #expect(text.contains("kernels") && text.contains("200"), "\(text)")
  }

  /// How the ranking of 24 candidates by a thinned density agrees with that by all 8,000 trials: the
  /// mean correlation of log l/g, and of 150 choices how many are the same, and how many are among the
  /// five best of all. By chance it would be 0, 6 and 31. With many parameters candidates differ by
  /// much; with few, what was left out leaves holes that look good.
  @Test(arguments: [
    (2, 0.8, 40, 100), (6, 0.6, 35, 65), (10, 0.88, 125, 135), (40, 0.99, 148, 149),
  ])
  func agrees(_ dimensions: Int, _ least: Double, _ leastSame: Int, _ leastNear: Int) throws {
    let unit = ParameterDomain.numeric(try NumericRange(0, 1))
    let domains = [ParameterDomain](repeating: unit, count: dimensions)
    let (trials, limit) = (8000, 3072)
    var uniforms = UniformStream(key: RandomKey(seed: 5, purpose: "cloud"), expecting: 1 << 16)
    // What a search leaves behind: the later, the nearer to the best.
    func point(_ spread: Double) -> [Double] {
      (0..<dimensions).map { _ in
        let normal = (0..<12).reduce(-6.0) { sum, _ in sum + uniforms.next() }
        return min(max(0.4 + spread * normal, 0), 1)
      }
    }
    var (all, thinned) = (JointParzen(domains: domains), ThinnedParzen(domains: domains))
    for trial in 0..<trials {
      let observed = point(0.06 + 0.2 * Double(trials - trial) / Double(trials))
      all.insert(observed, arrival: trial)
      thinned.insert(observed, arrival: trial)
    }
    thinned.thin(Thinning(limit: limit, trials: trials, next: trials))
    var good = JointParzen(domains: domains)
    for trial in 0..<25 { good.insert(point(0.04), arrival: trial) }
    var places: [Int] = []
    var correlations: [Double] = []
    for _ in 0..<150 {
      let candidates = good.sample(24, from: &uniforms)
      let l = good.logDensity(at: candidates)
      let exact = zip(l, all.logDensity(at: candidates)).map(-)
      let got = zip(l, thinned.logDensity(at: candidates)).map(-)
      let chosen = try #require(got.indices.max { got[$0] < got[$1] })
      places.append(exact.count { $0 > exact[chosen] })
      correlations.append(Self.correlation(exact, got))
    }
    let mean = correlations.reduce(0, +) / Double(correlations.count)
    let same = places.count { $0 == 0 }
    let near = places.count { $0 < 5 }
    #expect(mean > least && same >= leastSame && near >= leastNear, "\(mean), \(same), \(near)")
  }

  private static func correlation(_ a: [Double], _ b: [Double]) -> Double {
    let n = Double(a.count)
    let (x, y) = (a.reduce(0, +) / n, b.reduce(0, +) / n)
    let products = zip(a, b).reduce(0) { $0 + ($1.0 - x) * ($1.1 - y) }
    let squares =
      a.reduce(0) { $0 + ($1 - x) * ($1 - x) } * b.reduce(0) { $0 + ($1 - y) * ($1 - y) }
    return products / squares.squareRoot()
  }
}

import OuterloopNumerics
import OuterloopSearch
import Testing

/// Which trials are kept, and what the density of the kept ones is.
@Suite struct ThinningTests {
  static func kept(_ trials: Int, limit: Int) -> [(number: Int, share: Double)] {
    let thinning = Thinning(limit: limit, trials: trials, next: trials)
    return (0..<trials).map { ($0, thinning.share(of: $0)) }.filter { $0.share > 0 }
  }

  @Test func keepsAllOfFew() {
    #expect(Self.kept(2048, limit: 2048).allSatisfy { $0.share == 1 })
    #expect(Self.kept(2048, limit: 2048).count == 2048)
    #expect(Self.kept(2049, limit: 2048).count < 2048)
    #expect(Self.kept(9000, limit: 0).count == 9000)
    #expect(Thinning(limit: 2048, trials: 2048, next: 5000) == Thinning())
  }

  /// Never many more than the limit, never much fewer; they stand for all.
  @Test(arguments: [200, 2048]) func standsForAll(_ limit: Int) {
    for trials in stride(from: limit + 1, to: 60 * limit, by: limit / 3 + 7) {
      let kept = Self.kept(trials, limit: limit)
      #expect(kept.count <= limit + 3 && 10 * kept.count >= 7 * limit, "\(trials)")
      let all = kept.reduce(0) { $0 + $1.share }
      #expect(abs(all / Double(trials) - 1) < 0.05, "\(all) for \(trials)")
      #expect(kept.suffix(limit / 8).map(\.number) == Array(trials - limit / 8..<trials))
    }
  }

  /// What was left out stays out.
  @Test func isNested() {
    var last = Set(0..<300)
    for trials in 300..<5000 {
      let now = Set(Self.kept(trials, limit: 300).map(\.number))
      #expect(now.isSubset(of: last.union([trials - 1])), "\(trials)")
      last = now
    }
  }

  /// Every worker of several that take turns has its part, and every time.
  @Test func isEven() {
    let kept = Self.kept(40_000, limit: 2048).filter { $0.share > 1 }
    for period in 2...16 {
      for turn in 0..<period {
        let part = Double(kept.count { $0.number % period == turn } * period) / Double(kept.count)
        #expect(abs(part - 1) < 0.15, "\(turn) of \(period): \(part)")
      }
    }
    let gaps = zip(kept, kept.dropFirst()).map { $1.number - $0.number }
    #expect(Double(gaps.max() ?? 0) < 4 * kept[0].share)
  }

  static let spaces: [[Int]] = [[0, 1], [0, 2, 6, 9], [9, 11], Array(0..<12)]

  /// Trials come, some late, and leave while the density is thinned: it is the exact one of what is
  /// kept, with the weights that are documented, however it came to be.
  @Test(arguments: spaces.indices) func equalsExact(_ space: Int) {
    let domains = Self.spaces[space].map { IncrementalParzenTests.domains[$0].domain }
    let (trials, limit) = (1100, 240)
    let columns = domains.enumerated().map { History.values($1, trials, seed: UInt64(80 + $0)) }
    var density = ThinnedParzen(domains: domains)
    var uniforms = UniformStream(key: RandomKey(seed: 8, purpose: "moves"), expecting: 4 * trials)
    var present: Set<Int> = []
    var late: [Int] = []
    for trial in 0..<trials {
      late.append(trial)
      if uniforms.next() < 0.8 {
        let at = Int(uniforms.next() * Double(late.count))
        let arrival = late.remove(at: at)
        density.insert(columns.map { $0[arrival] }, arrival: arrival)
        present.insert(arrival)
      }
      if uniforms.next() < 0.1 {
        let sorted = present.sorted()
        let gone = sorted[Int(uniforms.next() * Double(sorted.count))]
        density.remove(arrival: gone)
        present.remove(gone)
      }
      if trial % 3 == 0 { density.thin(Thinning(limit: limit, trials: trial + 1, next: trial + 1)) }
      guard trial % 61 == 0 else { continue }
      let thinning = Thinning(limit: limit, trials: trial / 3 * 3 + 1, next: trial / 3 * 3 + 1)
      let kept = present.sorted().filter { thinning.share(of: $0) > 0 }
      let points = domains.enumerated().map { History.values($1, 10, seed: UInt64(trial + $0)) }
      let exact = Self.exact(
        domains, columns.map { column in kept.map { column[$0] } },
        shares: kept.map(thinning.share))
      for (got, want) in zip(density.logDensity(at: points), exact.logDensity(at: points)) {
        #expect(abs(got - want) < 1e-9 * max(1, abs(want)), "\(kept.count) kept of \(trial + 1)")
      }
    }
    #expect(density.count < limit)
    for trial in present { density.remove(arrival: trial) }
    #expect(density.count == 0)
  }

  /// One that stands for n has n times the weight of the middle of their places.
  private static func exact(
    _ domains: [ParameterDomain], _ observations: [[Double]], shares: [Double]
  ) -> ParzenEstimator {
    let total = shares.reduce(0, +).rounded()
    let (first, ramped) = (1 / total, total - 25)
    var before = 0.0
    let weights = shares.map { share in
      defer { before += share }
      let place = before + (share - 1) / 2
      let slope = ramped > 1 ? (1 - first) / (ramped - 1) : 0
      return share * (ramped > 0 ? min(1, first + slope * place) : 1)
    }
    return ParzenEstimator(domains: domains, observations: observations, weights: weights)
  }
}

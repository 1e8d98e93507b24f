import OuterloopNumerics
import OuterloopSearch
import OuterloopStudy
import Testing

/// The incremental densities against the exact one, over random histories of insertions and
/// removals.
@Suite struct IncrementalParzenTests {
  static let domains: [(name: String, domain: ParameterDomain)] = [
    ("float", .numeric(try! NumericRange(-2, 3))),
    ("log", .numeric(try! NumericRange(1e-6, 1, log: true))),
    ("small step", .numeric(try! NumericRange(0, 1, step: 0.05))),
    ("step", .numeric(try! NumericRange(0, 10, step: 0.05))),
    ("fine step", .numeric(try! NumericRange(0, 1, step: 1e-5))),
    ("int", .numeric(try! NumericRange(1, 128, step: 1))),
    ("log int", .numeric(try! NumericRange(1, 60, log: true, step: 1))),
    ("large log int", .numeric(try! NumericRange(1, 1e6, log: true, step: 1))),
    ("ordinal", .numeric(try! NumericRange(0, 6, step: 1))),
    ("choices", .categorical(count: 6)),
    ("point", .numeric(try! NumericRange(2, 2))),
    ("one level", .numeric(try! NumericRange(0, 0, step: 1))),
  ]

  static let options: [ParzenOptions] = [
    .init(), with { $0.weights = .equal }, with { ($0.endpoints, $0.priorWeight) = (true, 0.1) },
  ]
  private static func with(_ change: (inout ParzenOptions) -> Void) -> ParzenOptions {
    var options = ParzenOptions()
    change(&options)
    return options
  }

  /// Trials come mostly in order, some late; some leave, some of these come back: what a split
  /// does. Checked on the way at random moments.
  @Test(arguments: domains.indices, options.indices)
  func equalsExact(_ domainIndex: Int, _ optionIndex: Int) {
    let domain = Self.domains[domainIndex].domain
    // The largest histories with the default options only.
    let trials = optionIndex == 0 ? 5000 : 700
    let values = History.values(domain, trials, seed: UInt64(17 + domainIndex))
    var density = IncrementalParzen(domain: domain, options: Self.options[optionIndex])
    var uniforms = UniformStream(key: RandomKey(seed: 3, purpose: "moves"), expecting: 4 * trials)
    var present: [Int] = []
    var absent: [Int] = []
    var checks = 0
    for trial in 0..<trials {
      if uniforms.next() < 0.1 {
        absent.append(trial)
      } else {
        density.insert(values[trial], arrival: trial)
        present.append(trial)
      }
      if uniforms.next() < 0.15, !present.isEmpty {
        let at = Int(uniforms.next() * Double(present.count))
        density.remove(values[present[at]], arrival: present[at])
        absent.append(present[at])
        present.swapAt(at, present.count - 1)
        present.removeLast()
      }
      if uniforms.next() < 0.15, !absent.isEmpty {
        let at = Int(uniforms.next() * Double(absent.count))
        density.insert(values[absent[at]], arrival: absent[at])
        present.append(absent[at])
        absent.swapAt(at, absent.count - 1)
        absent.removeLast()
      }
      #expect(density.count == present.count)
      let due = trial < 130 ? trial % 9 == 0 : trial % (trials / 12) == 0
      if due || trial == trials - 1 {
        checks += 1
        compare(&density, domain, values, present.sorted(), Self.options[optionIndex], seed: trial)
      }
    }
    #expect(checks > 20)
    // And back down again, through the change to the exact estimator.
    for trial in present.sorted().reversed() {
      density.remove(values[trial], arrival: trial)
      present.removeAll { $0 == trial }
      if present.count < 110, present.count % 6 == 0 {
        compare(&density, domain, values, present.sorted(), Self.options[optionIndex], seed: trial)
      }
    }
    #expect(density.count == 0)
  }

  private func compare(
    _ density: inout IncrementalParzen, _ domain: ParameterDomain, _ values: [Double],
    _ present: [Int], _ options: ParzenOptions, seed: Int
  ) {
    let exact = ParzenEstimator(
      domains: [domain], observations: [present.map { values[$0] }], options: options)
    var points = History.values(domain, 12, seed: UInt64(1000 + seed))
    points += present.suffix(3).map { values[$0] } + present.prefix(3).map { values[$0] }
    switch domain {
    case .categorical(let count): points += (0..<count).map(Double.init)
    case .numeric(let numeric):
      points += [numeric.low, numeric.high]
      points += (0..<15).map {
        numeric.value(atCoordinate: numeric.start + numeric.width * Double($0) / 14)
      }
    }
    let got = density.logDensity(at: points)
    let want = exact.logDensity(at: [points])
    let worst = zip(got, want).map { abs($0 - $1) }.max() ?? .infinity
    #expect(worst < 1e-6, "\(present.count) observations: off by \(worst)")
  }

  @Test func heapFarFromTheRest() throws {
    // All but one at one end: the density in the empty middle is the prior's and the wide kernels'.
    let domain = ParameterDomain.numeric(try NumericRange(0, 1))
    var density = IncrementalParzen(domain: domain)
    var values: [Double] = []
    for k in 0..<20_000 { values.append(k == 77 ? 0.9 : 1e-9 * Double(k * 7919 % 1000)) }
    for (k, value) in values.enumerated() { density.insert(value, arrival: k) }
    let points = (0...400).map { Double($0) / 400 }
    let exact = ParzenEstimator(domains: [domain], observations: [values])
    for (got, want) in zip(density.logDensity(at: points), exact.logDensity(at: [points])) {
      #expect(abs(got - want) < 1e-6)
    }
  }

  @Test func unclippedAndPriorFreeStayExact() throws {
    for (magicClip, prior) in [(false, 1.0), (true, 0.0)] {
      let options = Self.with { ($0.magicClip, $0.priorWeight) = (magicClip, prior) }
      let domain = ParameterDomain.numeric(try NumericRange(0, 1))
      let values = History.values(domain, 300, seed: 2)
      var density = IncrementalParzen(domain: domain, options: options)
      for (k, value) in values.enumerated() { density.insert(value, arrival: k) }
      let exact = ParzenEstimator(domains: [domain], observations: [values], options: options)
      let points = History.values(domain, 30, seed: 8)
      #expect(density.logDensity(at: points) == exact.logDensity(at: [points]))
    }
  }

  @Test(arguments: domains.indices)
  func offGridAndOutsideCountAsNearest(_ index: Int) {
    guard case .numeric(let numeric) = Self.domains[index].domain else { return }
    var density = IncrementalParzen(domain: .numeric(numeric))
    for k in 0..<150 { density.insert(numeric.low - 5 + Double(k), arrival: k) }
    let all = density.logDensity(at: [numeric.low, numeric.high])
    #expect(all.allSatisfy { $0.isFinite })
    for k in 0..<150 { density.remove(numeric.low - 5 + Double(k), arrival: k) }
    #expect(density.count == 0)
  }

  @Test func sameStreamSameDraws() throws {
    let domain = ParameterDomain.numeric(try NumericRange(0, 1))
    var density = IncrementalParzen(domain: domain)
    for (k, value) in History.values(domain, 500, seed: 2).enumerated() {
      density.insert(value, arrival: k)
    }
    var few = UniformStream(key: RandomKey(seed: 1), expecting: 3)
    var many = UniformStream(key: RandomKey(seed: 1), expecting: 300)
    #expect(density.sample(50, from: &few) == density.sample(50, from: &many))
  }
}

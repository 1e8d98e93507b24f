import OuterloopNumerics
import OuterloopSearch
import OuterloopStudy
import Testing

/// The incremental multivariate density against the exact one.
@Suite struct JointParzenTests {
  static let spaces: [[Int]] = [
    [0], [0, 1], [0, 2, 6, 9], [3, 4, 7], [8, 9, 10, 11], Array(0..<12),
  ]

  @Test(arguments: spaces.indices, IncrementalParzenTests.options.indices)
  func equalsExact(_ space: Int, _ optionIndex: Int) {
    let options = IncrementalParzenTests.options[optionIndex]
    let domains = Self.spaces[space].map { IncrementalParzenTests.domains[$0].domain }
    let trials = 400
    let columns = domains.enumerated().map { History.values($1, trials, seed: UInt64(40 + $0)) }
    var joint = JointParzen(domains: domains, options: options)
    var uniforms = UniformStream(key: RandomKey(seed: 6, purpose: "moves"), expecting: 4 * trials)
    var present: [Int] = []
    var absent: [Int] = []
    for trial in 0..<trials {
      joint.insert(columns.map { $0[trial] }, arrival: trial)
      present.append(trial)
      if uniforms.next() < 0.3 {
        let at = Int(uniforms.next() * Double(present.count))
        joint.remove(arrival: present[at])
        absent.append(present.remove(at: at))
      }
      if uniforms.next() < 0.2, let back = absent.popLast() {
        joint.insert(columns.map { $0[back] }, arrival: back)
        present.append(back)
      }
      guard trial % 23 == 0 || trial == trials - 1 else { continue }
      present.sort()
      let exact = ParzenEstimator(
        domains: domains, observations: columns.map { column in present.map { column[$0] } },
        options: options)
      let points = domains.enumerated().map { History.values($1, 10, seed: UInt64(trial + $0)) }
      for (got, want) in zip(joint.logDensity(at: points), exact.logDensity(at: points)) {
        #expect(abs(got - want) < 1e-9 * max(1, abs(want)), "\(present.count) observations")
      }
    }
    #expect(joint.count == present.count)
    for trial in present { joint.remove(arrival: trial) }
    #expect(joint.count == 0)
  }

  @Test func outsideIsZero() throws {
    let unit = ParameterDomain.numeric(try NumericRange(0, 1))
    var joint = JointParzen(domains: [unit, .categorical(count: 2)])
    joint.insert([0.5, 1], arrival: 0)
    #expect(joint.logDensity(at: [[1.5, 0.5], [0, 2]]) == [-.infinity, -.infinity])
  }
}

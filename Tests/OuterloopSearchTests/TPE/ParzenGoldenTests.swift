import OuterloopSearch
import OuterloopStudy
import Testing

/// Densities recorded from Optuna 5 (Benchmarks/peers/optuna/dump_parzen.py).
struct GoldenParzen: Decodable {
  struct Parameter: Decodable {
    var choices: Int?
    var low: Double?
    var high: Double?
    var step: Double?
    var log: Bool?

    func domain() throws -> ParameterDomain {
      if let choices { return .categorical(count: choices) }
      return .numeric(
        try NumericRange(
          try #require(low), try #require(high), log: log == true, step: step))
    }
  }

  struct Case: Decodable {
    var parameters: [Parameter]
    var observations: [[Double]]
    var magicClip: Bool
    var endpoints: Bool
    var priorWeight: Double
    var points: [[Double]]
    var logDensity: [Double]

    var options: ParzenOptions {
      var options = ParzenOptions()
      options.magicClip = magicClip
      options.endpoints = endpoints
      options.priorWeight = priorWeight
      return options
    }
  }

  var cases: [Case]

  static func load() throws -> [Case] {
    try Golden.load("parzen", as: GoldenParzen.self).cases
  }
}

@Suite struct ParzenGoldenTests {
  @Test func exactEstimatorEqualsOptuna() throws {
    let cases = try GoldenParzen.load()
    #expect(cases.count > 150)
    for (index, item) in cases.enumerated() {
      let estimator = ParzenEstimator(
        domains: try item.parameters.map { try $0.domain() }, observations: item.observations,
        options: item.options)
      let got = estimator.logDensity(at: item.points)
      #expect(agree(got, item.logDensity), "case \(index): \(got) for \(item.logDensity)")
    }
  }

  @Test func jointDensityEqualsOptuna() throws {
    for (index, item) in try GoldenParzen.load().enumerated() {
      var joint = JointParzen(
        domains: try item.parameters.map { try $0.domain() }, options: item.options)
      for k in item.observations[0].indices {
        joint.insert(item.observations.map { $0[k] }, arrival: k)
      }
      let got = joint.logDensity(at: item.points)
      #expect(agree(got, item.logDensity), "case \(index): \(got) for \(item.logDensity)")
    }
  }

  @Test func incrementalDensityEqualsOptuna() throws {
    for (index, item) in try GoldenParzen.load().enumerated() where item.parameters.count == 1 {
      var density = IncrementalParzen(
        domain: try item.parameters[0].domain(), options: item.options)
      for (k, value) in item.observations[0].enumerated() { density.insert(value, arrival: k) }
      let got = density.logDensity(at: item.points[0])
      let tolerance = item.observations[0].count < 98 ? 1e-9 : 1e-6
      #expect(agree(got, item.logDensity, tolerance), "case \(index): \(got)")
    }
  }

  private func agree(_ got: [Double], _ want: [Double], _ tolerance: Double = 1e-9) -> Bool {
    got.count == want.count
      && zip(got, want).allSatisfy { abs($0 - $1) <= tolerance * max(1, abs($1)) }
  }
}

import Testing

@testable import OuterloopSearch

/// Generations recorded from the package cmaes 0.13.1, with the random numbers that it drew
/// (Benchmarks/peers/cmaes/dump_generations.py).
struct GoldenGenerations: Decodable {
  struct Generation: Decodable {
    var losses: [Double]
    var mean: [Double]?
    var sigma: Double?
    var covariance: [Double]?
    var scales: [Double]?
    var probabilities: [[Double]]?
  }

  struct Case: Decodable {
    var name: String
    var dimensions: Int?
    var population: Int
    var adaptsRates: Bool?
    /// Of a margin case: grid values on [0, 1], nil for continuous.
    var counts: [Int?]?
    var ranges: [[Double]]?
    var grids: [[Double]]?
    var choices: [Int]?
    var generations: [Generation]
    var normals: [[Double]]
    var uniforms: [[Double]]?
  }

  struct Warm: Decodable {
    var points: [[Double]]
    var losses: [Double]
    var mean: [Double]
    var sigma: Double
    var covariance: [Double]
  }

  var gaussian: [Case]
  var margin: [Case]
  var mixed: [Case]
  var warm: [Warm]

  static func load() throws -> GoldenGenerations { try Golden.load("cmaes") }
}

/// The distribution after every generation is that of the package, to 1e-10.
@Suite struct CMAGoldenTests {
  private static let tolerance = 1e-10

  private func check(
    _ gaussian: CovarianceAdaptation, _ want: GoldenGenerations.Generation, _ place: String
  ) {
    expect(gaussian.mean, want.mean ?? [], "\(place): mean")
    expect([gaussian.sigma], [want.sigma ?? .nan], "\(place): sigma")
    expect(gaussian.covariance, want.covariance ?? [], "\(place): C")
  }

  private func expect(_ got: [Double], _ want: [Double], _ place: String) {
    // To the largest number of a vector or matrix.
    let size = want.reduce(1e-300) { max($0, abs($1)) }
    let error = zip(got, want).reduce(0) { max($0, abs($1.0 - $1.1)) }
    #expect(got.count == want.count && error <= Self.tolerance * size, "\(place): \(error / size)")
  }

  /// The places of a generation in the order of their losses.
  private func ranked(_ points: [[Double]], _ losses: [Double]) -> [[Double]] {
    losses.indices.sorted { (losses[$0], $0) < (losses[$1], $1) }.map { points[$0] }
  }

  private func gaussian(
    _ item: GoldenGenerations.Case, _ dimensions: Int
  ) -> CovarianceAdaptation {
    CovarianceAdaptation(
      CMAParameters(dimensions: dimensions, population: item.population),
      mean: Array(repeating: 0.5, count: dimensions), sigma: 1.0 / 6,
      adaptsRates: item.adaptsRates ?? false)
  }

  /// CMA and CMAwM: with the random numbers of the package, its points and its distributions.
  @Test func generationsOfCMA() throws {
    let golden = try GoldenGenerations.load()
    for item in golden.gaussian + golden.margin {
      let n = try #require(item.dimensions)
      let grids = (item.counts ?? Array(repeating: nil, count: n)).map { count in
        count.map { CoordinateGrid(count: $0, first: 0, step: 1 / Double($0 - 1)) }
      }
      var search = MarginSearch(gaussian(item, n), grids: grids, bounds: .redraws(10 * n))
      var used = 0
      #expect(item.generations.count == 30)
      for (index, generation) in item.generations.enumerated() {
        let points = generation.losses.map { _ in
          search.draw {
            used += 1
            return item.normals[used - 1]
          }
        }
        search.update(ranked(points, generation.losses))
        check(search.gaussian, generation, "\(item.name), generation \(index)")
        if let scales = generation.scales {
          expect(search.scales, scales, "\(item.name), generation \(index): A")
        }
      }
      #expect(used == item.normals.count)
    }
  }

  /// CatCMAwM, penalties included.
  @Test func generationsOfCatCMA() throws {
    for item in try GoldenGenerations.load().mixed {
      let ranges = (item.ranges ?? []).map { $0[0]...$0[1] }
      let grids: [CoordinateGrid?] =
        ranges.map { _ in nil }
        + (item.grids ?? []).map {
          CoordinateGrid(count: $0.count, first: $0[0], step: $0[1] - $0[0])
        }
      let choices = item.choices ?? []
      let discrete = (item.grids ?? []).count + choices.count
      let deviations = grids.enumerated().map { i, grid in
        grid.map { ($0.place($0.count - 1) - $0.place(0)) / 2 / 5 }
          ?? (ranges[i].upperBound - ranges[i].lowerBound) / 2 / 6
      }
      let n = grids.count
      var covariance = [Double](repeating: 0, count: n * n)
      for i in 0..<n { covariance[i * n + i] = deviations[i] * deviations[i] }
      let mean = grids.enumerated().map { i, grid in
        grid.map { ($0.place($0.count - 1) + $0.place(0)) / 2 }
          ?? (ranges[i].upperBound + ranges[i].lowerBound) / 2
      }
      var numbers: SpaceDistribution.Numbers?
      if n > 0 {
        let parameters = CMAParameters(dimensions: n, population: item.population)
        let gaussian = CovarianceAdaptation(
          parameters, mean: mean, sigma: 1, covariance: covariance)
        let padded = grids.indices.map { $0 < ranges.count ? ranges[$0] : 0...1 }
        numbers = .mixed(
          MixedSearch(gaussian, grids: grids, ranges: padded, discrete: discrete))
      }
      var search = SpaceDistribution(
        numbers, ChoiceDistribution(counts: choices, discrete: max(discrete, 1)),
        population: item.population)
      var used = 0
      for (index, generation) in item.generations.enumerated() {
        let members = generation.losses.map { loss in
          let numbersOf = used
          used += 1
          let coordinates: [Double] =
            if case .mixed(let mixed) = search.numbers {
              mixed.draw { item.normals[numbersOf] }
            } else { [] }
          var place = 0
          let chosen = search.choices.draw {
            place += 1
            return item.uniforms?[numbersOf][place - 1] ?? .nan
          }
          return SpaceDistribution.Member(
            point: .init(coordinates: coordinates, choices: chosen), rank: .complete(loss: loss),
            loss: loss, isInjected: false)
        }
        search.update(members)
        let place = "\(item.name), generation \(index)"
        if case .mixed(let mixed) = search.numbers {
          check(mixed.gaussian, generation, place)
          expect(mixed.scales, generation.scales ?? [], "\(place): A")
        }
        if !choices.isEmpty {
          expect(
            search.choices.probabilities.flatMap { $0 },
            (generation.probabilities ?? []).flatMap { $0 }, "\(place): q")
        }
      }
    }
  }

  @Test func warmStarts() throws {
    for item in try GoldenGenerations.load().warm {
      let start = try #require(WarmStart(ranked(item.points, item.losses)))
      expect(start.mean, item.mean, "mean")
      expect([start.sigma], [item.sigma], "sigma")
      expect(start.covariance, item.covariance, "C")
    }
  }
}

import Foundation
import OuterloopNumerics
import OuterloopSearch
import Testing

@Suite struct GaussianProcessTests {
  static let cases = GaussianProcessReference.recorded.cases

  private func process(_ item: GaussianProcessReference.Case) throws -> GaussianProcess {
    try #require(
      try GaussianProcess(
        item.kernelPoints(item.points), outputs: item.outputs, item.parameters))
  }

  @Test(arguments: cases)
  func predictsTheRecorded(_ item: GaussianProcessReference.Case) throws {
    let (means, variances) = try process(item).predict(item.kernelPoints(item.queries))
    for (place, want) in item.predictions.enumerated() {
      #expect(abs(means[place] - want.mean) < 1e-8)
      #expect(abs(variances[place] - want.variance) < 1e-8)
    }
  }

  @Test(arguments: cases)
  func leavesOneOut(_ item: GaussianProcessReference.Case) throws {
    let (means, variances) = try process(item).leaveOneOut()
    for (place, want) in item.leftOut.enumerated() {
      #expect(abs(means[place] - want[0]) < 1e-8)
      #expect(abs(variances[place] - want[1]) < 1e-8)
    }
  }

  /// At the points themselves y - noise alpha is the mean.
  @Test(arguments: cases)
  func smoothsItsOutputs(_ item: GaussianProcessReference.Case) throws {
    let process = try process(item)
    let means = process.predict(process.points).means
    for (a, b) in zip(process.smoothed, means) { #expect(abs(a - b) < 1e-10) }
  }

  /// Told more, it is the process that knew all from the start.
  @Test(arguments: cases)
  func growsByPoints(_ item: GaussianProcessReference.Case) throws {
    let process = try process(item)
    let first = item.points.count / 2
    let begun = try #require(
      try GaussianProcess(
        item.kernelPoints(Array(item.points.prefix(first))),
        outputs: item.outputs.prefix(first).map { _ in 0 }, item.parameters))
    let grown = try #require(
      begun.extended(
        by: item.kernelPoints(Array(item.points.dropFirst(first))), outputs: item.outputs))
    let queries = item.kernelPoints(item.queries)
    let (means, variances) = grown.predict(queries)
    let (wantedMeans, wantedVariances) = process.predict(queries)
    for place in item.queries.indices {
      #expect(abs(means[place] - wantedMeans[place]) < 1e-9)
      #expect(abs(variances[place] - wantedVariances[place]) < 1e-9)
    }
    #expect(abs(grown.mean - process.mean) < 1e-9)
  }

  /// With points whose outputs were drawn it is the process that was told these outputs, with the mean
  /// that it had.
  @Test(arguments: cases)
  func imaginingIsBeingTold(_ item: GaussianProcessReference.Case) throws {
    let process = try process(item)
    let new = item.kernelPoints(Array(item.queries.prefix(3)))
    let normals = [[0.3, -1.2, 0.9], [0, 0, 0], [-2, 0.1, 1]]
    let imagined = process.imagining(new, normals: normals)
    #expect(imagined.samples == 3)
    let queries = item.kernelPoints(item.queries)
    let (means, variances) = imagined.predict(queries)
    let count = item.points.count
    for (sample, _) in normals.enumerated() {
      let outputs = (0..<imagined.points.count).map { imagined.outputs[3 * $0 + sample] }
      #expect(Array(outputs.prefix(count)) == item.outputs)
      let direct = try Self.plain(
        imagined.points, outputs, queries, item.parameters,
        process.mean)
      for (place, want) in direct.enumerated() {
        #expect(abs(means[sample * queries.count + place] - want.mean) < 1e-9)
        #expect(abs(variances[place] - want.variance) < 1e-9)
      }
    }
    // No surprise, no change of the mean.
    let plain = process.predict(queries).means
    for place in plain.indices {
      #expect(abs(means[queries.count + place] - plain[place]) < 1e-9)
    }
  }

  /// m + k(x, X) K^-1 (y - m) and k(x, x) - k(x, X) K^-1 k(X, x), from covariances pair by pair.
  private static func plain(
    _ points: KernelPoints, _ outputs: [Double], _ queries: KernelPoints,
    _ parameters: KernelParameters, _ mean: Double
  ) throws -> [(mean: Double, variance: Double)] {
    let n = points.count
    var all = points
    all.append(contentsOf: queries)
    let matrix = Covariances.matrix(all, parameters)
    let total = all.count
    var corner = (0..<n).flatMap { i in (0..<n).map { matrix[i * total + $0] } }
    for i in 0..<n { corner[i * n + i] += parameters.noise }
    let factor = try #require(try IncrementalCholesky(corner, count: n))
    let weights = factor.solve(outputs.map { $0 - mean })
    return (n..<total).map { q in
      let row = (0..<n).map { matrix[q * total + $0] }
      let spread = factor.solve(row)
      return (
        mean + zip(row, weights).reduce(0) { $0 + $1.0 * $1.1 },
        matrix[q * total + q] - zip(row, spread).reduce(0) { $0 + $1.0 * $1.1 }
      )
    }
  }

  /// The same point again and again, with and without noise, and points next to one another.
  @Test func repeatedPointsDoNotBreakIt() throws {
    let layout = KernelLayout(dimensions: 1)
    for noise in [1e-4, 0] {
      for gap in [0, 1e-12, 1e-6] {
        var points = KernelPoints(layout)
        for i in 0..<40 { points.append([[Double(i) * gap]]) }
        let process = try #require(
          try GaussianProcess(
            points, outputs: (0..<40).map { Double($0 % 2) },
            KernelParameters(lengthscales: [[1]], scales: [1], noise: noise)))
        let (means, variances) = process.predict(points)
        #expect(means.allSatisfy { abs($0 - 0.5) < 0.6 })
        #expect(variances.allSatisfy { $0 >= 0 && $0 < 0.01 })
      }
    }
  }

  @Test func refusesWhatIsNotFinite() throws {
    var points = KernelPoints(KernelLayout(dimensions: 1))
    points.append([[0.1]])
    points.append([[0.2]])
    for length in [Double.nan, 0] {
      let parameters = KernelParameters(lengthscales: [[length]], scales: [1], noise: .nan)
      #expect(try GaussianProcess(points, outputs: [1, 2], parameters) == nil)
    }
  }
}

/// Covariances by the formula, pair by pair.
enum Covariances {
  static func matrix(_ points: KernelPoints, _ parameters: KernelParameters) -> [Double] {
    let n = points.count
    var result = [Double](repeating: 0, count: n * n)
    for (g, group) in points.layout.groups.enumerated() {
      let activity = points.activity[g]
      for i in 0..<n {
        for j in 0..<n {
          if !activity.isEmpty, activity[i] * activity[j] == 0 { continue }
          var square = 0.0
          for c in 0..<group.columns {
            let difference =
              points.columns[g][i * group.columns + c] - points.columns[g][j * group.columns + c]
            let z = difference / parameters.lengthscales[g][group.lengthscales[c]]
            square += z * z
          }
          let a = (5 * square).squareRoot()
          result[i * n + j] +=
            parameters.scales[g] * (1 + a + a * a / 3) * exp(-a)
        }
      }
    }
    return result
  }
}

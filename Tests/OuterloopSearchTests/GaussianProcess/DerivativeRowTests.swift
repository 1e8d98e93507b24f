import Foundation
import OuterloopNumerics
import OuterloopSearch
import Testing

/// Derivatives as observations, held to dense formulas whose covariances are differences of the kernel's.
@Suite struct DerivativeRowTests {
  /// Two groups, one of which not every point has; columns of a choice share a length-scale.
  struct Case: Sendable, CustomStringConvertible {
    var name: String
    var layout: KernelLayout
    var points: [[[Double]?]]
    var queries: [[[Double]?]]
    var rows: [DerivativeRows.Row]
    var outputs: [Double]
    var parameters: KernelParameters

    var description: String { name }
    var derivatives: DerivativeRows { DerivativeRows(rows) }

    func kernelPoints(_ points: [[[Double]?]]) -> KernelPoints {
      var result = KernelPoints(layout)
      for point in points { result.append(point) }
      return result
    }
    func process() throws -> GaussianProcess {
      try #require(
        try GaussianProcess(
          kernelPoints(points), outputs: outputs, derivatives: derivatives, parameters))
    }
  }

  static let cases: [Case] = [
    Case(
      name: "one group", layout: KernelLayout(dimensions: 3),
      points: [
        [[0.1, 0.2, -0.3]], [[-0.4, 0.45, 0]], [[0.3, -0.1, 0.2]], [[0.12, 0.2, -0.28]],
      ],
      queries: [[[0, 0.1, 0.1]], [[0.1, 0.2, -0.3]], [[-0.5, 0.5, 0.5]], [[0.29, -0.12, 0.2]]],
      rows: [
        .init(point: 0, by: .init(group: 0, column: 0), value: 1.3),
        .init(point: 0, by: .init(group: 0, column: 2), value: -0.4),
        .init(point: 2, by: .init(group: 0, column: 0), value: 0.2),
        .init(point: 3, by: .init(group: 0, column: 1), value: -2),
      ],
      outputs: [0.3, -1.2, 0.8, 0.1],
      parameters: KernelParameters(
        lengthscales: [[0.5, 1.1, 0.35]], scales: [1], noise: 1e-2, gradientNoise: 0.05)),
    Case(
      name: "groups",
      layout: KernelLayout(groups: [
        .init(lengthscales: [0, 1, 1, 2]), .init(lengthscales: [0, 1], isConditional: true),
      ]),
      points: [
        [[0.1, 0.7, 0, 0.4], [0.2, -0.3]], [[-0.3, 0, 0.7, -0.1], nil],
        [[0.25, 0.7, 0, 0.1], [-0.1, 0.05]], [[0.4, 0, 0.7, 0.3], [0.3, 0.3]],
        [[-0.2, 0.7, 0, -0.45], nil],
      ],
      queries: [
        [[0.05, 0, 0.7, 0.2], [0.1, 0.1]], [[0, 0.7, 0, 0], nil],
        [[0.1, 0.7, 0, 0.4], [0.2, -0.3]],
        [[0.3, 0.7, 0, 0.2], [0.3, 0.2]],
      ],
      rows: [
        .init(point: 3, by: .init(group: 0, column: 3), value: 0.7),
        .init(point: 0, by: .init(group: 1, column: 1), value: -0.5),
        .init(point: 0, by: .init(group: 0, column: 0), value: 1.1),
        .init(point: 2, by: .init(group: 1, column: 0), value: 2),
        .init(point: 1, by: .init(group: 0, column: 0), value: 0.1),
        .init(point: 0, by: .init(group: 1, column: 0), value: 0.3),
        .init(point: 3, by: .init(group: 1, column: 1), value: -1),
      ],
      outputs: [0.5, -0.7, 1.1, 0.2, -0.9],
      parameters: KernelParameters(
        lengthscales: [[0.4, 0.9, 0.6], [0.5, 0.3]], scales: [0.8, 1.7], noise: 2e-3,
        gradientNoise: 0.01)),
  ]

  // MARK: Dense formulas

  /// Covariances of derivative rows, outputs and values at queries, in this order, without noise: of
  /// derivatives by central differences of the kernel, moved points among the others.
  private static func covariances(_ item: Case, _ queries: [[[Double]?]]) -> [[Double]] {
    let step = 1e-4
    var all = item.points + queries
    // By row of the result: weights of points.
    typealias Sum = [(place: Int, weight: Double)]
    var sums: [Sum] = []
    for row in item.rows {
      var terms: Sum = []
      for sign in [1.0, -1] {
        var moved = item.points[row.point]
        moved[row.by.group]?[row.by.column] += sign * step
        terms.append((all.count, sign / (2 * step)))
        all.append(moved)
      }
      sums.append(terms)
    }
    sums += (0..<item.points.count + queries.count).map { [($0, 1)] }
    let matrix = Covariances.matrix(item.kernelPoints(all), item.parameters)
    func covariance(_ left: Sum, _ right: Sum) -> Double {
      var total = 0.0
      for a in left {
        for b in right { total += a.weight * b.weight * matrix[a.place * all.count + b.place] }
      }
      return total
    }
    return sums.map { left in sums.map { covariance(left, $0) } }
  }

  private static func dot(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for place in a.indices { sum += a[place] * b[place] }
    return sum
  }

  private struct Dense {
    var factor: IncrementalCholesky
    var mean: Double
    var weights: [Double]
    var rest: [Double]
  }

  /// With the mean of the largest evidence.
  private static func dense(_ item: Case, _ covariances: [[Double]]) throws -> Dense {
    let (p, n) = (item.rows.count, item.rows.count + item.points.count)
    var matrix = (0..<n).flatMap { Array(covariances[$0].prefix(n)) }
    for i in 0..<n {
      matrix[i * n + i] += i < p ? item.parameters.gradientNoise ?? 0 : item.parameters.noise
    }
    let factor = try #require(try IncrementalCholesky(matrix, count: n))
    let h = (0..<n).map { $0 < p ? 0.0 : 1 }
    let y = item.rows.map(\.value) + item.outputs
    let (a, b) = (factor.solve(y), factor.solve(h))
    let mean = dot(h, a) / dot(h, b)
    let rest = zip(y, h).map { $0 - mean * $1 }
    return Dense(factor: factor, mean: mean, weights: factor.solve(rest), rest: rest)
  }

  @Test(arguments: cases)
  func posteriorIsTheDenseOne(_ item: Case) throws {
    let all = Self.covariances(item, item.queries)
    let dense = try Self.dense(item, all)
    let n = item.rows.count + item.points.count
    let process = try item.process()
    #expect(abs(process.mean - dense.mean) < 1e-5)
    let (means, variances) = process.predict(item.kernelPoints(item.queries))
    for q in item.queries.indices {
      let row = Array(all[n + q].prefix(n))
      let spread = dense.factor.solve(row)
      let mean = dense.mean + Self.dot(row, dense.weights)
      let variance = all[n + q][n + q] - Self.dot(row, spread)
      #expect(abs(means[q] - mean) < 1e-5)
      #expect(abs(variances[q] - variance) < 1e-5)
    }
    let own = process.predict(process.points).means
    for (a, b) in zip(process.smoothed, own) { #expect(abs(a - b) < 1e-10) }
  }

  @Test(arguments: cases)
  func evidenceIsTheDenseOne(_ item: Case) throws {
    let dense = try Self.dense(item, Self.covariances(item, []))
    let evidence = Evidence(
      item.kernelPoints(item.points), outputs: item.outputs, derivatives: item.derivatives)
    let value = try #require(try evidence.logarithm(item.parameters)).value
    let n = dense.rest.count
    let quadratic = Self.dot(dense.rest, dense.weights)
    let want = -0.5 * (quadratic + dense.factor.logDeterminant + Double(n) * log(2 * .pi))
    #expect(abs(value - want) < 1e-4)

    // log p(outputs | derivatives) = log p(both) - log p(derivatives).
    let p = item.rows.count
    let all = Self.covariances(item, [])
    var corner = (0..<p).flatMap { Array(all[$0].prefix(p)) }
    for i in 0..<p { corner[i * p + i] += item.parameters.gradientNoise ?? 0 }
    let factor = try #require(try IncrementalCholesky(corner, count: p))
    let own = item.rows.map(\.value)
    let alone =
      -0.5
      * (Self.dot(own, factor.solve(own)) + factor.logDeterminant
        + Double(p) * log(2 * .pi))
    let given = try #require(try evidence.logarithmGivenDerivatives(item.parameters))
    #expect(abs(given - (want - alone)) < 1e-4)
  }

  /// log p(outputs | all derivatives) - log p(outputs | those by other columns), with the mean of the former.
  @Test(arguments: cases)
  func agreementIsTheDifference(_ item: Case) throws {
    let all = Self.covariances(item, [])
    let dense = try Self.dense(item, all)
    let (p, n) = (item.rows.count, dense.rest.count)
    func logDensity(_ places: [Int]) throws -> Double {
      var matrix = places.flatMap { i in places.map { all[i][$0] } }
      for (place, i) in places.enumerated() {
        matrix[place * places.count + place] +=
          i < p ? item.parameters.gradientNoise ?? 0 : item.parameters.noise
      }
      let factor = try #require(try IncrementalCholesky(matrix, count: places.count))
      let rest = places.map { dense.rest[$0] }
      let quadratic = Self.dot(rest, factor.solve(rest))
      return -0.5 * (quadratic + factor.logDeterminant + Double(places.count) * log(2 * .pi))
    }
    func given(_ derivatives: [Int]) throws -> Double {
      try logDensity(derivatives + Array(p..<n)) - logDensity(derivatives)
    }
    let evidence = Evidence(
      item.kernelPoints(item.points), outputs: item.outputs, derivatives: item.derivatives)
    let agreement = try #require(try evidence.agreement(item.parameters))
    #expect(Set(agreement.keys) == Set(item.rows.map(\.by)))
    for (column, value) in agreement {
      let others = item.rows.indices.filter { item.rows[$0].by != column }
      let want = try given(Array(0..<p)) - given(others)
      #expect(abs(value - want) < 1e-4, "\(column)")
    }
  }

  @Test(arguments: cases)
  func evidenceGradientIsItsDifference(_ item: Case) throws {
    let evidence = Evidence(
      item.kernelPoints(item.points), outputs: item.outputs, derivatives: item.derivatives)
    let theta = item.parameters.logarithms
    #expect(KernelParameters(logarithms: theta, item.layout).gradientNoise != nil)
    let gradient = try #require(try evidence.logarithm(item.parameters)).gradient
    #expect(gradient.count == theta.count)
    for place in theta.indices {
      let ends = try [1e-5, -1e-5].map { step in
        var moved = theta
        moved[place] += step
        return try #require(
          try evidence.logarithm(KernelParameters(logarithms: moved, item.layout))
        ).value
      }
      #expect(abs(gradient[place] - (ends[0] - ends[1]) / 2e-5) < 1e-7, "\(place)")
    }
  }

  /// Slopes of the acquisition function, which are made of those of means and variances, with and without
  /// draws of pending trials.
  @Test(arguments: cases)
  func predictionsHaveTheirSlopes(_ item: Case) throws {
    let process = try item.process()
    let imagined = process.imagining(
      item.kernelPoints([item.queries[3]]), normals: [[0.4], [-1.1]])
    for acquisition in [ExpectedImprovement(process), ExpectedImprovement(imagined)] {
      for query in item.queries.prefix(3) {
        let gradients = acquisition.valuesAndGradients(at: item.kernelPoints([query])).gradients
        for (g, part) in query.enumerated() {
          for c in (part ?? []).indices {
            let ends = [1e-5, -1e-5].map { step in
              var moved = query
              moved[g]?[c] += step
              return acquisition.values(at: item.kernelPoints([moved]))[0]
            }
            let slope = (ends[0] - ends[1]) / 2e-5
            #expect(abs(gradients[g][c] - slope) < 1e-5 * max(1, abs(slope)), "\(g), \(c)")
          }
        }
      }
    }
  }

  /// Without noise the mean has the slopes that were observed.
  @Test(arguments: cases)
  func meanHasTheObservedSlopes(_ item: Case) throws {
    var item = item
    (item.parameters.noise, item.parameters.gradientNoise) = (1e-9, 1e-9)
    let process = try item.process()
    for row in item.rows {
      let ends = [1e-5, -1e-5].map { step in
        var moved = item.points[row.point]
        moved[row.by.group]?[row.by.column] += step
        return process.predict(item.kernelPoints([moved])).means[0]
      }
      #expect(abs((ends[0] - ends[1]) / 2e-5 - row.value) < 1e-3 * max(1, abs(row.value)))
    }
  }

  /// Derivatives that are nothing but noise change nothing.
  @Test(arguments: cases)
  func noiseTellsNothing(_ item: Case) throws {
    var item = item
    item.parameters.gradientNoise = 1e9
    let (means, variances) = try item.process().predict(item.kernelPoints(item.queries))
    item.rows = []
    item.parameters.gradientNoise = nil
    let plain = try item.process().predict(item.kernelPoints(item.queries))
    for q in item.queries.indices {
      #expect(abs(means[q] - plain.means[q]) < 1e-7)
      #expect(abs(variances[q] - plain.variances[q]) < 1e-7)
    }
  }

  /// With pending points whose outputs were drawn it is the process that was told these, with its mean.
  @Test(arguments: cases)
  func imaginingIsBeingTold(_ item: Case) throws {
    let process = try item.process()
    let new = Array(item.queries.prefix(2))
    let imagined = process.imagining(
      item.kernelPoints(new), normals: [[0.3, -1.2], [0, 0], [-2, 0.1]])
    let queries = item.kernelPoints(Array(item.queries.suffix(2)))
    let (means, variances) = imagined.predict(queries)
    let n = item.points.count
    for sample in 0..<3 {
      var told = item
      told.points += new
      told.outputs = (0..<n + 2).map { imagined.outputs[3 * $0 + sample] }
      #expect(Array(told.outputs.prefix(n)) == item.outputs)
      let all = Self.covariances(told, Array(item.queries.suffix(2)))
      let rows = told.rows.count + told.points.count
      let dense = try Self.dense(told, all)
      let rest = told.rows.map(\.value) + told.outputs.map { $0 - process.mean }
      let weights = dense.factor.solve(rest)
      for q in 0..<2 {
        let row = Array(all[rows + q].prefix(rows))
        let mean = process.mean + Self.dot(row, weights)
        #expect(abs(means[sample * 2 + q] - mean) < 1e-5)
        let variance =
          all[rows + q][rows + q] - Self.dot(row, dense.factor.solve(row))
        #expect(abs(variances[q] - variance) < 1e-5)
      }
    }
    // No surprise, no change of the mean.
    let plain = process.predict(queries).means
    for q in 0..<2 { #expect(abs(means[2 + q] - plain[q]) < 1e-9) }
  }

  /// What the other outputs and all derivatives say of one.
  @Test(arguments: cases)
  func leavesOneOut(_ item: Case) throws {
    let process = try item.process()
    let (means, variances) = process.leaveOneOut()
    let all = Self.covariances(item, [])
    let (p, n) = (item.rows.count, item.rows.count + item.points.count)
    for left in item.points.indices {
      let kept = (0..<n).filter { $0 != p + left }
      var matrix = kept.flatMap { i in kept.map { all[i][$0] } }
      for (place, i) in kept.enumerated() {
        matrix[place * kept.count + place] +=
          i < p ? item.parameters.gradientNoise ?? 0 : item.parameters.noise
      }
      let factor = try #require(try IncrementalCholesky(matrix, count: kept.count))
      let row = kept.map { all[p + left][$0] }
      let rest = kept.map {
        $0 < p ? item.rows[$0].value : item.outputs[$0 - p] - process.mean
      }
      let mean = process.mean + Self.dot(row, factor.solve(rest))
      let variance =
        all[p + left][p + left] + item.parameters.noise
        - Self.dot(row, factor.solve(row))
      #expect(abs(means[left] - mean) < 1e-5)
      #expect(abs(variances[left] - variance) < 1e-5)
    }
  }

  /// The prior of their noise is one more entry, whose mode is not far below the derivatives themselves.
  @Test func priorOfTheNoise() throws {
    let layout = KernelLayout(dimensions: 2)
    let prior = KernelPrior(layout, gradients: true)
    let noise = try #require(prior.mode.gradientNoise)
    #expect(noise > 0.1 && KernelPrior(layout).mode.gradientNoise == nil)
    let (_, gradient) = prior.logDensity(prior.mode.logarithms)
    for slope in gradient { #expect(abs(slope) < 1e-12) }
    #expect(prior.mode.stretched(by: 2).gradientNoise == noise)
  }
}

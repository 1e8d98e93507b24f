import Foundation
import OuterloopNumerics
import OuterloopSearch
import Testing

@Suite struct CurveProcessTests {
  /// Curves of a space with a conditional group, and rows of them in no order.
  struct Case {
    let layout = KernelLayout(groups: [
      .init(lengthscales: [0, 1]), .init(lengthscales: [0], isConditional: true),
    ])
    var rows: CurveRows
    var outputs: [Double] = []
    let parameters: CurveParameters
    let epochs = 20

    init(curves: Int = 7, rows count: Int = 24) throws {
      let numbers = try RandomKey(seed: 5).uniform([curves, 4], dtype: .float64)
        .scalars(Double.self)
      var points = KernelPoints(layout)
      for i in 0..<curves {
        points.append([
          Array(numbers[4 * i..<4 * i + 2]), i % 3 == 1 ? nil : [numbers[4 * i + 2]],
        ])
      }
      rows = CurveRows(layout)
      rows.append(curves: points)
      for i in 0..<count {
        rows.append(
          curve: (3 * i) % curves,
          time: CurveRows.time(ofEpoch: 1 + i * 7 % epochs, of: epochs))
        outputs.append(sin(Double(2 * i)) - 0.02 * Double(i))
      }
      parameters = CurveParameters(
        kernel: KernelParameters(
          lengthscales: [[0.6, 1.3], [0.8]], scales: [0.9, 0.4], noise: 0.03),
        level: 0.7, shape: 0.5, ownLevel: 0.2, ownShape: 0.3, timescale: 0.6)
    }

    /// The kernel as the formula says it.
    func covariance(_ a: Place, _ b: Place) -> Double {
      let p = parameters
      func matern(_ group: Int) -> Double {
        let points = rows.curves
        let width = layout.groups[group].columns
        let activity = points.activity[group]
        if !activity.isEmpty, activity[a.curve] == 0 || activity[b.curve] == 0 { return 0 }
        var square = 0.0
        for c in 0..<width {
          let difference =
            points.columns[group][a.curve * width + c] - points.columns[group][b.curve * width + c]
          square += pow(difference / p.kernel.lengthscales[group][c], 2)
        }
        let s = (5 * square).squareRoot()
        return p.kernel.scales[group] * (1 + s + s * s / 3) * exp(-s)
      }
      let kt = exp(-abs(a.time - b.time) / p.timescale)
      let own = a.curve == b.curve && !b.isNew ? p.ownLevel + p.ownShape * kt : 0
      return (matern(0) + matern(1)) * (p.level + p.shape * kt) + own
    }

    struct Place {
      var curve: Int
      var time: Double
      /// Another curve of the same configuration.
      var isNew = false
    }

    var places: [Place] {
      rows.curveOf.indices.map { Place(curve: rows.curveOf[$0], time: rows.times[$0]) }
    }

    var matrix: [[Double]] {
      places.enumerated().map { i, a in
        places.enumerated().map { j, b in covariance(a, b) + (i == j ? parameters.kernel.noise : 0)
        }
      }
    }
  }

  /// Gauss elimination: A^-1 b, and log det A.
  static func solve(_ matrix: [[Double]], _ b: [Double]) -> (x: [Double], logDeterminant: Double) {
    var (a, x) = (matrix, b)
    var logDeterminant = 0.0
    for i in a.indices {
      logDeterminant += log(a[i][i])
      for j in a.indices where j > i {
        let factor = a[j][i] / a[i][i]
        for k in i..<a.count { a[j][k] -= factor * a[i][k] }
        x[j] -= factor * x[i]
      }
    }
    for i in a.indices.reversed() {
      for k in i + 1..<max(a.count, i + 1) { x[i] -= a[i][k] * x[k] }
      x[i] /= a[i][i]
    }
    return (x, logDeterminant)
  }

  static func mean(_ item: Case) -> Double {
    let ones = solve(item.matrix, item.outputs.map { _ in 1 }).x
    return zip(ones, item.outputs).reduce(0) { $0 + $1.0 * $1.1 } / (1 + ones.reduce(0, +))
  }

  @Test func evidenceIsTheFormula() throws {
    let item = try Case()
    let mean = Self.mean(item)
    let rest = item.outputs.map { $0 - mean }
    let (alpha, logDeterminant) = Self.solve(item.matrix, rest)
    let square = zip(rest, alpha).reduce(0) { $0 + $1.0 * $1.1 }
    let constant = Double(rest.count) * log(2 * Double.pi)
    let expected = -0.5 * (square + logDeterminant + constant + mean * mean)
    let evidence = CurveEvidence(item.rows, outputs: item.outputs)
    let (value, _) = try #require(try evidence.logarithm(item.parameters))
    #expect(abs(value - expected) < 1e-9)
  }

  @Test func gradientsAreDifferences() throws {
    let item = try Case()
    let evidence = CurveEvidence(item.rows, outputs: item.outputs)
    let prior = CurveKernelPrior(item.layout)
    let theta = item.parameters.logarithms
    #expect(theta.count == prior.locations.count)
    func at(_ theta: [Double]) throws -> Double {
      try #require(try evidence.logarithm(CurveParameters(logarithms: theta, item.layout))).value
    }
    let (_, gradient) = try #require(try evidence.logarithm(item.parameters))
    let (_, slope) = prior.logDensity(theta)
    #expect(gradient.count == theta.count)
    for place in theta.indices {
      var (up, down) = (theta, theta)
      up[place] += 1e-5
      down[place] -= 1e-5
      let difference = try (at(up) - at(down)) / 2e-5
      #expect(abs(gradient[place] - difference) < 1e-6, "\(place)")
      let other = (prior.logDensity(up).value - prior.logDensity(down).value) / 2e-5
      #expect(abs(slope[place] - other) < 1e-6)
    }
  }

  @Test func predictionsAreTheFormula() throws {
    let item = try Case()
    var process = try #require(try CurveProcess(item.rows, item.parameters))
    process.observe(item.outputs)
    let mean = Self.mean(item)
    #expect(abs(process.mean - mean) < 1e-10)
    let alpha = Self.solve(item.matrix, item.outputs.map { $0 - mean }).x
    var queries = CurveQueries(item.layout)
    var places: [Case.Place] = []
    for (curve, epoch) in [(0, 20), (3, 4), (6, 11)] {
      let time = CurveRows.time(ofEpoch: epoch, of: item.epochs)
      queries.append(
        item.rows.curves.selecting(curve..<curve + 1), curve: curve, time: time)
      places.append(.init(curve: curve, time: time))
    }
    queries.append(contentsOf: item.rows.curves.selecting(2..<5), time: 0.4)
    places += (2..<5).map { .init(curve: $0, time: 0.4, isNew: true) }
    let (means, variances) = process.predict(queries)
    for (q, place) in places.enumerated() {
      let k = item.places.map { item.covariance($0, place) }
      let expected = mean + zip(k, alpha).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(abs(means[q] - expected) < 1e-9)
      let solved = Self.solve(item.matrix, k).x
      var own = place
      own.isNew = false
      let variance =
        item.covariance(own, own) - zip(k, solved).reduce(0) { $0 + $1.0 * $1.1 }
        + item.parameters.kernel.noise
      #expect(abs(variances[q] - variance) < 1e-9)
    }
  }

  /// Rows and curves that come later are the same as if they had been there; fantasies leave means alone.
  @Test func appendedRows() throws {
    let item = try Case()
    var whole = try #require(try CurveProcess(item.rows, item.parameters))
    whole.observe(item.outputs)
    var few = CurveRows(item.layout)
    few.append(curves: item.rows.curves.selecting(0..<4))
    var later: [Int] = []
    for i in item.outputs.indices {
      if item.rows.curveOf[i] < 4, i < 12 {
        few.append(curve: item.rows.curveOf[i], time: item.rows.times[i])
      } else {
        later.append(i)
      }
    }
    let first = item.outputs.indices.filter { !later.contains($0) }
    var grown = try #require(try CurveProcess(few, item.parameters))
    grown.append(curves: item.rows.curves.selecting(4..<7))
    for i in later {
      let isTold = grown.append(curve: item.rows.curveOf[i], time: item.rows.times[i])
      #expect(isTold)
    }
    grown.observe((first + later).map { item.outputs[$0] })
    var queries = CurveQueries(item.layout)
    queries.append(item.rows.curves.selecting(1..<2), curve: 1, time: 0.9)
    queries.append(contentsOf: item.rows.curves, time: 1)
    let (means, variances) = whole.predict(queries)
    let (others, spread) = grown.predict(queries)
    for q in means.indices {
      #expect(abs(means[q] - others[q]) < 1e-10 && abs(variances[q] - spread[q]) < 1e-10)
    }
    var believing = whole
    let isBelieved = believing.append(curve: 1, time: 0.95)
    #expect(isBelieved)
    let (same, smaller) = believing.predict(queries)
    for q in means.indices {
      #expect(abs(same[q] - means[q]) < 1e-12 && smaller[q] <= variances[q])
    }
    #expect(smaller[0] < 0.99 * variances[0])
  }

  /// A fit is at least as good as where it begins, and a stationary point.
  @Test func fits() throws {
    let item = try Case(curves: 12, rows: 60)
    let outputs = zip(item.rows.curveOf, item.rows.times).map {
      sin(3 * item.rows.curves.columns[0][2 * $0]) * (0.5 + $1)
    }
    let evidence = CurveEvidence(item.rows, outputs: outputs)
    let prior = CurveKernelPrior(item.layout)
    func at(_ theta: [Double]) throws -> Double {
      try #require(try evidence.logarithm(CurveParameters(logarithms: theta, item.layout))).value
        + prior.logDensity(theta).value
    }
    let fit = try evidence.fitted(prior, from: prior.start).logarithms
    let best = try at(fit)
    #expect(try at(prior.start.logarithms) < best)
    for place in fit.indices {
      for step in [-0.3, 0.3] {
        var theta = fit
        theta[place] = min(max(theta[place] + step, prior.lower[place]), prior.upper[place])
        #expect(try at(theta) < best + 0.2)
      }
    }
  }

  @Test func timesOfEpochs() {
    #expect(CurveRows.time(ofEpoch: 1, of: 50) == 0 && CurveRows.time(ofEpoch: 50, of: 50) == 1)
    #expect(CurveRows.time(ofEpoch: 1, of: 1) == 0)
    #expect(CurveRows.time(ofEpoch: 0, of: 9) == 0)
  }
}

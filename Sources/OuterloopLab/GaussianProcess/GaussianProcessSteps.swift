internal import OuterloopNumerics
internal import OuterloopPlatform
internal import OuterloopSearch

/// A search in one dimension, step by step: a Gaussian process of the observations, and the maximizer of
/// the expected improvement.
struct GaussianProcessSteps {
  /// The state before a step, and its proposal.
  struct Step: Codable {
    /// The points tried, and their losses.
    var x, y: [Double]
    /// On the grid: mean and standard deviation of the loss, and the expected improvement.
    var mean, deviation, improvement: [Double]
    var next: Double
    /// The largest difference from the formulas of the textbook, written out.
    var difference: Double
  }

  /// The grid of evaluations, in 0...1.
  static let grid = (0...240).map { Double($0) / 240 }

  /// Several valleys, the deepest of them near 0.14 and narrow.
  static func loss(_ x: Double) -> Double {
    0.4 * sin(14 * x) * (1 - 0.4 * x) - 0.6 * exp(-(x - 0.34) * (x - 0.34) * 80) + 1.2 * (x - 0.5)
      * (x - 0.5)
  }

  /// The least loss on the grid.
  static var least: Double { grid.map(loss).min() ?? 0 }

  private static let layout = KernelLayout(dimensions: 1)

  private static func points(_ x: [Double]) -> KernelPoints {
    KernelPoints(layout, count: x.count, columns: [x], activity: [[]])
  }

  /// Runs steps after the first points.
  static func run(from first: [Double], steps: Int) throws -> [Step] {
    var x = first
    var result: [Step] = []
    for _ in 0...steps {
      let step = try step(x)
      result.append(step)
      x.append(step.next)
    }
    return result
  }

  private static func step(_ x: [Double]) throws -> Step {
    let y = x.map(loss)
    // Outputs of mean 0 and variance 1, as the kernel's prior assumes.
    let center = y.reduce(0, +) / Double(y.count)
    let spread = Swift.max(
      (y.reduce(0) { $0 + ($1 - center) * ($1 - center) } / Double(y.count)).squareRoot(), 1e-9)
    let outputs = y.map { ($0 - center) / spread }
    let data = points(x)
    let prior = KernelPrior(layout)
    let fit = try KernelFit(
      Evidence(data, outputs: outputs), prior,
      from: [prior.mode, KernelParameters(lengthscales: [[0.1]], scales: [1], noise: 1e-5)])
    guard let process = try GaussianProcess(data, outputs: outputs, fit.parameters) else {
      throw LabError(.diverged, "no covariance", remedy: "this is an error of the package")
    }
    let (means, variances) = process.predict(points(grid))
    let values = ExpectedImprovement(process).values(at: points(grid))
    let place = values.indices.max { values[$0] < values[$1] } ?? 0
    return Step(
      x: x, y: y, mean: means.map { center + spread * $0 },
      deviation: variances.map { spread * Swift.max($0, 0).squareRoot() },
      improvement: values.map { exp($0) * spread }, next: grid[place],
      difference: try difference(process, x, outputs, means, variances))
  }

  /// The predictions recomputed: `m + k' K^-1 (y - m)` and `k(x, x) - k' K^-1 k` by a dense solve, with
  /// Matern's kernel `(1 + r + r^2/3) e^-r`, r = sqrt 5 |x - x'| / l.
  private static func difference(
    _ process: GaussianProcess, _ x: [Double], _ outputs: [Double], _ means: [Double],
    _ variances: [Double]
  ) throws -> Double {
    let (length, noise) = (process.parameters.lengthscales[0][0], process.parameters.noise)
    func kernel(_ a: Double, _ b: Double) -> Double {
      let r = 5.0.squareRoot() * abs(a - b) / length
      return (1 + r + r * r / 3) * exp(-r)
    }
    let elements = x.indices.flatMap { i in
      x.indices.map { kernel(x[i], x[$0]) + (i == $0 ? noise : 0) }
    }
    guard
      let factor = try CholeskyFactorization(DenseSymmetric(count: x.count, elements: elements))
    else { return .nan }
    let weights = factor.solve(outputs.map { $0 - process.mean })
    return grid.indices.map { place in
      let row = x.map { kernel(grid[place], $0) }
      let mean = process.mean + zip(row, weights).reduce(0) { $0 + $1.0 * $1.1 }
      let variance = 1 - zip(row, factor.solve(row)).reduce(0) { $0 + $1.0 * $1.1 }
      return Swift.max(abs(mean - means[place]), abs(variance - variances[place]))
    }.max() ?? .nan
  }
}

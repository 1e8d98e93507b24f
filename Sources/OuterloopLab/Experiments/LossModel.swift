internal import OuterloopNumerics
internal import OuterloopSearch

/// A Gaussian process of losses at few points in many directions, with one length-scale, since there are too few to
/// distinguish directions: the Bayesian optimization model for comparisons with hypergradients.
///
/// - Complexity: O(n^3) for a few dozen evidence evaluations with n losses.
struct LossModel {
  private let layout: KernelLayout
  private let process: GaussianProcess
  /// The unit of the scaled loss.
  private let spread: Double

  /// - Parameters:
  ///   - points: a row each, of coordinates of about unit range.
  ///   - losses: one at each of them.
  /// - Returns: nil if no model can be fitted.
  init?(_ points: [[Double]], losses: [Double]) throws {
    layout = KernelLayout(
      groups: [.init(lengthscales: [Int](repeating: 0, count: points[0].count))])
    let center = losses.reduce(0, +) / Double(losses.count)
    let variance = losses.reduce(0) { $0 + ($1 - center) * ($1 - center) } / Double(losses.count)
    let spread = Swift.max(variance.squareRoot(), 1e-300)
    let outputs = losses.map { ($0 - center) / spread }
    let data = Self.points(points, layout)
    let prior = KernelPrior(layout)
    let fit = try KernelFit(Evidence(data, outputs: outputs), prior, from: [prior.mode])
    guard let process = try GaussianProcess(data, outputs: outputs, fit.parameters) else {
      return nil
    }
    (self.process, self.spread) = (process, spread)
  }

  private static func points(_ rows: [[Double]], _ layout: KernelLayout) -> KernelPoints {
    KernelPoints(layout, count: rows.count, columns: [rows.flatMap(\.self)], activity: [[]])
  }

  /// The index of the candidate with the largest expected improvement on the best loss.
  func best(of candidates: [[Double]]) -> Int {
    let values = ExpectedImprovement(process).values(at: Self.points(candidates, layout))
    return values.indices.max { values[$0] < values[$1] } ?? 0
  }

  /// The derivative of the predicted loss at the origin, by differences.
  func gradient(dimensions q: Int) -> [Double] {
    let step = 1e-3
    var queries: [[Double]] = []
    for axis in 0..<q {
      for shift in [-step, step] {
        var point = [Double](repeating: 0, count: q)
        point[axis] = shift
        queries.append(point)
      }
    }
    let means = process.predict(Self.points(queries, layout)).means
    let scale = spread / (2 * step)
    return (0..<q).map { axis in scale * (means[2 * axis + 1] - means[2 * axis]) }
  }
}

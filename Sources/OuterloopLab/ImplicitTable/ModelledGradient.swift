internal import OuterloopNumerics
internal import OuterloopSearch

/// The last row of the table, Bayesian optimization: the derivative of a Gaussian process of the loss, fitted to
/// losses at points around lambda.
enum ModelledGradient {
  /// - Parameters:
  ///   - points: offsets from lambda, a row each.
  ///   - losses: the outer loss at each.
  static func gradient(_ points: [[Double]], losses: [Double]) throws -> [Double] {
    let q = points[0].count
    // One length-scale: losses are too few to tell directions apart.
    let layout = KernelLayout(groups: [.init(lengthscales: [Int](repeating: 0, count: q))])
    func kernelPoints(_ rows: [[Double]]) -> KernelPoints {
      KernelPoints(layout, count: rows.count, columns: [rows.flatMap(\.self)], activity: [[]])
    }
    let center = losses.reduce(0, +) / Double(losses.count)
    let variance = losses.reduce(0) { $0 + ($1 - center) * ($1 - center) } / Double(losses.count)
    let spread = Swift.max(variance.squareRoot(), 1e-300)
    let outputs = losses.map { ($0 - center) / spread }
    let data = kernelPoints(points)
    let prior = KernelPrior(layout)
    let fit = try KernelFit(Evidence(data, outputs: outputs), prior, from: [prior.mode])
    guard let process = try GaussianProcess(data, outputs: outputs, fit.parameters) else {
      return [Double](repeating: .nan, count: q)
    }
    let step = 1e-3
    var queries: [[Double]] = []
    for axis in 0..<q {
      for shift in [-step, step] {
        var point = [Double](repeating: 0, count: q)
        point[axis] = shift
        queries.append(point)
      }
    }
    let means = process.predict(kernelPoints(queries)).means
    let scale = spread / (2 * step)
    return (0..<q).map { axis in scale * (means[2 * axis + 1] - means[2 * axis]) }
  }
}

internal import OuterloopNumerics
internal import OuterloopSearch

/// The candidate with the largest expected improvement by a Gaussian process of losses.
enum ModelledChoice {
  static func best(
    of candidates: [[Double]], _ points: [[Double]], losses: [Double]
  ) throws -> [Double] {
    let q = points[0].count
    // One length-scale: there are fewer losses than directions. Coordinates of about unit range.
    let layout = KernelLayout(groups: [.init(lengthscales: [Int](repeating: 0, count: q))])
    func kernelPoints(_ rows: [[Double]]) -> KernelPoints {
      KernelPoints(
        layout, count: rows.count, columns: [rows.flatMap { row in row.map { $0 / 13 } }],
        activity: [[]])
    }
    let center = losses.reduce(0, +) / Double(losses.count)
    let variance = losses.reduce(0) { $0 + ($1 - center) * ($1 - center) } / Double(losses.count)
    let spread = Swift.max(variance.squareRoot(), 1e-300)
    let outputs = losses.map { ($0 - center) / spread }
    let data = kernelPoints(points)
    let prior = KernelPrior(layout)
    let fit = try KernelFit(Evidence(data, outputs: outputs), prior, from: [prior.mode])
    guard let process = try GaussianProcess(data, outputs: outputs, fit.parameters) else {
      return candidates[0]
    }
    let values = ExpectedImprovement(process).values(at: kernelPoints(candidates))
    return candidates[values.indices.max { values[$0] < values[$1] } ?? 0]
  }
}

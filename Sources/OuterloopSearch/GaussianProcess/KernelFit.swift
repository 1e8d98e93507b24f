internal import OuterloopNumerics

/// Maximum a posteriori hyperparameters: log p(y | theta) + log p(theta), in the logarithms of the
/// parameters, by bounded L-BFGS from one or several starts.
///
/// - Complexity: ten to fifty evidence evaluations per start.
package struct KernelFit: Sendable {
  package let parameters: KernelParameters
  /// log p(y | theta) + log p(theta) there.
  package let value: Double
  package let evaluations: Int

  /// - Parameter starts: the starting points; the best result is kept. Results that are not positive
  ///   definite are ignored; if all are, the first start is kept unchanged.
  /// - Throws: `BLASError` if there is no linear algebra library.
  package init(
    _ evidence: Evidence, _ prior: KernelPrior, from starts: [KernelParameters],
    iterations: Int = 50
  ) throws {
    precondition(!starts.isEmpty)
    let layout = evidence.points.layout
    var settings = BoundedLBFGS()
    settings.iterations = iterations
    settings.firstMove = 0.5
    // A hundredth of a nat does not change suggestions.
    settings.tolerance = 1e-2
    settings.decrease = 1e-3
    let results = try settings.minimize(
      starts.map {
        .init(start: $0.logarithms, lower: prior.lower, upper: prior.upper)
      }
    ) { points, _ in
      try points.map { theta in
        let parameters = KernelParameters(logarithms: theta, layout)
        guard let (value, gradient) = try evidence.logarithm(parameters) else {
          return (.infinity, theta)
        }
        let (density, slope) = prior.logDensity(theta)
        return (-value - density, zip(gradient, slope).map { -$0 - $1 })
      }
    }
    evaluations = results.reduce(0) { $0 + $1.evaluations }
    let finite = results.filter { $0.value.isFinite }
    guard let best = finite.min(by: { $0.value < $1.value }) else {
      (parameters, value) = (starts[0], -.infinity)
      return
    }
    parameters = KernelParameters(logarithms: best.point, layout)
    value = -best.value
  }
}

internal import OuterloopPlatform

/// The hyperparameters of a Gaussian process over learning curves; see `CurveProcess` for the kernel they
/// belong to.
package struct CurveParameters: Sendable, Hashable {
  /// The parameters of kx, and the variance of the noise.
  package var kernel: KernelParameters
  /// a: the variance that configurations share at all epochs.
  package var level: Double
  /// b: the variance that configurations share and that changes along the curve.
  package var shape: Double
  /// c: the variance of a single curve's level.
  package var ownLevel: Double
  /// e: the variance of a single curve's course.
  package var ownShape: Double
  /// l: the time-scale of changes, in units of tau.
  package var timescale: Double

  package init(
    kernel: KernelParameters, level: Double, shape: Double, ownLevel: Double, ownShape: Double,
    timescale: Double
  ) {
    self.kernel = kernel
    (self.level, self.shape) = (level, shape)
    (self.ownLevel, self.ownShape) = (ownLevel, ownShape)
    self.timescale = timescale
  }

  /// Logarithms in one vector: those of the kernel with the noise last, then a, b, c, e, l.
  package var logarithms: [Double] {
    kernel.logarithms + [level, shape, ownLevel, ownShape, timescale].map { log($0) }
  }

  package init(logarithms theta: [Double], _ layout: KernelLayout) {
    let own = theta.suffix(5).map { exp($0) }
    self.init(
      kernel: KernelParameters(logarithms: Array(theta.dropLast(5)), layout), level: own[0],
      shape: own[1], ownLevel: own[2], ownShape: own[3], timescale: own[4])
  }

  /// The kernel without the noise, which belongs to rows and not to configurations.
  var configurationKernel: KernelParameters {
    var result = kernel
    result.noise = 0
    return result
  }
}

/// The prior of the hyperparameters, for outputs of mean 0 and variance 1: normal in the logarithms, in
/// which the density is maximised.
///
///     log lx ~ N(sqrt 2 + (log d)/2, 3)     log s ~ N(0, 1), for several groups only
///     log a, log b, log l ~ N(0, 1)         log c, log e ~ N(-3, 1)         log noise ~ N(-5, 9/4)
///     mean ~ N(0, 1)
///
/// lx as in `KernelPrior`, after Hvarfner et al. (2024). Curve-specific terms are expected to explain
/// little, so that what a configuration shares with its neighbours is preferred.
package struct CurveKernelPrior: Sendable {
  package let layout: KernelLayout
  package let locations: [Double]
  package let deviations: [Double]
  package let lower: [Double]
  package let upper: [Double]

  package init(_ layout: KernelLayout) {
    self.layout = layout
    var rows: [(location: Double, deviation: Double, lower: Double, upper: Double)] = []
    for group in layout.groups {
      let count = group.lengthscaleCount
      rows += (0..<count).map { _ in
        (2.0.squareRoot() + 0.5 * log(Double(count)), 3.0.squareRoot(), log(0.025), log(1e4))
      }
    }
    if layout.groups.count > 1 {
      rows += layout.groups.map { _ in (0, 1, log(1e-3), log(1e3)) }
    }
    rows.append((-5, 1.5, log(1e-6), log(10)))
    rows += [(0, 1, log(1e-4), log(1e3)), (0, 1, log(1e-4), log(1e3))]
    rows += [(-3, 1, log(1e-6), log(1e2)), (-3, 1, log(1e-6), log(1e2))]
    rows.append((0, 1, log(1e-2), log(1e3)))
    locations = rows.map(\.location)
    deviations = rows.map(\.deviation)
    lower = rows.map(\.lower)
    upper = rows.map(\.upper)
  }

  /// The start of a fit without information: the mode of each parameter, with length-scales one
  /// deviation shorter, since irrelevance is found by growing a length-scale and hardly by shrinking
  /// one.
  package var start: CurveParameters {
    let shorter = layout.groups.reduce(0) { $0 + $1.lengthscaleCount }
    return CurveParameters(
      logarithms: locations.indices.map {
        locations[$0] - ($0 < shorter ? deviations[$0] : 0)
      }, layout)
  }

  /// log p, up to a constant, and its gradient with respect to the logarithms.
  package func logDensity(_ theta: [Double]) -> (value: Double, gradient: [Double]) {
    var value = 0.0
    let gradient = theta.indices.map { place in
      let z = (theta[place] - locations[place]) / deviations[place]
      value -= 0.5 * z * z
      return -z / deviations[place]
    }
    return (value, gradient)
  }
}

internal import OuterloopPlatform

/// The hyperparameters of a Gaussian process with a sum of Matern kernels.
package struct KernelParameters: Sendable, Hashable {
  /// By group and coordinate, in units of the coordinates.
  package var lengthscales: [[Double]]
  /// The variance of each group; 1 where there is a single one.
  package var scales: [Double]
  /// The observation noise variance.
  package var noise: Double
  /// The noise variance of observed derivatives; nil: none are observed.
  package var gradientNoise: Double?

  package init(
    lengthscales: [[Double]], scales: [Double], noise: Double, gradientNoise: Double? = nil
  ) {
    self.lengthscales = lengthscales
    self.scales = scales
    self.noise = noise
    self.gradientNoise = gradientNoise
  }

  /// Logarithms in one vector: length-scales group by group, scales if there are several groups, noise, and
  /// that of derivatives if there are any.
  package var logarithms: [Double] {
    lengthscales.flatMap { $0.map { log($0) } } + (scales.count > 1 ? scales.map { log($0) } : [])
      + [log(noise)] + (gradientNoise.map { [log($0)] } ?? [])
  }

  package init(logarithms theta: [Double], _ layout: KernelLayout) {
    var next = 0
    lengthscales = layout.groups.map { group in
      defer { next += group.lengthscaleCount }
      return (next..<next + group.lengthscaleCount).map { exp(theta[$0]) }
    }
    scales = [1]
    if layout.groups.count > 1 {
      scales = layout.groups.indices.map { exp(theta[next + $0]) }
      next += scales.count
    }
    noise = exp(theta[next])
    gradientNoise = next + 1 < theta.count ? exp(theta[next + 1]) : nil
  }

  /// The same with all length-scales times `factor`.
  package func stretched(by factor: Double) -> KernelParameters {
    var result = self
    result.lengthscales = lengthscales.map { $0.map { $0 * factor } }
    return result
  }
}

/// The prior of the hyperparameters, for outputs of mean 0 and variance 1: the dimension-scaled
/// prior of Hvarfner et al. (2024), as in BoTorch, except for the noise.
///
///     l ~ LogNormal(sqrt 2 + (log d)/2, sqrt 3),   noise ~ LogNormal(-6, 2),   s ~ LogNormal(0, 1)
///     gradient noise ~ LogNormal(1, 3/2)
///
/// with d the number of coordinates of the group; s exists only for several groups. Densities are those
/// of l, not of log l, so that the mode of l is sqrt d e^(sqrt 2 - 3).
///
/// BoTorch's noise is LogNormal(-4, 1) above 1e-4, which takes many trials to overcome where there is no
/// noise. The prior noise of derivatives is as large as the derivatives themselves until the data show
/// otherwise: a derivative of the wrong sign is worse than none.
///
/// With a *shrinkage* tau, all but a few length-scales are large (sparse axis-aligned subspaces, SAAS:
/// Eriksson and Jankowiak 2021; tau fixed for each member of an ensemble of maxima of posterior
/// densities, as in BoTorch): 1/l^2 = tau rho, rho ~ HalfCauchy(1),
///
///     log p = -log(1 + rho^2) + constant,   d log p / d log l = 4 rho^2 / (1 + rho^2)
///
/// in the density of rho, whose mode is at rho = 0.
package struct KernelPrior: Sendable {
  package let layout: KernelLayout
  /// By index in the vector of logarithms: location and scale of the normal, and the box.
  package let locations: [Double]
  package let deviations: [Double]
  package let lower: [Double]
  package let upper: [Double]
  /// tau; nil: length-scales are log-normal.
  package let shrinkage: Double?

  /// Quantiles of HalfCauchy(0.1), from which tau comes, at 1/8, 3/8, 5/8 and 7/8.
  package static let shrinkages = [0.01989, 0.06682, 0.14966, 0.50273]

  /// - Parameter gradients: whether derivatives are observed.
  package init(
    _ layout: KernelLayout, noise floor: Double = 1e-6, shrinkage: Double? = nil,
    gradients: Bool = false
  ) {
    self.layout = layout
    self.shrinkage = shrinkage
    var rows: [(location: Double, deviation: Double, lower: Double, upper: Double)] = []
    for group in layout.groups {
      let count = group.lengthscaleCount
      rows += (0..<count).map { _ in
        (2.0.squareRoot() + 0.5 * log(Double(count)), 3.0.squareRoot(), log(0.025), log(1e4))
      }
    }
    if layout.groups.count > 1 {
      rows += layout.groups.map { _ in (0, 1, log(1e-2), log(1e4)) }
    }
    rows.append((-6, 2, log(floor), log(10)))
    if gradients { rows.append((1, 1.5, log(1e-6), log(1e4))) }
    locations = rows.map(\.location)
    deviations = rows.map(\.deviation)
    lower = rows.map(\.lower)
    upper = rows.map(\.upper)
  }

  /// The mode of each parameter.
  package var mode: KernelParameters {
    KernelParameters(
      logarithms: locations.indices.map {
        min(max(locations[$0] - deviations[$0] * deviations[$0], lower[$0]), upper[$0])
      }, layout)
  }

  /// log p and its gradient with respect to the logarithms.
  package func logDensity(_ theta: [Double]) -> (value: Double, gradient: [Double]) {
    var value = 0.0
    let lengthscales = layout.groups.reduce(0) { $0 + $1.lengthscaleCount }
    let gradient = theta.indices.map { place in
      if let shrinkage, place < lengthscales {
        let rho = exp(-2 * theta[place]) / shrinkage
        value -= log1p(rho * rho)
        return 4 * rho * rho / (1 + rho * rho)
      }
      let (spread, z) = (deviations[place], (theta[place] - locations[place]) / deviations[place])
      value -= 0.5 * z * z + theta[place] + log(spread) + 0.918938533204672741780329736406
      return -1 - z / spread
    }
    return (value, gradient)
  }
}

internal import OuterloopNumerics
internal import OuterloopPlatform
internal import OuterloopStudy

/// The kernels of a numeric parameter: normals truncated to the domain's range of coordinates, one
/// for each observation and, last, the prior's, centred and as wide as the range.
struct NumericKernels: Sendable {
  let domain: NumericRange
  let center: [Double]
  let sigma: [Double]
  /// log(Phi((end - center)/sigma) - Phi((start - center)/sigma)).
  let logMass: [Double]

  /// O(k log k). `values` oldest first.
  init(domain: NumericRange, values: [Double], options: ParzenOptions) {
    self.domain = domain
    let coordinates = values.map(domain.coordinate(of:))
    center = coordinates + [0.5 * (domain.start + domain.end)]
    let sigma = Self.bandwidths(coordinates, domain: domain, options: options) + [domain.width]
    logMass = zip(center, sigma).map { domain.logMass(center: $0, sigma: $1) }
    self.sigma = sigma
  }

  /// The larger gap to a neighbour in sorted order, clipped to [floor, range].
  private static func bandwidths(
    _ coordinates: [Double], domain: NumericRange, options: ParzenOptions
  ) -> [Double] {
    let floor = options.floor(count: coordinates.count, width: domain.width)
    let order = coordinates.indices.sorted { (coordinates[$0], $0) < (coordinates[$1], $1) }
    var sigma = coordinates
    for (rank, index) in order.enumerated() {
      let gap = options.gap(
        coordinates[index], before: rank > 0 ? coordinates[order[rank - 1]] : nil,
        after: rank + 1 < order.count ? coordinates[order[rank + 1]] : nil,
        start: domain.start, end: domain.end)
      sigma[index] = min(max(gap, floor), domain.width)
    }
    return sigma
  }

  /// Adds log K_k(value) to every row[k].
  func addLogDensity(at value: Double, to row: inout [Double]) {
    for k in row.indices { row[k] += logDensity(at: value, k) }
  }

  func logDensity(at value: Double, _ k: Int) -> Double {
    domain.logDensity(at: value, center: center[k], sigma: sigma[k], logMass: logMass[k])
  }

  /// log sum_k weights_k K_k at each value: the sum itself first, which vectorises, and its
  /// logarithm term by term where that underflows. Repeated values are summed once.
  func logMixture(at values: [Double], weights: [Double]) -> [Double] {
    guard domain.width > 0 else { return values.map { _ in 0 } }
    if domain.step != nil { return logMassMixture(at: values, weights: weights) }
    var scale = weights
    for k in scale.indices {
      scale[k] *= exp(-logMass[k] - 0.918938533204672741780329736406) / sigma[k]
    }
    let coordinates = values.map(domain.coordinate(of:))
    var sums = [Double](repeating: 0, count: values.count)
    GaussianSums.add(
      at: coordinates, center: center, inverse: sigma.map { 1 / $0 }, scale: scale, to: &sums)
    return zip(values, sums).map { value, sum in
      guard value >= domain.low, value <= domain.high else { return -.infinity }
      return sum > 1e-250 ? log(sum) : termByTerm(value, weights)
    }
  }

  private func logMassMixture(at values: [Double], weights: [Double]) -> [Double] {
    var scale = weights
    for k in scale.indices { scale[k] *= exp(-logMass[k]) }
    var known: [Double: Double] = [:]
    return values.map { value in
      if let known = known[value] { return known }
      let (left, right) = domain.cell(of: value)
      var sum = 0.0
      for k in center.indices {
        let inverse = 1 / sigma[k]
        sum +=
          scale[k]
          * StandardNormal.mass((left - center[k]) * inverse, (right - center[k]) * inverse)
      }
      let result = sum > 1e-250 ? log(sum) : termByTerm(value, weights)
      known[value] = result
      return result
    }
  }

  private func termByTerm(_ value: Double, _ weights: [Double]) -> Double {
    logSumExp(weights.indices.map { log(weights[$0]) + logDensity(at: value, $0) })
  }
}

/// One truncated normal over the domain.
extension NumericRange {
  /// The log of the mass of the untruncated normal on the range; 0 if the range is a point.
  func logMass(center: Double, sigma: Double) -> Double {
    guard width > 0 else { return 0 }
    return StandardNormal.logMass((start - center) / sigma, (end - center) / sigma)
  }

  /// The log density at a value, or on a grid the log mass of the value's cell; -infinity outside.
  func logDensity(at value: Double, center: Double, sigma: Double, logMass: Double) -> Double {
    guard value >= low, value <= high else { return -.infinity }
    guard width > 0 else { return 0 }
    if step == nil {
      let t = (coordinate(of: value) - center) / sigma
      return StandardNormal.logDensity(t) - log(sigma) - logMass
    }
    let (left, right) = cell(of: value)
    return StandardNormal.logMass((left - center) / sigma, (right - center) / sigma) - logMass
  }

  /// The value of the u-quantile of the truncated normal.
  func draw(center: Double, sigma: Double, _ u: Double) -> Double {
    guard width > 0 else { return low }
    let t = StandardNormal.truncatedQuantile(u, (start - center) / sigma, (end - center) / sigma)
    return value(atCoordinate: center + sigma * t)
  }
}

internal import OuterloopNumerics
internal import OuterloopPlatform
package import OuterloopStudy

/// A user prior of a parameter (`ParameterPrior`) as a density pi, relative to the uniform one on the
/// parameter's unit scale:
///
///     pi = 0.99 p + 0.01,
///
/// so that no prior excludes anything (like the floor of piBO, Hvarfner et al. 2022). p is
/// - for numbers a normal on their scale, truncated to the range; on a grid its mass on a cell over
///   the cell's length;
/// - for ordinals the same over their index;
/// - for choices 1/2 on the named value, and the other half uniformly on all.
///
/// All are O(1), for choices O(their number).
package struct PriorDensity: Sendable {
  private enum Shape: Sendable {
    /// On the unit scale; `range` is that of the values or of the indices.
    case normal(range: NumericRange, mean: Double, deviation: Double)
    case choice(named: Int, probabilities: [Double])
    case constant
  }

  /// The weight of the uniform part.
  private static let uniformShare = 0.01
  /// The deviation where none is given, in units of the range.
  private static let defaultDeviation = 0.1

  private let domain: Domain
  private let shape: Shape

  /// - Parameter prior: it must fit the domain: see `SearchSpace.checked(_:)`. A prior that does not is
  ///   ignored.
  package init(_ prior: ParameterPrior, of domain: Domain) {
    self.domain = domain
    shape = Self.shape(prior, domain)
  }

  private static func shape(_ prior: ParameterPrior, _ domain: Domain) -> Shape {
    if domain.count == 1 { return .constant }
    if case .categorical(let choices) = domain, let named = domain.index(of: prior.center) {
      let even = 0.5 / Double(choices.count)
      return .choice(
        named: named, probabilities: choices.indices.map { $0 == named ? 0.5 + even : even })
    }
    guard let range = range(of: domain), let center = number(prior.center, in: domain) else {
      return .constant
    }
    let deviation =
      switch prior.spread {
      case nil: defaultDeviation
      case .factor(let factor): log(factor) / range.width
      case .distance(let distance): distance / range.width
      }
    guard deviation > 0, deviation.isFinite else { return .constant }
    return .normal(range: range, mean: range.unit(of: center), deviation: deviation)
  }

  private static func range(of domain: Domain) -> NumericRange? {
    domain.range ?? domain.count.flatMap { try? NumericRange(0, Double($0 - 1), step: 1) }
  }

  private static func number(_ value: ParameterValue, in domain: Domain) -> Double? {
    domain.range != nil ? value.number : domain.index(of: value).map(Double.init)
  }

  /// log pi at a value; 0 for a uniform density. At least log 0.01.
  package func logDensity(of value: ParameterValue) -> Double {
    guard let density = density(of: value) else { return 0 }
    return log((1 - Self.uniformShare) * density + Self.uniformShare)
  }

  private func density(of value: ParameterValue) -> Double? {
    switch shape {
    case .constant: return nil
    case .choice(_, let probabilities):
      return domain.index(of: value).map { probabilities[$0] * Double(probabilities.count) }
    case .normal(let range, let mean, let deviation):
      guard let number = Self.number(value, in: domain) else { return nil }
      let whole = StandardNormal.mass(-mean / deviation, (1 - mean) / deviation)
      let cell = range.cell(of: number)
      let left = (cell.left - range.start) / range.width
      let right = (cell.right - range.start) / range.width
      // A very short cell's mass is its length times the density in it.
      guard right - left > 1e-6 * deviation else {
        let t = (range.unit(of: number) - mean) / deviation
        return exp(StandardNormal.logDensity(t)) / (deviation * whole)
      }
      return StandardNormal.mass((left - mean) / deviation, (right - mean) / deviation)
        / (whole * (right - left))
    }
  }

  /// The q-quantile of p as a quantile of the uniform distribution: `Domain.value(atUnit:)` of it is
  /// a draw from p where q is uniform.
  package func unit(atQuantile q: Double) -> Double {
    switch shape {
    case .constant: return q
    case .choice(_, let probabilities):
      return (Double(index(of: q, in: probabilities)) + 0.5) / Double(probabilities.count)
    case .normal(_, let mean, let deviation):
      let t = StandardNormal.truncatedQuantile(q, -mean / deviation, (1 - mean) / deviation)
      return min(max(mean + deviation * t, 0), 1)
    }
  }

  /// Where p is largest, as a quantile of the uniform distribution.
  package var modeUnit: Double {
    switch shape {
    case .constant: 0.5
    case .choice(let named, let probabilities): (Double(named) + 0.5) / Double(probabilities.count)
    case .normal(_, let mean, _): mean
    }
  }
}

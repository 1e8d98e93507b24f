internal import OuterloopNumerics

/// The density of one group of parameters on one side of the split. Points are (d, m).
struct GroupDensity: Sendable {
  // One of the two; optionals, unlike an enum's payload, are changed in place.
  private var alone: IncrementalParzen?
  private var joint: ThinnedParzen?
  private let isExact: Bool

  init(_ domains: [ParameterDomain], _ options: ParzenOptions, isExact: Bool) {
    self.isExact = isExact
    if domains.count == 1 {
      alone = IncrementalParzen(domain: domains[0], options: options)
    } else {
      joint = ThinnedParzen(domains: domains, options: options)
    }
  }

  mutating func insert(_ point: [Double], trial: Int) {
    alone?.insert(point[0], arrival: trial)
    joint?.insert(point, arrival: trial)
  }

  mutating func remove(_ point: [Double], trial: Int) {
    alone?.remove(point[0], arrival: trial)
    joint?.remove(arrival: trial)
  }

  /// A univariate density stays cheap with all trials.
  mutating func thin(_ thinning: Thinning) { joint?.thin(thinning) }

  mutating func logDensity(at points: [[Double]]) -> [Double] {
    if isExact { return estimator().logDensity(at: points) }
    return alone?.logDensity(at: points[0]) ?? joint?.logDensity(at: points) ?? []
  }

  mutating func sample(_ count: Int, from uniforms: inout UniformStream) -> [[Double]] {
    if isExact { return estimator().sample(count, from: &uniforms) }
    if let values = alone?.sample(count, from: &uniforms) { return [values] }
    return joint?.sample(count, from: &uniforms) ?? []
  }

  private mutating func estimator() -> ParzenEstimator {
    alone?.estimator() ?? joint?.estimator() ?? ParzenEstimator(domains: [], observations: [])
  }
}

internal import OuterloopNumerics
internal import OuterloopPlatform
internal import OuterloopStudy

/// The kernels of many observations of a numeric parameter, k >= 98, with incrementally updated
/// bandwidths.
///
/// From k = 98 on the smallest bandwidth is range/100 for all k, so adding or removing an
/// observation changes only the bandwidths of its two neighbours. And at most 200 kernels are
/// *wide*: gaps sum to the range, so at most 100 exceed range/100, and each widens two kernels. The
/// others are *narrow*, all of the least bandwidth, and are gathered in bins. Wide ones are kept
/// apart.
struct KernelStore: Sendable {
  /// The number of observations from which on this holds.
  static let leastCount = 98

  /// The bins of narrow kernels.
  enum Bins: Sendable {
    /// Cells of the range of coordinates, with moments about their middles.
    case cells(Int)
    /// Grid points.
    case slots(Int)

    var count: Int {
      switch self {
      case .cells(let count), .slots(let count): count
      }
    }
  }

  let domain: NumericRange
  let options: ParzenOptions
  let bins: Bins
  /// The bandwidth of narrow kernels.
  let leastSigma: Double
  private(set) var moments: ArrivalMoments
  /// The arrivals of wide kernels, in no order.
  private(set) var wide: [Int] = []
  private var sorted = SortedList<Observation>()
  private var changes = 0

  init(domain: NumericRange, options: ParzenOptions, bins: Bins, observations: [Observation]) {
    self.domain = domain
    self.options = options
    self.bins = bins
    leastSigma = options.floor(count: Self.leastCount, width: domain.width)
    moments = ArrivalMoments(bins: bins.count)
    fill(observations)
  }

  var count: Int { moments.count }
  var cellWidth: Double { domain.width / Double(bins.count) }

  mutating func insert(_ observation: Observation) {
    sorted.insert(observation)
    moments.insert(observation)
    let (before, after) = sorted.neighbours(of: observation)
    update(observation)
    if let before { update(before) }
    if let after { update(after) }
    noteChange()
  }

  mutating func remove(_ observation: Observation) {
    let found = sorted.remove(observation)
    precondition(found != nil, "no observation \(observation) to remove")
    wide.removeAll { $0 == observation.arrival }
    moments.remove(arrival: observation.arrival)
    let (before, after) = sorted.neighbours(of: observation)
    if let before { update(before) }
    if let after { update(after) }
    noteChange()
  }

  /// Updates the bandwidth of an observation from its neighbours, and moves it accordingly.
  private mutating func update(_ key: Observation) {
    let (before, after) = sorted.neighbours(of: key)
    let center = domain.coordinate(of: key.value)
    let gap = options.gap(
      center, before: before.map { domain.coordinate(of: $0.value) },
      after: after.map { domain.coordinate(of: $0.value) }, start: domain.start, end: domain.end)
    let position = moments.position(of: key.arrival)
    let known = moments[position]
    if gap <= leastSigma {
      guard known.bin < 0 else { return }
      if known.sigma > leastSigma { wide.removeAll { $0 == key.arrival } }
      gather(position, key.value, center)
    } else {
      let sigma = min(gap, domain.width)
      guard known.sigma != sigma else { return }
      if known.sigma <= leastSigma { wide.append(key.arrival) }
      moments.keepApart(position, sigma: sigma, scale: normalizer(center: center, sigma: sigma))
    }
  }

  private mutating func gather(
    _ position: ArrivalMoments.Position, _ value: Double, _ center: Double
  ) {
    switch bins {
    case .cells(let count):
      let bin = min(max(Int((center - domain.start) / cellWidth), 0), count - 1)
      let middle = domain.start + (Double(bin) + 0.5) * cellWidth
      moments.gather(
        position, sigma: leastSigma, bin: bin, delta: (center - middle) / leastSigma,
        scale: normalizer(center: center, sigma: leastSigma))
    case .slots:
      moments.gather(
        position, sigma: leastSigma, bin: domain.index(nearest: value), delta: 0, scale: 1)
    }
  }

  /// One over the mass that the untruncated kernel has on the range.
  private func normalizer(center: Double, sigma: Double) -> Double {
    1 / StandardNormal.mass((domain.start - center) / sigma, (domain.end - center) / sigma)
  }

  /// Running sums drift; recomputing them after as many changes as there are observations keeps
  /// them accurate at O(1) amortised cost.
  private mutating func noteChange() {
    changes += 1
    if changes > max(count, 4096) { fill(moments.observations) }
  }

  private mutating func fill(_ observations: [Observation]) {
    changes = 0
    wide = []
    moments = ArrivalMoments(bins: bins.count)
    let keys = observations.sorted()
    sorted = SortedList(sorted: keys)
    for observation in observations { moments.insert(observation) }
    for key in keys { update(key) }
  }

  /// A kernel by its share of the total weight with the prior's, and the u-quantile of it.
  func draw(_ share: Double, _ u: Double) -> Double {
    let weights = ObservationWeights(options.weights, count: count)
    let mass = share * (weights.total + options.priorWeight)
    guard mass < weights.total else {
      return domain.draw(center: 0.5 * (domain.start + domain.end), sigma: domain.width, u)
    }
    let chosen = moments.particle(ordinal: weights.ordinal(at: mass))
    return domain.draw(center: domain.coordinate(of: chosen.value), sigma: chosen.sigma, u)
  }

  /// Kernels that the affine weights of the bins do not cover: every wide one with its weight, and
  /// the newest narrow ones with the excess of their weight over the ramp.
  func single(_ weights: ObservationWeights) -> [(
    particle: ArrivalMoments.Particle, weight: Double
  )] {
    var result = wide.map { arrival in
      let position = moments.position(of: arrival)
      return (moments[position], weights[position.ordinal])
    }
    guard options.weights == .recency else { return result }
    let newest = moments.newest(ObservationWeights.newest)
    for (index, particle) in newest.enumerated() where particle.bin >= 0 {
      result.append((particle, 1 - weights.onRamp(count - newest.count + index)))
    }
    return result
  }
}

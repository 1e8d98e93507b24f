internal import OuterloopNumerics
internal import OuterloopPlatform
internal import OuterloopStudy

/// The density of a numeric parameter by a discrete Gauss transform (Greengard and Strain 1991): a
/// narrow kernel delta sigmas from the middle of its bin, t sigmas away from x, is
///
///     exp(-(t - delta)^2/2) = exp(-t^2/2) sum_p delta^p/p! He_p(t),
///
/// so a bin is represented by its moments. With bins of sigma/5, |delta| <= 1/10, eight terms leave
/// an error below 1e-11 of a kernel's peak, and below 2e-7 of the kernel itself within the relevant
/// range. Bins further than 8.6 sigma are ignored: the prior is more than 1e7 times larger there.
///
/// On a grid (of many points; see ``SlotDensity`` for few) the mass of a cell is the integral of the
/// density, by Gauss-Legendre rules of panels at most .75 sigma long.
///
/// Evaluation costs O(1) for every point: 87 bins, at most 200 wide kernels and the newest 25. The
/// first evaluation after a change combines the moments, O(bins). Memory: 40 bytes an observation
/// and 32 kB for every 4096 of them.
struct GaussTransform: LargeDensity {
  private static let cells = 500
  private static let reach = 43

  /// Precomputed values for evaluation, valid until the next change.
  private struct Prepared {
    var total = 0.0
    var moments: [Double] = []
    var center: [Double] = []
    var inverse: [Double] = []
    var scale: [Double] = []
  }

  private var store: KernelStore
  private var prepared: Prepared?

  init(domain: NumericRange, options: ParzenOptions, observations: [Observation]) {
    store = KernelStore(
      domain: domain, options: options, bins: .cells(Self.cells), observations: observations)
  }

  var count: Int { store.count }
  var observations: [Observation] { store.moments.observations }

  mutating func insert(_ observation: Observation) {
    prepared = nil
    store.insert(observation)
  }

  mutating func remove(_ observation: Observation) {
    prepared = nil
    store.remove(observation)
  }

  mutating func draw(_ share: Double, _ u: Double) -> Double { store.draw(share, u) }

  mutating func logDensity(at values: [Double]) -> [Double] {
    let prepared = self.prepared ?? prepare()
    self.prepared = prepared
    let domain = store.domain
    guard domain.step != nil else {
      let sums = density(at: values.map(domain.coordinate(of:)), prepared)
      return zip(values, sums).map { value, sum in
        value >= domain.low && value <= domain.high ? log(sum) : -.infinity
      }
    }
    var quadrature = CellQuadrature()
    for value in values {
      quadrature.addCell(domain.cell(of: value), sigma: store.leastSigma)
    }
    return zip(values, quadrature.integrals(of: density(at: quadrature.nodes, prepared))).map {
      $0 >= domain.low && $0 <= domain.high ? log($1) : -.infinity
    }
  }

  private func density(at coordinates: [Double], _ prepared: Prepared) -> [Double] {
    var sums = [Double](repeating: 0, count: coordinates.count)
    GaussianSums.addBinned(
      at: coordinates, low: store.domain.start, width: store.cellWidth, sigma: store.leastSigma,
      reach: Self.reach, moments: prepared.moments, to: &sums)
    GaussianSums.add(
      at: coordinates, center: prepared.center, inverse: prepared.inverse, scale: prepared.scale,
      to: &sums)
    for i in sums.indices { sums[i] /= prepared.total }
    return sums
  }

  private func prepare() -> Prepared {
    let domain = store.domain
    let weights = ObservationWeights(store.options.weights, count: count)
    let rootTwoPi = 2.506628274631000502415765284811
    var prepared = Prepared()
    prepared.total = weights.total + store.options.priorWeight

    let norm = 1 / (store.leastSigma * rootTwoPi)
    let plain = store.moments.plain
    let rising = store.moments.rising
    prepared.moments = [Double](unsafeUninitializedCapacity: 8 * Self.cells) { buffer, count in
      for bin in 0..<Self.cells {
        let moment = norm * (weights.first * plain[bin] + weights.slope * rising[bin])
        for p in 0..<8 { buffer[p * Self.cells + bin] = moment[p] }
      }
      count = 8 * Self.cells
    }

    func add(center: Double, sigma: Double, scale: Double) {
      prepared.center.append(center)
      prepared.inverse.append(1 / sigma)
      prepared.scale.append(scale / (sigma * rootTwoPi))
    }
    for (particle, weight) in store.single(weights) {
      add(
        center: domain.coordinate(of: particle.value), sigma: particle.sigma,
        scale: weight * particle.scale)
    }
    add(
      center: 0.5 * (domain.start + domain.end), sigma: domain.width,
      scale: store.options.priorWeight / StandardNormal.mass(-0.5, 0.5))
    return prepared
  }
}

/// Integrals over cells by Gauss-Legendre rules: two points where a cell is much shorter than sigma,
/// five for every .75 sigma otherwise.
private struct CellQuadrature {
  private(set) var nodes: [Double] = []
  private var weights: [Double] = []
  private var ends: [Int] = []

  private static let five: [(node: Double, weight: Double)] = [
    (-0.906179845938663993, 0.236926885056189088), (-0.538469310105683091, 0.478628670499366468),
    (0, 0.568888888888888889), (0.538469310105683091, 0.478628670499366468),
    (0.906179845938663993, 0.236926885056189088),
  ]
  private static let two: [(node: Double, weight: Double)] = [
    (-0.577350269189625765, 1), (0.577350269189625765, 1),
  ]

  mutating func addCell(_ cell: (left: Double, right: Double), sigma: Double) {
    let length = cell.right - cell.left
    let panels = max(1, Int((length / (0.75 * sigma)).rounded(.up)))
    let half = 0.5 * length / Double(panels)
    for panel in 0..<panels {
      let middle = cell.left + Double(2 * panel + 1) * half
      for (node, weight) in length < 0.02 * sigma ? Self.two : Self.five {
        nodes.append(middle + half * node)
        weights.append(half * weight)
      }
    }
    ends.append(nodes.count)
  }

  func integrals(of density: [Double]) -> [Double] {
    var start = 0
    return ends.map { end in
      var sum = 0.0
      for i in start..<end { sum += weights[i] * density[i] }
      start = end
      return sum
    }
  }
}

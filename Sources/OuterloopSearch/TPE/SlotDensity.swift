internal import OuterloopNumerics
internal import OuterloopPlatform
internal import OuterloopStudy

/// The density of a numeric parameter on a grid of few points: observations at one point with one
/// bandwidth share a kernel, whose masses on all cells are computed once. Evaluation costs O(G) for
/// every distinct value, G the number of grid points: G narrow kernels, at most 200 wide ones.
struct SlotDensity: LargeDensity {
  /// The largest grid that is handled this way.
  static let mostSlots = 128

  private struct Kernel: Hashable {
    let slot: Int
    let sigma: Double
  }

  private var store: KernelStore
  private let slots: Int
  private var rows: [Kernel: [Double]] = [:]
  private let priorRow: [Double]
  /// log g by slot, as far as requested since the last change, and the kernels with their weights.
  private var known: [Double?]
  private var mixture: [(row: [Double], weight: Double)] = []

  init(domain: NumericRange, slots: Int, options: ParzenOptions, observations: [Observation]) {
    self.slots = slots
    store = KernelStore(
      domain: domain, options: options, bins: .slots(slots), observations: observations)
    known = [Double?](repeating: nil, count: slots)
    priorRow = Self.masses(
      domain, slots, center: 0.5 * (domain.start + domain.end), sigma: domain.width)
  }

  var count: Int { store.count }
  var observations: [Observation] { store.moments.observations }

  mutating func insert(_ observation: Observation) {
    store.insert(observation)
    forget()
  }

  mutating func remove(_ observation: Observation) {
    store.remove(observation)
    forget()
  }

  private mutating func forget() {
    mixture = []
    for slot in 0..<slots { known[slot] = nil }
  }

  mutating func draw(_ share: Double, _ u: Double) -> Double { store.draw(share, u) }

  mutating func logDensity(at values: [Double]) -> [Double] {
    if mixture.isEmpty { mixture = mix() }
    return values.map { value in
      guard value >= store.domain.low, value <= store.domain.high else { return -.infinity }
      let slot = store.domain.index(nearest: value)
      if let known = known[slot] { return known }
      var sum = 0.0
      for (row, weight) in mixture { sum += weight * row[slot] }
      let result = log(sum)
      known[slot] = result
      return result
    }
  }

  /// Distinct kernels, with the sums of their normalised weights.
  private mutating func mix() -> [(row: [Double], weight: Double)] {
    let weights = ObservationWeights(store.options.weights, count: count)
    let total = weights.total + store.options.priorWeight
    var sums: [Kernel: Double] = [:]
    for slot in 0..<slots where store.moments.plain[slot][0] != 0 {
      sums[Kernel(slot: slot, sigma: store.leastSigma)] =
        weights.first * store.moments.plain[slot][0] + weights.slope
        * store.moments.rising[slot][0]
    }
    for (particle, weight) in store.single(weights) {
      let kernel = Kernel(slot: store.domain.index(nearest: particle.value), sigma: particle.sigma)
      sums[kernel, default: 0] += weight
    }
    // In a fixed order, since floating-point sums depend on it.
    let kernels = sums.keys.sorted { ($0.slot, $0.sigma) < ($1.slot, $1.sigma) }
    if rows.count > 8 * slots + kernels.count { rows = [:] }
    return [(priorRow, store.options.priorWeight / total)]
      + kernels.map { (row(of: $0), sums[$0, default: 0] / total) }
  }

  private mutating func row(of kernel: Kernel) -> [Double] {
    if let row = rows[kernel] { return row }
    let center = store.domain.coordinate(of: store.domain.gridValue(kernel.slot))
    let row = Self.masses(store.domain, slots, center: center, sigma: kernel.sigma)
    rows[kernel] = row
    return row
  }

  /// The mass of a truncated normal on every cell of the grid.
  private static func masses(
    _ domain: NumericRange, _ slots: Int, center: Double, sigma: Double
  ) -> [Double] {
    let whole = StandardNormal.mass((domain.start - center) / sigma, (domain.end - center) / sigma)
    return (0..<slots).map { slot in
      let (left, right) = domain.cell(of: domain.gridValue(slot))
      return StandardNormal.mass((left - center) / sigma, (right - center) / sigma) / whole
    }
  }
}

internal import OuterloopNumerics
internal import OuterloopPlatform
internal import OuterloopStudy

/// One parameter's part of the kernels of a ``JointParzen``, by kernel, the prior's first: the
/// observed values, and bandwidths derived from neighbours in sorted order. Centres and bandwidths
/// are stored in the table of kernels, in column `place`.
struct JointColumn: Sendable {
  let domain: ParameterDomain
  private let options: ParzenOptions
  /// The column in the table.
  let place: Int
  /// By kernel: the observed value, and log(1/(sigma Z sqrt(2 pi))), on a grid log(1/Z).
  private(set) var values: [Double] = [0]
  private(set) var logNorm: [Double] = [0]
  private var sorted = SortedList<Observation>()
  /// Kernels whose bandwidth must be recomputed, by arrival.
  private var stale: [Int] = []
  private var floor: Double?

  init(_ domain: ParameterDomain, place: Int, options: ParzenOptions) {
    self.domain = domain
    self.place = place
    self.options = options
  }

  private var numeric: NumericRange? {
    if case .numeric(let range) = domain { range } else { nil }
  }

  /// The centre of the prior's kernel; choice -1 is none.
  var priorCenter: Double { numeric.map { 0.5 * ($0.start + $0.end) } ?? -1 }

  /// A value as stored in the table: a point, or the midpoint of a cell and half its length.
  func interval(of value: Double) -> (middle: Double, half: Double) {
    guard let numeric else { return (value, 0) }
    guard numeric.step != nil, numeric.width > 0 else {
      return (numeric.coordinate(of: value), 0)
    }
    let (left, right) = numeric.cell(of: value)
    return (0.5 * (left + right), 0.5 * (right - left))
  }

  func contains(_ value: Double) -> Bool { domain.contains(value) }

  /// Adds an observation as the last kernel; returns that kernel's centre.
  mutating func insert(_ value: Double, arrival: Int) -> Double {
    let settled = domain.settled(value)
    logNorm.append(0)
    values.append(settled)
    guard let numeric else { return settled }
    let key = Observation(arrival: arrival, value: settled)
    sorted.insert(key)
    stale.append(arrival)
    noteNeighbours(of: key)
    return numeric.coordinate(of: settled)
  }

  /// Removes a kernel; the last one takes its number.
  mutating func remove(kernel: Int, arrival: Int) {
    if numeric != nil {
      let key = Observation(arrival: arrival, value: values[kernel])
      sorted.remove(key)
      stale.removeAll { $0 == arrival }
      noteNeighbours(of: key)
    }
    values.swapRemove(kernel)
    logNorm.swapRemove(kernel)
  }

  private mutating func noteNeighbours(of key: Observation) {
    let (before, after) = sorted.neighbours(of: key)
    if let before { stale.append(before.arrival) }
    if let after { stale.append(after.arrival) }
  }

  /// Updates bandwidths: those of neighbours of changes, or all if the smallest bandwidth has
  /// changed. Adds the kernels whose bandwidth changed to `changed`.
  mutating func refresh(
    _ kernels: JointArrivals, _ table: inout KernelProducts, changed: inout [Int]
  ) {
    guard let numeric, numeric.width > 0 else { return }
    let floor = options.floor(count: kernels.count, width: numeric.width)
    if floor != self.floor {
      self.floor = floor
      set(kernel: 0, sigma: numeric.width, numeric, &table, &changed)
      stale = kernels.arrivals
    }
    for arrival in stale {
      let kernel = kernels.number(of: arrival)
      let center = table.center(kernel, place)
      let (before, after) = sorted.neighbours(
        of: Observation(arrival: arrival, value: values[kernel]))
      let gap = options.gap(
        center, before: before.map { numeric.coordinate(of: $0.value) },
        after: after.map { numeric.coordinate(of: $0.value) }, start: numeric.start,
        end: numeric.end)
      set(kernel: kernel, sigma: min(max(gap, floor), numeric.width), numeric, &table, &changed)
    }
    stale.removeAll(keepingCapacity: true)
  }

  private mutating func set(
    kernel: Int, sigma: Double, _ domain: NumericRange, _ table: inout KernelProducts,
    _ changed: inout [Int]
  ) {
    guard table.inverse(kernel, place) != 1 / sigma else { return }
    table.setInverse(kernel, place, 1 / sigma)
    logNorm[kernel] = -domain.logMass(center: table.center(kernel, place), sigma: sigma)
    if domain.step == nil { logNorm[kernel] += StandardNormal.logDensity(0) - log(sigma) }
    changed.append(kernel)
  }

  /// log K where a choice is the observed one, and elsewhere; nil for numbers.
  func matches(count: Int) -> (same: Double, other: Double)? {
    guard case .categorical(let choices) = domain else { return nil }
    if count == 0 { return (-log(Double(choices)), -log(Double(choices))) }
    let (same, other) = CategoricalKernels.probabilities(
      choices: choices, count: count, priorWeight: options.priorWeight)
    return (log(same), log(other))
  }

  /// The log offset of the prior's kernel, apart from squares and matches.
  func priorOffset(count: Int) -> Double {
    guard case .categorical(let choices) = domain, let (_, other) = matches(count: count) else {
      return logNorm[0]
    }
    return -log(Double(choices)) - other
  }

  /// The u(i)-quantile of the i-th kernel.
  func draw(_ kernels: [Int], _ table: KernelProducts, _ u: (Int) -> Double) -> [Double] {
    switch domain {
    case .numeric(let domain):
      return kernels.indices.map { i in
        domain.draw(
          center: table.center(kernels[i], place), sigma: 1 / table.inverse(kernels[i], place), u(i)
        )
      }
    case .categorical(let choices):
      return kernels.indices.map { i in
        if kernels[i] == 0 {
          return min(Double(choices) * u(i), Double(choices - 1)).rounded(.down)
        }
        return CategoricalKernels.draw(
          choices: choices, count: values.count - 1, priorWeight: options.priorWeight,
          observed: Int(values[kernels[i]]), u(i))
      }
    }
  }
}

extension Array {
  /// Removes an element from an unordered list: the last one takes its place.
  mutating func swapRemove(_ index: Int) {
    self[index] = self[count - 1]
    removeLast()
  }
}

internal import OuterloopNumerics
internal import OuterloopPlatform
internal import OuterloopStudy

/// The multivariate density of TPE, updated incrementally: equal to ``ParzenEstimator`` over the
/// same parameters to 1e-9 in log g.
///
/// An observation may represent n consecutive ones in time. Then its weight is multiplied by n, so
/// that the prior's share is the same as with all of them. Bandwidths depend on the gaps between the
/// present observations and their number, as for any density of that size.
///
/// A mixture of products does not factor, so every kernel is evaluated at every point, but only the
/// squared distances have to be computed: the rest of the exponent, sum_j -log(sigma_ij Z_ij sqrt(2
/// pi)), is stored, and adding or removing an observation changes it only for its neighbours in each
/// parameter (for all while k < 98 still lowers the smallest bandwidth). Evaluation is O(m d k) in
/// vectors, less where distances over the first parameters show that a kernel is negligible; the
/// rest costs an exponential for every point and kernel and, for each parameter on a grid, two tails
/// of the normal. Insertion of the newest is O(d sqrt k + d^2), other changes O(k) more. Memory is
/// O(d k).
package struct JointParzen: Sendable {
  package let domains: [ParameterDomain]
  package let options: ParzenOptions

  private var columns: [JointColumn]
  private var kernels = JointArrivals()
  /// Kernel 0 is the prior's.
  private var table: KernelProducts
  /// How many observations each kernel represents, and how many kernels represent more than one.
  private var shares = [1.0]
  private var largeCount = 0
  /// The total number of observations represented, and the sum of their weights.
  private var size = 0
  private var mass = 0.0
  private var isFresh = false
  /// Whether the table has every kernel's position in time.
  private var isOrdered = true

  package init(domains: [ParameterDomain], options: ParzenOptions = .init()) {
    self.domains = domains
    self.options = options
    // Columns of one kind are contiguous: choices, ranges without a grid, cells of a grid.
    let kinds = domains.map { domain in
      switch domain {
      case .categorical: 0
      case .numeric(let range): range.step == nil || range.width == 0 ? 1 : 2
      }
    }
    let sizes = (0..<3).map { kind in kinds.count { $0 == kind } }
    var next = [0, sizes[0], sizes[0] + sizes[1]]
    columns = zip(domains, kinds).map { domain, kind in
      defer { next[kind] += 1 }
      return JointColumn(domain, place: next[kind], options: options)
    }
    table = KernelProducts(matched: sizes[0], smooth: sizes[1], cells: sizes[2])
    // The prior is on no ramp: its weight is in its offset.
    table.append(centers: byPlace { $0.priorCenter }, ordinal: 1e300)
  }

  /// The number of observations.
  package var count: Int { kernels.count }

  /// Adds the values of the trial numbered `arrival`, one for every parameter.
  package mutating func insert(_ point: [Double], arrival: Int, share: Double = 1) {
    precondition(point.count == columns.count && share > 0)
    isFresh = false
    let ordinal = kernels.insert(arrival)
    shares.append(share)
    if isOrdered { size += 1 }
    if share > 1 { largeCount += 1 }
    if ordinal + 1 < count || isThinned { isOrdered = false }
    var centers = point
    for j in columns.indices {
      centers[columns[j].place] = columns[j].insert(point[j], arrival: arrival)
    }
    table.append(centers: centers, ordinal: Double(ordinal))
    if share > 1 { table.setOffset(table.count - 1, log(share)) }
  }

  /// Removes the observation of a trial.
  package mutating func remove(arrival: Int) {
    isFresh = false
    isOrdered = false
    let kernel = kernels.remove(arrival)
    if shares[kernel] > 1 { largeCount -= 1 }
    shares.swapRemove(kernel)
    for j in columns.indices { columns[j].remove(kernel: kernel, arrival: arrival) }
    table.remove(kernel)
  }

  /// The trials in a range of numbers, ascending.
  func arrivals(in range: Range<Int>) -> [Int] {
    Array(
      kernels.arrivals[
        kernels.ordinal(of: range.lowerBound)..<kernels.ordinal(of: range.upperBound)])
  }

  /// The observed values of a trial.
  func point(of arrival: Int) -> [Double] {
    let kernel = kernels.number(of: arrival)
    return columns.map { $0.values[kernel] }
  }

  /// log g at each of m points, given as (d, m).
  package mutating func logDensity(at points: [[Double]]) -> [Double] {
    precondition(points.count == columns.count)
    refresh()
    let count = points.first?.count ?? 0
    var x = [Double](repeating: 0, count: count * columns.count)
    var half = x
    for (column, values) in zip(columns, points) {
      for i in 0..<count {
        let index = i * columns.count + column.place
        (x[index], half[index]) = column.interval(of: values[i])
      }
    }
    var matches: [Double] = []
    for column in columns {  // matched columns lie in the order of their parameters
      if let (same, other) = column.matches(count: self.count) { matches += [same, other] }
    }
    let weights = self.weights
    let logs = table.logSums(
      at: x, half: half, points: count, matches: matches, first: weights.first,
      slope: weights.steepness)
    let logTotal = log((isThinned ? mass : weights.total) + priorWeight)
    return logs.enumerated().map { i, value in
      columns.indices.allSatisfy { columns[$0].contains(points[$0][i]) }
        ? value - logTotal : -.infinity
    }
  }

  /// Draws `count` points, (d, count). Each takes 1 + d uniform numbers: one for the kernel, which
  /// all parameters share, one for every parameter, in order. O(count (d + log k)).
  package mutating func sample(_ count: Int, from uniforms: inout UniformStream) -> [[Double]] {
    precondition(!isThinned, "points are drawn from densities of all observations")
    refresh()
    let weights = self.weights
    let width = columns.count + 1
    let u = uniforms.next(count * width)
    let drawn = (0..<count).map { i in
      let mass = u[i * width] * (weights.total + priorWeight)
      return mass < weights.total ? kernels.numbers[weights.ordinal(at: mass)] : 0
    }
    return columns.indices.map { j in
      columns[j].draw(drawn, table) { i in u[i * width + 1 + j] }
    }
  }

  /// The exact density of the same observations. O(d n log n).
  package mutating func estimator() -> ParzenEstimator {
    refresh()
    return ParzenEstimator(
      domains: domains,
      observations: columns.map { column in kernels.numbers.map { column.values[$0] } },
      options: options,
      weights: isThinned ? spreadWeights() : nil)
  }

  private var isThinned: Bool { largeCount > 0 }

  private var weights: ObservationWeights { ObservationWeights(options.weights, count: size) }

  /// By age, the weight of each observation times the number it represents.
  private func spreadWeights() -> [Double] {
    let weights = self.weights
    var next = 0.0
    return kernels.numbers.map { kernel in
      let share = shares[kernel]
      let place = next + 0.5 * (share - 1)
      next += share
      return share * min(1, weights.first + weights.steepness * place)
    }
  }

  private var priorWeight: Double { kernels.count == 0 ? 1 : options.priorWeight }

  /// Updates the table after insertions and removals.
  private mutating func refresh() {
    if isFresh { return }
    isFresh = true
    var changed: [Int] = []
    for j in columns.indices {
      columns[j].refresh(kernels, &table, changed: &changed)
    }
    for kernel in changed {
      var offset = shares[kernel] > 1 ? log(shares[kernel]) : 0
      for j in columns.indices { offset += columns[j].logNorm[kernel] }
      table.setOffset(kernel, offset)
    }
    if !isOrdered {
      isOrdered = true
      size = Int(table.lay(kernels.numbers, lengths: shares).rounded())
      mass = isThinned ? spreadWeights().reduce(0, +) : 0
    }
    // A kernel without weight must not set the scale of the sum.
    table.setOffset(
      0,
      priorWeight > 0
        ? columns.reduce(log(priorWeight)) { $0 + $1.priorOffset(count: count) } : -.infinity)
  }

  /// One number from every column, in the table's order.
  private func byPlace(_ number: (JointColumn) -> Double) -> [Double] {
    var numbers = [Double](repeating: 0, count: columns.count)
    for column in columns { numbers[column.place] = number(column) }
    return numbers
  }
}

internal import OuterloopNumerics

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// The multivariate density of TPE, kept up to date: equal to ``ParzenEstimator`` over the same
/// parameters to 1e-9 in log g.
///
/// A mixture of products does not factor, so every kernel is looked at for every point, but only
/// the squared distances are new work: what else an exponent holds, sum_j -log(sigma_ij Z_ij sqrt(2
/// pi)), is kept, and an observation that comes or goes changes it for its neighbours in each
/// parameter only (for all while k < 98 still lowers the least bandwidth). Evaluation is O(m d k) in
/// vectors, less where distances over the first parameters show that a kernel does not matter; what
/// is left costs an exponential for every point and kernel and, for each parameter on a grid, two
/// tails of the normal. Insertion of the newest is O(d sqrt k + d^2), other changes O(k) more.
/// Memory is O(d k).
package struct JointParzen: Sendable {
  package let domains: [ParameterDomain]
  package let options: ParzenOptions

  private var columns: [JointColumn]
  private var kernels = JointArrivals()
  /// Kernel 0 is the prior's.
  private var table: KernelProducts
  private var isFresh = false

  package init(domains: [ParameterDomain], options: ParzenOptions = .init()) {
    self.domains = domains
    self.options = options
    let forms = domains.map { JointColumn.Form($0) }
    // Columns of a kind lie together.
    let kinds = forms.map(\.kind)
    let sizes = (0..<3).map { kind in kinds.count { $0 == kind } }
    var next = [0, sizes[0], sizes[0] + sizes[1]]
    columns = zip(forms, kinds).map { form, kind in
      defer { next[kind] += 1 }
      return JointColumn(form, place: next[kind], options: options)
    }
    table = KernelProducts(matched: sizes[0], smooth: sizes[1], cells: sizes[2])
    // The prior is on no ramp: its weight is in its offset.
    table.append(centers: byPlace { $0.priorCenter }, ordinal: 1e300)
  }

  /// The number of observations.
  package var count: Int { kernels.count }

  /// Enters what the trial numbered `arrival` had, one value for every parameter.
  package mutating func insert(_ point: [Double], arrival: Int) {
    precondition(point.count == columns.count)
    isFresh = false
    let ordinal = kernels.insert(arrival)
    if ordinal + 1 < count { table.shiftOrdinals(from: Double(ordinal), by: 1) }
    var centers = point
    for j in columns.indices {
      centers[columns[j].place] = columns[j].insert(point[j], arrival: arrival)
    }
    table.append(centers: centers, ordinal: Double(ordinal))
  }

  /// Takes the observation of a trial out.
  package mutating func remove(arrival: Int) {
    isFresh = false
    let (kernel, ordinal) = kernels.remove(arrival)
    for j in columns.indices { columns[j].remove(kernel: kernel, arrival: arrival) }
    table.remove(kernel)
    table.shiftOrdinals(from: Double(ordinal), by: -1)
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
    let weights = ObservationWeights(options.weights, count: self.count)
    let logs = table.logSums(
      at: x, half: half, points: count, matches: matches, first: weights.first,
      slope: weights.steepness)
    let logTotal = log(weights.total + priorWeight)
    return logs.enumerated().map { i, value in
      columns.indices.allSatisfy { columns[$0].contains(points[$0][i]) }
        ? value - logTotal : -.infinity
    }
  }

  /// Draws `count` points, (d, count). Each takes 1 + d uniform numbers: one for the kernel, which
  /// all parameters share, one for every parameter, in order. O(count (d + log k)).
  package mutating func sample(_ count: Int, from uniforms: inout UniformStream) -> [[Double]] {
    refresh()
    let weights = ObservationWeights(options.weights, count: self.count)
    var points = [[Double]](repeating: [], count: columns.count)
    for _ in 0..<count {
      let mass = uniforms.next() * (weights.total + priorWeight)
      let kernel = mass < weights.total ? kernels.numbers[weights.ordinal(at: mass)] : 0
      for j in columns.indices {
        points[j].append(columns[j].draw(kernel, table, uniforms.next()))
      }
    }
    return points
  }

  /// The exact density of the same observations. O(d n log n).
  package func estimator() -> ParzenEstimator {
    ParzenEstimator(
      domains: domains,
      observations: columns.map { column in kernels.numbers.map { column.values[$0] } },
      options: options)
  }

  private var priorWeight: Double { kernels.count == 0 ? 1 : options.priorWeight }

  /// Brings the table up to date with what came and went.
  private mutating func refresh() {
    if isFresh { return }
    isFresh = true
    var changed: [Int] = []
    for j in columns.indices { columns[j].refresh(kernels, &table, changed: &changed) }
    for kernel in changed {
      var offset = 0.0
      for j in columns.indices { offset += columns[j].logNorm[kernel] }
      table.setOffset(kernel, offset)
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

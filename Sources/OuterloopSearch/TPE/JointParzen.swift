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
/// vectors with one exponential for every point and kernel; grid parameters of at most 128 points
/// cost a table look-up each, larger grids two tails of the normal. Insertion and removal are
/// O(k + d sqrt k). Memory is O(d k).
package struct JointParzen: Sendable {
  package let domains: [ParameterDomain]
  package let options: ParzenOptions

  /// Kernels are numbered in no order; 0 is the prior's.
  private var columns: [JointColumn]
  /// Arrivals in order, and the kernel of each.
  private var arrivals: [Int] = []
  private var kernels: [Int] = []
  private var prepared: (offset: [Double], weight: [Double], logTotal: Double)?

  package init(domains: [ParameterDomain], options: ParzenOptions = .init()) {
    self.domains = domains
    self.options = options
    columns = domains.map { JointColumn(domain: $0, options: options) }
  }

  /// The number of observations.
  package var count: Int { arrivals.count }

  /// Enters what the trial numbered `arrival` had, one value for every parameter.
  package mutating func insert(_ point: [Double], arrival: Int) {
    precondition(point.count == columns.count)
    prepared = nil
    let place = place(of: arrival)
    precondition(
      place == arrivals.count || arrivals[place] != arrival, "\(arrival) is there already")
    let kernel = arrivals.count + 1
    arrivals.insert(arrival, at: place)
    kernels.insert(kernel, at: place)
    for j in columns.indices { columns[j].insert(point[j], arrival: arrival, kernel: kernel) }
  }

  /// Takes the observation of a trial out.
  package mutating func remove(arrival: Int) {
    prepared = nil
    let place = place(of: arrival)
    precondition(
      place < arrivals.count && arrivals[place] == arrival, "no \(arrival) to remove")
    let kernel = kernels[place]
    let last = arrivals.count
    arrivals.remove(at: place)
    kernels.remove(at: place)
    // The last kernel takes the number that is free.
    if let moved = kernels.firstIndex(of: last) { kernels[moved] = kernel }
    for j in columns.indices { columns[j].remove(kernel: kernel) }
  }

  /// log g at each of m points, given as (d, m).
  package mutating func logDensity(at points: [[Double]]) -> [Double] {
    precondition(points.count == columns.count)
    let (offset, weight, logTotal) = prepared ?? prepare()
    prepared = (offset, weight, logTotal)
    let count = points.first?.count ?? 0
    let stride = arrivals.count + 1
    let smooth = columns.indices.filter { columns[$0].isSmooth }
    var x: [Double] = []
    x.reserveCapacity(count * smooth.count)
    for i in 0..<count {
      for j in smooth { x.append(columns[j].coordinate(of: points[j][i])) }
    }
    var extra: [Double] = []
    if smooth.count < columns.count {
      extra = [Double](repeating: 0, count: count * stride)
      for j in columns.indices where !columns[j].isSmooth {
        columns[j].addLogProbability(at: points[j], to: &extra)
      }
    }
    let logs = GaussianSums.logProducts(
      at: x, points: count, dims: smooth.count, kernels: stride, stride: stride,
      center: smooth.flatMap { columns[$0].center },
      inverse: smooth.flatMap { columns[$0].inverse },
      offset: offset, extra: extra, weight: weight)
    return logs.enumerated().map { i, value in
      columns.indices.allSatisfy { columns[$0].contains(points[$0][i]) }
        ? value - logTotal : -.infinity
    }
  }

  /// Draws `count` points, (d, count). Each takes 1 + d uniform numbers: one for the kernel, which
  /// all parameters share, one for every parameter, in order. O(count (d + log k)).
  package mutating func sample(_ count: Int, from uniforms: inout UniformStream) -> [[Double]] {
    if prepared == nil { prepared = prepare() }
    let weights = ObservationWeights(options.weights, count: arrivals.count)
    let prior = arrivals.isEmpty ? 1 : options.priorWeight
    var points = [[Double]](repeating: [], count: columns.count)
    for _ in 0..<count {
      let mass = uniforms.next() * (weights.total + prior)
      let kernel = mass < weights.total ? kernels[weights.ordinal(at: mass)] : 0
      for j in columns.indices { points[j].append(columns[j].draw(kernel, uniforms.next())) }
    }
    return points
  }

  /// The exact density of the same observations. O(d n log n).
  package func estimator() -> ParzenEstimator {
    ParzenEstimator(
      domains: domains, observations: columns.map { column in kernels.map { column.values[$0] } },
      options: options)
  }

  private mutating func prepare() -> (offset: [Double], weight: [Double], logTotal: Double) {
    let rule = ObservationWeights(options.weights, count: arrivals.count)
    var weight = [Double](repeating: 0, count: arrivals.count + 1)
    weight[0] = arrivals.isEmpty ? 1 : options.priorWeight
    for (ordinal, kernel) in kernels.enumerated() { weight[kernel] = rule[ordinal] }
    // A kernel without weight must not set the scale of the sum.
    var offset = weight.map { $0 > 0 ? 0 : -Double.infinity }
    for j in columns.indices {
      columns[j].refresh(arrivals: arrivals, kernels: kernels)
      for k in columns[j].logNorm.indices { offset[k] += columns[j].logNorm[k] }
    }
    return (offset, weight, log(rule.total + weight[0]))
  }

  private func place(of arrival: Int) -> Int { lowerBound(arrivals, arrival) }
}

/// The first index of a sorted list whose element is not smaller. O(log n).
func lowerBound(_ sorted: [Int], _ element: Int) -> Int {
  var low = 0
  var high = sorted.count
  while low < high {
    let middle = (low + high) / 2
    if sorted[middle] < element { low = middle + 1 } else { high = middle }
  }
  return low
}

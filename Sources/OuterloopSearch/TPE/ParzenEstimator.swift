internal import OuterloopNumerics
internal import OuterloopPlatform
internal import OuterloopStudy

/// The density of TPE, exactly: a mixture of one product of kernels for each of k observations and
/// one for the prior,
///
///     g(x) = sum_i w_i prod_j K_ij(x_j) / sum_i w_i.
///
/// One parameter alone gives the univariate estimator, several the multivariate one: they share the
/// kernel's index, so g does not factor. The kernels are those of Optuna 5 (Bergstra et al. 2011,
/// Watanabe 2023) reimplemented; ties among equal observations are broken by age.
///
/// Construction takes O(d k log k) time and O(d k) memory.
package struct ParzenEstimator: Sendable {
  private let kernels: [KernelColumn]
  /// Normalised; the prior's is the last.
  private let weights: [Double]

  /// - Parameters:
  ///   - domains: the d parameters.
  ///   - observations: (d, k), every row oldest first.
  ///   - weights: k weights instead of the rule's.
  package init(
    domains: [ParameterDomain], observations: [[Double]], options: ParzenOptions = .init(),
    weights: [Double]? = nil
  ) {
    precondition(domains.count == observations.count && options.priorWeight >= 0)
    let count = observations.first?.count ?? 0
    precondition(observations.allSatisfy { $0.count == count })
    let rule = ObservationWeights(options.weights, count: count)
    var all = weights ?? (0..<count).map { rule[$0] }
    precondition(all.count == count)
    all.append(count == 0 ? 1 : options.priorWeight)
    let total = all.reduce(0, +)
    self.weights = all.map { $0 / total }
    kernels = zip(domains, observations).map { domain, values in
      switch domain {
      case .numeric(let domain):
        .numeric(NumericKernels(domain: domain, values: values, options: options))
      case .categorical(let choices):
        .categorical(
          CategoricalKernels(choices: choices, values: values, priorWeight: options.priorWeight))
      }
    }
  }

  /// log g at each of m points, given as (d, m). O(m d k).
  package func logDensity(at points: [[Double]]) -> [Double] {
    precondition(points.count == kernels.count)
    if kernels.count == 1, case .numeric(let column) = kernels[0] {
      return column.logMixture(at: points[0], weights: weights)
    }
    let logWeights = weights.map { log($0) }
    var row = logWeights
    return (0..<(points.first?.count ?? 0)).map { point in
      for k in row.indices { row[k] = logWeights[k] }
      for (column, values) in zip(kernels, points) {
        column.addLogDensity(at: values[point], to: &row)
      }
      return logSumExp(row)
    }
  }

  /// Draws `count` points, (d, count). Each takes 1 + d uniform numbers: one for the kernel, one
  /// for every parameter, in order. O(count (k + d)).
  package func sample(_ count: Int, from uniforms: inout UniformStream) -> [[Double]] {
    var points = [[Double]](repeating: [], count: kernels.count)
    for _ in 0..<count {
      let kernel = index(of: uniforms.next(), in: weights)
      for (j, column) in kernels.enumerated() {
        points[j].append(column.draw(kernel, uniforms.next()))
      }
    }
    return points
  }
}

/// log sum_k exp(x_k); -infinity if all are.
func logSumExp(_ x: [Double]) -> Double {
  let peak = x.max() ?? -.infinity
  guard peak > -.infinity else { return peak }
  var sum = 0.0
  for value in x { sum += exp(value - peak) }
  return peak + log(sum)
}

/// The index that owns `mass`, 0 <= mass < 1, when probabilities are laid end to end.
func index(of mass: Double, in probabilities: [Double]) -> Int {
  var left = mass
  for (index, probability) in probabilities.enumerated() {
    if left < probability { return index }
    left -= probability
  }
  return probabilities.lastIndex { $0 > 0 } ?? 0
}

/// The kernels of one parameter, the prior's last.
enum KernelColumn: Sendable {
  case numeric(NumericKernels)
  case categorical(CategoricalKernels)

  /// Adds log K_k(value) to every row[k].
  func addLogDensity(at value: Double, to row: inout [Double]) {
    switch self {
    case .numeric(let kernels): kernels.addLogDensity(at: value, to: &row)
    case .categorical(let kernels):
      for k in row.indices { row[k] += log(kernels.probability(of: Int(value), under: k)) }
    }
  }

  /// The u-quantile of kernel k.
  func draw(_ k: Int, _ u: Double) -> Double {
    switch self {
    case .numeric(let kernels):
      return kernels.domain.draw(center: kernels.center[k], sigma: kernels.sigma[k], u)
    case .categorical(let kernels):
      return Double(index(of: u, in: kernels.probabilities(under: k)))
    }
  }
}

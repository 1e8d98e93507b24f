internal import OuterloopPlatform
internal import OuterloopStudy

/// The cost of trials as a function of the parameters of one group: the kernel regression of log cost
/// (Nadaraya 1964, Watson 1964),
///
///     log c(x) = sum_i K(x, x_i) log c_i / (sum_i K(x, x_i) + e),   e = 0.1,
///
/// over the trials in which the group is active, log c_i being relative to their mean: far from all trials it
/// is 0, the mean. K is a product: of normals on the unit scale of numbers, with the bandwidth
/// 0.29 n^(-1 / (d + 4)) of d numbers (Scott's rule for uniform ones); of 1 for equal choices and 1 / (n + 1)
/// for others.
///
/// In logarithms, scaling all costs shifts log c uniformly, and costs below 1 need no special treatment.
/// (SMAC3 divides by a logarithm, which is negative for them.)
///
/// Groups of parameters are scored one after another, each with its own marginal effect. The newest 500
/// trials with a cost: O(m d) for m points, independent of the number of trials.
struct CostRegression: Sendable {
  private static let most = 500
  /// The weight of the mean.
  private static let prior = 0.1
  /// The standard deviation of a uniform variable on [0, 1].
  private static let spread = 0.29

  private let domains: [ParameterDomain]
  private var points: [[Double]] = []
  private var logCosts: [Double] = []

  init(_ domains: [ParameterDomain]) { self.domains = domains }

  /// - Parameter cost: above 0 and finite.
  mutating func insert(_ point: [Double], cost: Double) {
    points.append(units(point))
    logCosts.append(log(cost))
    if points.count > Self.most {
      points.removeFirst()
      logCosts.removeFirst()
    }
  }

  private func units(_ point: [Double]) -> [Double] {
    zip(domains, point).map { domain, value in
      if case .numeric(let range) = domain { range.unit(of: value) } else { value }
    }
  }

  /// log c at each point, (m, d), relative to the mean; nil if no cost is known.
  func logCosts(at points: [[Double]]) -> [Double]? {
    guard !logCosts.isEmpty else { return nil }
    let count = Double(logCosts.count)
    let mean = logCosts.reduce(0, +) / count
    let numbers = domains.count { if case .numeric = $0 { true } else { false } }
    let width = Self.spread * pow(count, -1 / Double(numbers + 4))
    let isNumber = domains.map { if case .numeric = $0 { true } else { false } }
    let unequal = log(count + 1)
    return points.map { point in
      let unit = units(point)
      var (sum, weight) = (0.0, Self.prior)
      for (known, logCost) in zip(self.points, logCosts) {
        var distance = 0.0
        for j in unit.indices {
          if isNumber[j] {
            let offset = (unit[j] - known[j]) / width
            distance += 0.5 * offset * offset
          } else if unit[j] != known[j] {
            distance += unequal
          }
        }
        let kernel = exp(-distance)
        sum += kernel * (logCost - mean)
        weight += kernel
      }
      return sum / weight
    }
  }
}

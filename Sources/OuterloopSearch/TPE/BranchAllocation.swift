internal import OuterloopPlatform
internal import OuterloopStudy

/// Which value a branching parameter takes next: an arm of a bandit for each of its values, judged by the
/// least loss that the arm can reach, not by how often it was good.
///
/// TPE as published gives a value l / g, the odds that a trial with it is good. That is how good the
/// branch is *now*, at parameters of its own that have hardly been searched, and it feeds on itself:
/// where trials go, good trials come from. What counts is the best that a branch leads to; a bandit for
/// maxima instead of means (Nguyen et al. 2020 for categories with own parameters; Li et al. 2020 and
/// Balef et al. 2025 for the choice of algorithms).
///
/// *What an arm can reach.* Near its minimum a, a loss at random points has the distribution function
/// ((y - a) / s)^k, with k = d / 2 for a quadratic minimum in d dimensions. Then of the m smallest losses
/// y_1 <= ... <= y_m of the arm
///
///     T = ((y_1 - a) / (y_m - a))^k   has the distribution of   1 - U^(1 / (m - 1)),   U uniform,
///
/// whatever a and s are (a ratio of order statistics of uniform numbers; de Haan 1981 bounds a minimum
/// by it, for m = 2). Solved for a it is a draw of the minimum,
///
///     a = y_1 - (y_m - y_1) r / (1 - r),   r = T^(1 / k),
///
/// and the arm whose draw is the smallest is taken: Thompson sampling. It is equivariant under a y + b,
/// and parallel proposals differ. What its draw would improve on the best loss of all is the arm's promise;
/// costs and beliefs weigh it, as they weigh an expected improvement. Points of a search are not random
/// ones: they crowd where it converges, y_m comes near y_1, and the arm has little left to promise.
///
/// *Never given up.* What an arm hides in a narrow region no statistics of few trials can tell. So an arm
/// with fewer than f(u) of the n trials comes first, u = n / 2K being an even share of half of the trials
/// among K arms: f(u) = u up to the number m0 of startup trials, sqrt(m0 u) beyond. (Forced exploration as
/// the square root of n is that of Garivier and Kaufmann 2016.) At 60 trials and three arms that is 10, at
/// 1,000 it is 40.
///
/// O(K) a proposal.
package struct BranchAllocation: Sendable {
  struct Arm: Sendable {
    /// Trials that have it, but for those that count for nothing; those that run are among them.
    var trials = 0
    /// Losses of complete trials that keep the constraints.
    var losses = Sample()
    /// By how much others break them.
    var violations = Sample()
    /// Costs that are known, and the sum of their logarithms.
    var costs = 0
    var logCosts = 0.0
  }

  struct Sample: Sendable {
    var count = 0
    /// The smallest ones, rising, `most` of them at most.
    var least: [Double] = []

    mutating func insert(_ value: Double) {
      guard value.isFinite else { return }
      count += 1
      let place = least.firstIndex { $0 > value } ?? least.count
      guard place < BranchAllocation.most else { return }
      least.insert(value, at: place)
      if least.count > BranchAllocation.most { least.removeLast() }
    }
  }

  /// Of the losses, which are the smallest ones: a quarter, at least two.
  private static let share = 4
  private static let most = 10

  /// Of how many parameters' minimum an arm's losses tell.
  private let dimensions: [Double]
  private(set) var arms: [Arm]
  private let startup: Int

  /// - Parameter dimensions: for each arm the number of parameters that matter.
  package init(dimensions: [Int], startup: Int) {
    self.dimensions = dimensions.map { Double(max($0, 1)) }
    self.startup = startup
    arms = dimensions.map { _ in Arm() }
  }

  mutating func count(_ arm: Int, _ change: Int) { arms[arm].trials += change }

  /// Enters a result. NaN and infinities tell only that there was a trial.
  package mutating func insert(loss: Double, in arm: Int) { arms[arm].losses.insert(loss) }

  mutating func insert(violation: Double, in arm: Int) { arms[arm].violations.insert(violation) }

  mutating func insert(cost: Double, in arm: Int) {
    arms[arm].costs += 1
    arms[arm].logCosts += log(cost)
  }

  /// The arms, the one to be tried first.
  ///
  /// - Parameters:
  ///   - costWeight: how much cost counts, 0 to 1.
  ///   - weights: the logarithm of what each arm's promise is multiplied by.
  package func preference(
    costWeight: Double = 0, weights: [Double]? = nil, _ uniform: () -> Double
  ) -> [Int] {
    // As long as nothing keeps the constraints, what comes nearest to that is best.
    let isFeasible = arms.contains { $0.losses.count > 0 }
    let samples = arms.map { isFeasible ? $0.losses : $0.violations }
    let draws = arms.indices.map { reach(of: samples[$0], dimensions[$0], uniform()) }
    let best = samples.compactMap(\.least.first).min() ?? .infinity
    // log of the improvement that is drawn, per cost: what does not improve comes last.
    let promises = arms.indices.map { arm in
      let gain = draws[arm] < best ? log(best - draws[arm]) : -.infinity
      return gain + (weights?[arm] ?? 0) - costWeight * relativeLogCost(of: arm)
    }
    let least = floor(arms.reduce(0) { $0 + $1.trials })
    return arms.indices.sorted { a, b in
      let (trials, others) = (arms[a].trials, arms[b].trials)
      let (isShort, isOtherShort) = (Double(trials) < least, Double(others) < least)
      if isShort != isOtherShort { return isShort }
      if isShort, trials != others { return trials < others }
      if promises[a] != promises[b] { return promises[a] > promises[b] }
      return (draws[a], trials, a) < (draws[b], others, b)
    }
  }

  /// The mean log cost of an arm, less that of all trials; 0 where none is known.
  private func relativeLogCost(of arm: Int) -> Double {
    guard arms[arm].costs > 0 else { return 0 }
    let all = arms.reduce((count: 0, sum: 0.0)) { ($0.count + $1.costs, $0.sum + $1.logCosts) }
    return arms[arm].logCosts / Double(arms[arm].costs) - all.sum / Double(all.count)
  }

  /// How many trials each arm has at least, of `trials`.
  private func floor(_ trials: Int) -> Double {
    let even = Double(trials) / Double(2 * arms.count)
    let first = Double(startup)
    return even <= first ? even : (first * even).squareRoot()
  }

  /// A draw of the least value that a sample's arm can reach; infinite if nothing is known.
  private func reach(of sample: Sample, _ dimensions: Double, _ uniform: Double) -> Double {
    guard let best = sample.least.first else { return .infinity }
    let count = min(max((sample.count + Self.share - 1) / Self.share, 2), Self.most)
    guard sample.least.count >= count else { return best }
    let ratio = 1 - pow(uniform, 1 / Double(count - 1))
    let root = pow(ratio, 2 / dimensions)
    guard root < 1 else { return -.infinity }
    return best - (sample.least[count - 1] - best) * root / (1 - root)
  }
}

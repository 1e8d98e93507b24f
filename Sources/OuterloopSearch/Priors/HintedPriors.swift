internal import OuterloopNumerics
internal import OuterloopPlatform
package import OuterloopStudy

/// The user priors over good values in a study: the priors of its specification, from the first trial on,
/// and hints added later, from the time they were added; a fold over the study's events.
///
/// An acquisition function alpha(x) becomes alpha(x) pi(x)^(beta / t) (piBO, Hvarfner et al. 2022), in
/// logarithms
///
///     log alpha(x) + sum of (beta / t) log pi(x),   beta = 10,
///
/// over the priors, where t >= 1 is the number of trials finished since each was added: priors dominate
/// at first, data in the end. Several priors at different times, and their rejection where data
/// contradict them, are from DynaBO (arXiv 2511.02570), whose exponent decreases as 1 / t^2.
///
/// *Rejection.* A prior is dropped permanently when trials where it is dense (pi above uniform) are worse than
/// the others: the Mann-Whitney test, one-sided at 5 %, with at least five trials on either side; with several
/// objectives, in all of them. The newest 500 trials are compared. (The test runs after every trial, so that
/// correct priors are dropped in more than 5 % of studies; by then they have mostly faded.)
///
/// - Complexity: O(b) for a weight, with b priors; O(b n log n) after a trial, n at most 500.
package struct HintedPriors: Sendable {
  /// The prior of one parameter.
  package struct Belief: Sendable {
    package let prior: ParameterPrior
    /// Its parameter's index in the space.
    package let place: Int
    package let density: PriorDensity
    /// How many trials had ended when it was added.
    package let given: Int
    /// Trials proposed since.
    package fileprivate(set) var proposals = 0
    /// Why it was dropped, as half a sentence; nil: it is in effect.
    package fileprivate(set) var rejection: String?
  }

  private struct Result: Sendable {
    let trial: Int
    let assignment: Assignment
    /// For each objective.
    let ranks: [TrialRank]
  }

  /// The exponent after the first trial.
  private static let strength = 10.0
  private static let mostCompared = 500
  private static let fewest = 5
  private static let level = 0.05

  package private(set) var beliefs: [Belief] = []
  private let specification: StudySpecification
  private var ended = 0
  private var results: [Result] = []

  package init(_ specification: StudySpecification) {
    self.specification = specification
    add(specification.priors)
  }

  private mutating func add(_ priors: [ParameterPrior]) {
    for prior in priors {
      guard let place = specification.space.index(of: prior.parameter) else { continue }
      let domain = specification.space.parameters[place].domain
      beliefs.append(
        Belief(
          prior: prior, place: place, density: PriorDensity(prior, of: domain), given: ended))
    }
  }

  package mutating func observe(_ event: Event, in history: History) {
    switch event.kind {
    case .hinted(let priors): add(priors)
    case .suggested: for place in beliefs.indices { beliefs[place].proposals += 1 }
    case .finished: finish(history.trials[event.trial])
    default: break
    }
  }

  private mutating func finish(_ trial: Trial) {
    guard let ranks = ranks(of: trial) else { return }
    ended += 1
    results.removeAll { $0.trial == trial.number }
    results.append(Result(trial: trial.number, assignment: trial.assignment, ranks: ranks))
    if results.count > Self.mostCompared { results.removeFirst() }
    for place in beliefs.indices where beliefs[place].rejection == nil {
      beliefs[place].rejection = contradiction(of: beliefs[place])
    }
  }

  /// The rank of a trial in each objective; nil if it is not informative.
  private func ranks(of trial: Trial) -> [TrialRank]? {
    let objectives = specification.objectives
    switch trial.state {
    case .complete, .pruned:
      let violation = specification.violation(of: trial)
      if violation > 0 { return objectives.map { _ in .infeasible(violation: violation) } }
      return objectives.indices.map { place in
        if trial.state == .complete {
          let values = trial.values ?? []
          let value = values.indices.contains(place) ? values[place] : .nan
          return .complete(loss: objectives[place].loss(value))
        }
        guard let last = trial.lastReport else { return .prunedWithoutReport }
        let value = last.values[objectives[place].metric] ?? .nan
        return .pruned(lastStep: last.epoch, loss: objectives[place].loss(value))
      }
    case .failed(let reason) where reason.isCausedByConfiguration:
      return objectives.map { _ in .failed }
    default: return nil
    }
  }

  private func contradiction(of belief: Belief) -> String? {
    var (dense, others): ([Result], [Result]) = ([], [])
    for result in results {
      guard let value = result.assignment.values[belief.place] else { continue }
      if belief.density.logDensity(of: value) > 0 {
        dense.append(result)
      } else {
        others.append(result)
      }
    }
    guard min(dense.count, others.count) >= Self.fewest else { return nil }
    let largest = specification.objectives.indices.map { place in
      RankSum.probability(
        ofLarger: dense.map { $0.ranks[place] }, than: others.map { $0.ranks[place] })
    }.max()
    guard let largest, largest < Self.level else { return nil }
    return "the \(dense.count) trials near it are worse than the other \(others.count)"
  }

  /// The exponent of a prior.
  package func exponent(of belief: Belief) -> Double {
    belief.rejection == nil ? Self.strength / Double(max(ended - belief.given, 1)) : 0
  }

  /// Whether any prior is in effect.
  package var areLive: Bool { beliefs.contains { $0.rejection == nil } }

  /// sum of exponent times log pi over the priors of one parameter.
  package func logWeight(of place: Int, at value: ParameterValue) -> Double {
    beliefs.reduce(0) { sum, belief in
      guard belief.place == place, belief.rejection == nil else { return sum }
      return sum + exponent(of: belief) * belief.density.logDensity(of: value)
    }
  }

  /// The same over all parameters that are active.
  package func logWeight(of assignment: Assignment) -> Double {
    beliefs.reduce(0) { sum, belief in
      guard belief.rejection == nil, let value = assignment.values[belief.place] else { return sum }
      return sum + exponent(of: belief) * belief.density.logDensity(of: value)
    }
  }

  /// The latest prior of a parameter that is in effect.
  package func latest(of place: Int) -> Belief? {
    beliefs.last { $0.place == place && $0.rejection == nil }
  }

  /// Whether nothing has been proposed since the latest prior in effect was added.
  package var areNew: Bool { beliefs.last { $0.rejection == nil }?.proposals == 0 }
}

/// The Mann-Whitney test (1947): whether values of one sample tend to be larger than those of another.
package enum RankSum {
  /// The p-value of the first sample being this large, if both have the same distribution.
  ///
  /// U counts the pairs in which the first is larger, ties as halves. Under the null hypothesis it
  /// has mean m n / 2 and, with t_j equal values in group j of N = m + n,
  ///
  ///     var U = m n / 12 (N + 1 - sum_j (t_j^3 - t_j) / (N (N - 1))).
  ///
  /// The normal approximation with a continuity correction, accurate from about five on either side.
  /// O(N log N).
  package static func probability<Value: Comparable>(
    ofLarger first: [Value], than second: [Value]
  ) -> Double {
    let (m, n) = (Double(first.count), Double(second.count))
    guard m > 0, n > 0 else { return 1 }
    let all = (first.map { ($0, true) } + second.map { ($0, false) }).sorted { $0.0 < $1.0 }
    var (pairs, ties, start) = (0.0, 0.0, 0)
    var below = 0.0
    while start < all.count {
      var end = start
      var (ours, others) = (0.0, 0.0)
      while end < all.count, all[end].0 == all[start].0 {
        if all[end].1 { ours += 1 } else { others += 1 }
        end += 1
      }
      pairs += ours * (below + others / 2)
      below += others
      let count = ours + others
      ties += count * count * count - count
      start = end
    }
    let total = m + n
    let variance = m * n / 12 * (total + 1 - ties / (total * (total - 1)))
    guard variance > 0 else { return 1 }
    let z = (pairs - m * n / 2 - 0.5) / variance.squareRoot()
    return exp(StandardNormal.logCDF(-z))
  }
}

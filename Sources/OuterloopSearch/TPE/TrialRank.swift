/// The rank of a finished trial in the order that TPE splits: by tier, then by number.
///
/// Losses are to be minimised; NaN counts as +infinity. A total order: no key is NaN.
package struct TrialRank: Sendable, Hashable, Comparable {
  private enum Tier: Int, Sendable { case complete, pruned, infeasible, failed }
  private let tier: Tier
  private let first: Double
  private let second: Double

  private init(_ tier: Tier, _ first: Double = 0, _ second: Double = 0) {
    self.tier = tier
    self.first = first.isNaN ? .infinity : first
    self.second = second.isNaN ? .infinity : second
  }

  /// A feasible trial that ran to its end.
  package static func complete(loss: Double) -> TrialRank { .init(.complete, loss) }

  /// A feasible trial stopped early: later steps first, then by last loss.
  package static func pruned(lastStep: Int, loss: Double) -> TrialRank {
    .init(.pruned, -Double(lastStep), loss)
  }

  /// A feasible trial stopped before it reported anything.
  package static let prunedWithoutReport = TrialRank(.pruned, 1, 0)

  /// An infeasible trial, by the sum of max(0, c).
  package static func infeasible(violation: Double) -> TrialRank { .init(.infeasible, violation) }

  /// A trial that failed because of its configuration: after all others.
  package static let failed = TrialRank(.failed)

  package static func < (a: TrialRank, b: TrialRank) -> Bool {
    (a.tier.rawValue, a.first, a.second) < (b.tier.rawValue, b.first, b.second)
  }
}

/// The number of good trials among n finished ones (gamma).
package enum GoodShare: Sendable, Hashable {
  /// min(ceil(.1 n), cap); no cap for several objectives in Optuna 5.
  case tenth(cap: Int?)
  /// hyperopt: min(ceil(.25 sqrt n), 25).
  case root

  /// Like `tenth`, but none of fewer than five trials, which are too few to judge.
  case tenthOfFive(cap: Int?)

  /// Optuna's rule for one objective.
  package static let standard = GoodShare.tenth(cap: 25)

  package func count(of trials: Int) -> Int {
    switch self {
    case .tenth(let cap): min((trials + 9) / 10, cap ?? .max)
    case .tenthOfFive(let cap): trials < 5 ? 0 : min((trials + 9) / 10, cap ?? .max)
    case .root: min(Int((0.25 * Double(trials).squareRoot()).rounded(.up)), 25)
    }
  }
}

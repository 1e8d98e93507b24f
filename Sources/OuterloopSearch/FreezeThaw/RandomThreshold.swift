internal import OuterloopNumerics
private import OuterloopPlatform

/// The acquisition function MFPI-random (Rakotoarison et al. 2024, arXiv 2404.16795): the probability that a
/// training, continued by a random horizon h, exceeds a random threshold,
///
///     P(y(x, min(t + h, T)) > f + theta (1 - f)),   log10 theta ~ U(-4, -1),   h = floor((H + 1)^u),  u ~ U(0, 1)
///
/// the same h and theta for all candidates of a proposal. f is the best value observed anywhere, and H the
/// epochs of a full training or those that the budget leaves. So some proposals look one epoch ahead and others
/// to the end, some require any progress and others a large improvement, without a trade-off to tune.
///
/// *The horizon* is uniform in its logarithm, as the model's time is. (It is uniform in ifBO: half of the proposals
/// then look beyond half of a training, where most curves say little yet. On recorded curves of TaskSet, LCBench
/// and NMTLC the mean regret is smaller with this one.)
///
/// *The best conceivable value* 1 is known of accuracies; of a loss it is estimated: the improvement from a bad first loss
/// (`LossScale`) to the best may be repeated four times. (On recorded curves of TaskSet the mean regret is a little smaller
/// than with twice, on those of LCBench the same.)
///
/// - Complexity: O(1) a candidate.
package struct RandomThreshold: Sendable {
  package let horizon: Int
  package let threshold: Double

  /// 1 - f, as a multiple of f - worst.
  private static let reach = 4.0

  /// - Parameters:
  ///   - best: f.
  ///   - worst: the value of a bad first loss.
  ///   - limit: H.
  package init(
    best: Double, worst: Double, upTo limit: Int,
    _ uniforms: (horizon: Double, threshold: Double)
  ) {
    let most = Double(max(limit, 1))
    horizon = Int(min(max(pow(most + 1, uniforms.horizon), 1), most))
    let theta = pow(10, -4 + 3 * uniforms.threshold)
    threshold = best + theta * Self.reach * max(best - worst, 0)
  }

  /// The number of epochs of a training that cost as much as `horizon` epochs of average cost.
  ///
  ///     h_i = h e^(-c_i),   at least 1
  ///
  /// - Parameter cost: c_i, the logarithm of its cost as a multiple of that of a mean one.
  package func horizon(atCost cost: Double) -> Int {
    Int(min(max((Double(horizon) * exp(-cost)).rounded(), 1), 1e9))
  }

  /// A monotone function of the probability: its standard normal quantile.
  package func score(mean: Double, variance: Double) -> Double {
    (mean - threshold) / variance.squareRoot()
  }
}

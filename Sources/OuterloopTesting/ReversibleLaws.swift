internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopNumerics

/// What reversible learning must satisfy on every problem that is trained by heavy ball.
public enum ReversibleLaws {
  typealias Violation = HypergradientLaws.Violation

  /// Reversible learning is reverse mode. The buffer holds T P log2(1 / b) bits for a momentum b,
  /// within a limb for each weight.
  public static func check(_ test: HypergradientCase, momentum: Double) throws {
    let answer = try test.hypergradient(by: .reversible)
    let exact = try test.hypergradient(by: .reverse)
    try HypergradientLaws.requireClose(
      answer.gradient, exact.gradient, test.agreement, "\(test): reversible and reverse")
    try HypergradientLaws.requireClose(
      answer.direct, exact.direct, test.agreement, "\(test): the direct term")
    try HypergradientLaws.requireClose(
      answer.state, exact.state, test.agreement, "\(test): the final state")
    let scale = Swift.max(1, Swift.abs(exact.loss))
    try HypergradientLaws.require(
      Swift.abs(answer.loss - exact.loss) <= test.agreement * scale,
      "\(test): loss \(answer.loss), by reverse \(exact.loss)")

    let cost = answer.cost
    try HypergradientLaws.require(
      cost.steps == test.steps && cost.products == test.steps
        && cost.recomputedSteps == test.steps, "\(test): \(cost)")
    let weights = answer.state.reduce(0) { $0 + $1.count } / 2
    let growth =
      -(try log(Tensor(momentum, dtype: .float64)).item())
      / (try log(Tensor(2, dtype: .float64)).item())
    let bits = Double(test.steps * weights) * growth
    try HypergradientLaws.require(
      cost.reversalBits > 0 && Swift.abs(Double(cost.reversalBits) - bits) <= Double(64 * weights),
      "\(test): \(cost.reversalBits) bits, \(bits) by the growth of the buffer")
    // Again: nothing is left over in the programs and buffers.
    let again = try test.hypergradient(by: .reversible)
    try HypergradientLaws.requireSame(again.gradient, answer.gradient, "\(test): again")
    try HypergradientLaws.requireSame(again.state, answer.state, "\(test): again, the state")
  }
}

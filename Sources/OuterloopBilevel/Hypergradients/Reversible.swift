internal import OuterloopNumerics

/// Reversible learning with exact bits (Maclaurin, Duvenaud and Adams 2015; their `exact_rep.py`):
/// reverse mode whose trajectory is not stored but computed backwards, from the last state and the
/// bits that its decays lost. Heavy ball runs in fixed point, Int64 with radix 2^52, |w| < 2^11:
///
///     v <- b v - (1 - b) g;  w <- w + alpha v       alpha = eta / (1 - b), b = mu, v = -(1 - b) m
///
/// with the updated v in the second place (the paper's Alg. 1, line 6, prints the old one), and
/// with b v exact in integers (`RationalDecay`): b is a ratio n / d of whole numbers, or a product of
/// two, that is the momentum asked for to 1e-9 of itself, and mostly to its last digit.
/// Back through it, with (a_w, a_m) the adjoints of heavy ball's own (w, m):
///
///     m_t = -v / (1 - b);  w -= alpha v;  g = grad L(w);  v = (v + (1 - b) g) / b
///     u = a_m - eta a_w;  d_eta -= a_w . m_t;  d_mu += u . m_{t-1}
///     (Hu, Nu) = K(w, lambda; u, 0);  g_lambda += N u;  a_w += H u;  a_m = (n / d) u
///
/// This is the paper's recursion in the gauge of (w, m); its d_alpha, d_b are d_eta, d_mu by the
/// chain rule. Where we differ: 1 - b is that of the first step throughout, so that a momentum that
/// changes by step is heavy ball's and not another optimizer's, and at least one over the number of
/// steps; ratios that meet the momentum instead of n / 2^16, which is 2e-5 off; limbs of 64 bits
/// instead of big integers.
///
/// The result is that of reverse mode on the fixed-point run, bit for bit, and that of `.reverse` up
/// to rounding: a decay fills the lowest digits of v with bits of the buffer, so that v has an error
/// of n 2^-52 a step, 2e-15 at b = .9 and at most 2^-36, 1.5e-11. That training came back to its first
/// state in every bit is checked, and it is an error if it did not.
///
/// Time: T gradients forward; T gradients, T products and the integers back: a gradient a step more
/// than `Reverse`, and about 10 ns for the integers of a weight and step, there and back. On a
/// 784-300-10 network with batches of 128, about twice the time of `Reverse`, which there keeps a
/// product that is computed three times here.
/// Memory: 24 bytes a weight, eight tensors of the model's type for each weight tensor, and
/// log2(d / n) bits for each weight and step (`InformationBuffer`); no trajectory.
struct Reversible: IndependentMethod {
  var description: String { "reversible" }

  private static let remedy = "use Optimizer.momentum, or reverse(memory:)"

  func refuse(_ problem: CompiledProblem, steps: Int) throws {
    _ = try problem.requireHeavyBall(self, remedy: Self.remedy)
  }

  func run(_ run: Run) throws -> EstimatorResult {
    let ball = try run.problem.requireHeavyBall(self, remedy: Self.remedy)
    let training = try ReversibleTraining(run, ball, for: self)
    for t in 1...run.steps { try training.advance(t) }
    training.finish()
    return try goBack(run, training)
  }

  /// The hypergradient from the end of training, which is computed back to its start.
  func goBack(_ run: Run, _ training: ReversibleTraining) throws -> EstimatorResult {
    let loss = try run.outer()
    run.finalCopy = run.finalState()
    for t in stride(from: run.steps, through: 1, by: -1) {
      try training.retreat(t)
      try training.adjointStep(t)
    }
    try training.requireStart()
    try run.finishReverse()
    return try run.result(loss: loss, programs: training.programs + [run.problem.outerProgram()])
  }

  var needsSecondDerivatives: Bool { true }

  var properties: EstimatorProperties {
    .init(.exact, products: .everyStep, memory: .constant, exact: .always)
  }
}

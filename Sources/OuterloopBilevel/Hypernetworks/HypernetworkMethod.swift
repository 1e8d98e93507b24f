internal import OuterloopNumerics

/// Learned best responses (Self-Tuning Networks: MacKay et al. 2019, Alg. 1; Lorraine and Duvenaud
/// 2018): instead of differentiating training, train weights that are a function of lambda,
///
///     training:  min over phi of     mean_e L(w_phi(lambda + e), lambda + e),   e ~ N(0, s^2)
///     lambda:    min over lambda of  E(w_phi(lambda), lambda)
///     s:         min over s of       mean_e E(w_phi(lambda + e), lambda + e) - tau entropy(s)
///
/// in turns, two training steps to one of the others unless the schedule specifies otherwise
/// (`.online(every:)`). Then dE/dlambda is taken through w_phi alone. With `Entropy(N(0, s^2)) =
/// sum log s + const`.
///
/// Lambda moves along the gradient at lambda itself, as in Lorraine and Duvenaud (2018, Alg. 3);
/// MacKay et al. take that of the mean over e, which is the hypergradient of a blurred E and is off
/// by O(s^2) wherever E(w_phi(lambda)) has a third derivative.
///
/// The response is `w_phi(l) = b + (h(l) - h(lambda)) A` with h the identity (linear) or a perceptron,
/// so that b is the model at the present lambda; when lambda moves, b moves along the response and
/// w_phi stays the same function. This centring is that of Bae and Grosse (2020): it is the class
/// `l A + b` of the paper, better conditioned. Where the paper has a response of low rank built into
/// layers (`SelfTuningDense`), this one is full and needs no change to the model; its price is memory.
///
/// Exact where the best response is linear (L quadratic in w and lambda together), whatever E is: A
/// goes to -H^-1 N^T and the gradient to that of implicit differentiation. Elsewhere w_phi is a fit to
/// the response over the width s, off by O(s^2); `verify(.hypernetwork(), at:, against:
/// .implicit(.dense))` shows how far.
///
/// Optimizer hyperparameters and initial weights do not move the minimum of L, and are refused.
///
/// Time: a training step costs `samples` gradients and the update of H + 1 weight-sized states (H =
/// Q, or the last hidden layer); an update of lambda two outer gradients, and `samples` more for s.
/// Memory: 2 (H + 1) states, whatever T.
struct HypernetworkMethod: HypergradientMethod {
  let settings: HypernetworkSettings

  var description: String {
    settings.hidden.isEmpty ? "hypernetwork" : "hypernetwork \(settings.hidden)"
  }

  var schedule: TrainingSchedule { .online(every: 2, trainings: 1) }

  /// The loss is differentiated with respect to the weights of the response alone.
  var needsSecondDerivatives: Bool { false }

  var properties: EstimatorProperties {
    .init(
      .concurrent, products: .none, memory: .perHyperparameter,
      exact: .solution("many steps, and a best response that is linear"))
  }

  func refuse(_ problem: CompiledProblem, steps: Int) throws {
    if let (reason, remedy) = settings.problem { throw refused(reason, remedy) }
    let objective = try problem.requireObjective(self)
    guard !problem.initialUses.contains(true) else {
      throw refused(
        "the initial state depends on \(problem.initialNames), which does not move the minimum "
          + "that the response is trained to", "use reverse or forward")
    }
    let rates = try zip(problem.updateUses(objective), problem.hyperNames).filter(\.0).map(\.1)
    guard rates.isEmpty else {
      throw refused(
        "the optimizer reads \(rates.joined(separator: ", ")): its numbers do not move the minimum "
          + "that the response is trained to", "use reverse, forward or realTime")
    }
    let states = (settings.hidden.last ?? problem.hyperCount) + 1
    // In double precision, where nothing overflows. Hidden layers have two moments, and all are
    // kept twice.
    let layers = [problem.hyperCount] + settings.hidden
    let trunk = zip(layers, settings.hidden).reduce(0) { $0 + Double($1.0 + 1) * Double($1.1) }
    let bytes = 2 * Double(states) * Double(problem.stateBytes) + 6 * 8 * trunk
    guard bytes <= Double(Forward.memoryLimit) else {
      throw refused(
        "a response of \(problem.hyperCount) hyperparameters needs 2 x \(states) states of "
          + "\(problem.stateBytes) bytes"
          + (trunk > 0 ? " and \(trunk) weights of hidden layers" : "")
          + ", more than the limit of \(Forward.memoryLimit) bytes",
        "use a hidden layer of few units, layers such as SelfTuningDense, or reverse")
    }
  }

  func run(_ run: Run) throws -> EstimatorResult {
    try HypernetworkSession(run.problem, settings, of: self).hypergradient(run)
  }

  func session(_ problem: CompiledProblem) throws -> any HypergradientSession {
    try HypernetworkSession(problem, settings, of: self)
  }
}

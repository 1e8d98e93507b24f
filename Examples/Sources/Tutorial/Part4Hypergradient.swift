import Outerloop

/// The derivative of the outer loss through training, by reverse mode.
///
/// A training step is s_t = Phi(s_{t-1}, l). With A = dPhi/ds and B = dPhi/dl at s_{t-1} and the
/// adjoint a_t = dE/ds_t,
///
///     a_T = dE/ds_T;   for t = T...1:   g += a_t B;   a_{t-1} = a_t A
struct Hypergradient {
  private let step: Program
  private let adjointStep: Program
  private let outer: Program

  init() {
    step = Program(Traced(inputs: 5) { Ridge.step(Array($0[..<4]), $0[4]) })
    // a A and a B are the gradient of a . Phi(s, l): one reverse sweep gives both.
    adjointStep = Program(
      Traced(inputs: 9) { x in
        let (state, l, adjoint) = (Array(x[..<4]), x[4], Array(x[5...]))
        let terms = zip(adjoint, Ridge.step(state, l)).map { $0 * $1 }
        return gradient(of: terms.dropFirst().reduce(terms[0], +), by: state + [l])
      })
    outer = Program(
      Traced(inputs: 4) { state in
        let loss = Ridge.outer(Array(state[..<2]))
        return [loss] + gradient(of: loss, by: state)
      })
  }

  /// E(w_T(l)) and its derivative by l. Time: T steps and T adjoint steps. Memory: T states.
  func callAsFunction(at l: Double) -> (loss: Double, gradient: Double) {
    var states = [[0.0, 0, 0, 0]]
    for t in 1...Ridge.steps { states.append(step.run(states[t - 1] + [l])) }
    let end = outer.run(states[Ridge.steps])
    var (adjoint, sum) = (Array(end[1...]), 0.0)
    for t in stride(from: Ridge.steps, through: 1, by: -1) {
      let moved = adjointStep.run(states[t - 1] + [l] + adjoint)
      sum += moved[4]
      adjoint = Array(moved[..<4])
    }
    return (end[0], sum)
  }
}

func hypergradient() throws {
  let (loss, gradient) = Hypergradient()(at: -3)
  let theirs = try Ridge.problem().hypergradient(at: Tensor(-3, dtype: .float64), by: .reverse)
  check("hypergradient: outer loss", [loss], [theirs.loss])
  check("hypergradient: its derivative", [gradient], try theirs.gradient.doubles())
}

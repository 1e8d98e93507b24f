import Outerloop

/// Any pure step function: here an Euler step of an oscillator, whose friction is to be found.
func customStep() throws {
  let problem = BilevelProblem(
    dynamics: InnerDynamics<[Tensor], Tensor, NoTensors>(
      steps: 50, batches: .full, initial: { _ in [Tensor(1), Tensor(0)] },
      step: { state, friction, _, _ in
        let (x, v) = (state[0], state[1])
        return [x + 0.1 * v, v - 0.1 * (x + friction * v)]
      }),
    outer: { state, _ in state[0].square() + state[1].square() })
  let found = try problem.minimize(
    from: Tensor(0.1), updates: 40, with: OuterLoop(.adam(rate: 0.1), constraints: [.nonNegative]))
  print("friction", found.hyper)
}

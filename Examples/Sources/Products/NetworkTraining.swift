import Outerloop

/// A network trained by hand: layers are structures of tensors, an optimizer is a pure function from a
/// state and a gradient to the next state.
func trainedLoss(steps: Int) throws -> (first: Double, last: Double) {
  let keys = RandomKey(seed: 1).split(2)
  let x = keys[0].normal([64, 3])
  let y = x.square().sum(axes: [1], keeping: true)
  let optimizer = Optimizer.adam(rate: 0.03)
  var state = optimizer.initialState(MultilayerPerceptron([3, 16, 1], key: keys[1]))
  var losses: [Double] = []
  for step in 0..<steps {
    let (loss, gradient) = try valueAndGradient(at: state.weights) { network in
      Loss.squaredError(network(x), y)
    }
    losses.append(try loss.item())
    state = optimizer.update(state, gradient: gradient, time: Time(step: step))
  }
  return (losses[0], losses[steps - 1])
}

internal import OuterloopAutodiff
internal import OuterloopLearning
internal import OuterloopNumerics

/// A loss and heavy ball, `m' = mu m + g; w' = w - eta m'`, for methods that do not run the
/// compiled step but need the optimizer's numbers, and its adjoint at buffers that they know by
/// themselves.
struct CompiledHeavyBall {
  let objective: CompiledObjective
  fileprivate let optimizer: ([Tensor], Time) throws -> Optimizer
}

extension CompiledProblem {
  /// Heavy ball, or why `method` cannot do without.
  func requireHeavyBall(
    _ method: some HypergradientMethod, remedy: String
  ) throws -> CompiledHeavyBall {
    let objective = try requireObjective(method)
    guard let optimizer = objective.optimizer else {
      throw method.refused("its update is not one of the package's optimizers", remedy)
    }
    let ball = CompiledHeavyBall(objective: objective, optimizer: optimizer)
    // What the optimizer is comes out when it is made.
    _ = try Graph(tracing: timeTypes + hyperTypes) { x in
      let made = try optimizer(Array(x[2...]), Time(index: x[0], number: x[1]))
      guard let numbers = made.heavyBall else {
        throw method.refused(
          "it needs heavy ball, `Optimizer.momentum`, and the optimizer is \(made.name)", remedy)
      }
      for (index, type) in weightTypes.enumerated() {
        let momentum = numbers.momentum.value(index, type.dtype)
        if let error = momentum.error { throw error }
        guard momentum.count == 1 else {
          throw method.refused(
            "the momentum of \(stateNames[index]) is \(momentum.type): "
              + "it needs one number for a weight tensor",
            remedy)
        }
      }
      return []
    }
    guard stateTypes == weightTypes + weightTypes else {
      throw method.refused("the state is more than weights and their momenta", remedy)
    }
    return ball
  }

  private var timeTypes: [TensorType] { [TensorType([1], .int32), TensorType([], .float64)] }

  /// (s, batch, time, lambda) -> eta, mu, in float64: for each weight tensor a scalar rate, or one
  /// of the tensor's shape where the user gives a rate for each weight; then scalar momenta.
  func heavyBallNumbersStage(_ ball: CompiledHeavyBall) throws -> Stage {
    try stage("heavyBallNumbers") {
      let graph = try Graph(tracing: stepInputs) { x in
        let a = arguments(x)
        let (rates, _) = try numbers(ball, a.hyper, a.time)
        // A literal such as 0.9 in all its digits, whatever the type of the weights.
        let (_, momenta) = try numbers(ball, a.hyper, a.time, in: .float64)
        return zip(rates, weightTypes).map { rate, type in
          rate.cast(to: .float64).broadcast(to: rate.count == 1 ? [] : type.shape)
        } + momenta.map { $0.cast(to: .float64).reshaped([]) }
      }
      // A rate is one number, or one for each weight.
      return try Stage(graph, invariant: stepInvariants, gives: nil)
    }
  }

  /// One adjoint step of heavy ball at momenta and decays that are given:
  ///
  ///     u = a_m - eta a_w
  ///     g += N u + d/dlambda [ sum of -eta a_w . m_t + mu u . m_{t-1} ]
  ///     a_w += H u;  a_m = mu_effective u
  ///
  /// (s_{t-1}, batch, time, lambda, m_t, mu_effective, a, g) -> (a A_t, g + a B_t), with the
  /// adjoint and the hypergradient updated in place.
  func heavyBallAdjointStage(_ ball: CompiledHeavyBall) throws -> Stage {
    try stage("heavyBallAdjoint") {
      let count = weightTypes.count
      let decayTypes = weightTypes.map { _ in TensorType([], .float64) }
      let inputs = stepInputs + weightTypes + decayTypes
      let graph = try Graph(tracing: inputs + stateTypes + hyperTypes) { x in
        let a = arguments(x)
        let weights = Array(a.state[..<count])
        let before = a.state[count...]
        let after = a.rest[..<count]
        let decays = a.rest[count..<(2 * count)]
        let weightAdjoint = Array(a.rest[(2 * count)..<(3 * count)])
        let momentumAdjoint = a.rest[(3 * count)..<(4 * count)]
        let sum = a.rest[(4 * count)...]
        let (rates, _) = try numbers(ball, a.hyper, a.time)
        let u = zip(momentumAdjoint, zip(rates, weightAdjoint)).map { $0 - $1.0 * $1.1 }
        let product = try jointProduct(at: weights, a.hyper, along: u) {
          try ball.objective.loss($0, $1, a.batch)
        }
        let byRates = zip(weightAdjoint, after).map { $0 * $1 }
        let byMomenta = zip(u, before).map { ($0 * $1).sum() }
        let back = try gradient(at: a.hyper) { hyper in
          let (rates, momenta) = try numbers(ball, hyper, a.time)
          return zip(zip(rates, byRates), zip(momenta, byMomenta)).map { rate, momentum in
            (momentum.0 * momentum.1 - (rate.0 * rate.1).sum()).cast(to: .float64).reshaped([])
          }.reduce(Tensor(0, dtype: .float64), +)
        }
        return zip(weightAdjoint, product.weightProduct).map { $0 + $1 }
          + zip(decays, u).map { $0.cast(to: $1.dtype) * $1 }
          + zip(sum, zip(product.hyperProduct, back)).map { $0 + ($1.0 + $1.1) }
      }
      let donated = (0..<(stateTypes.count + hyperTypes.count)).map { ($0, inputs.count + $0) }
      return try Stage(
        graph, invariant: stepInvariants, gives: stateTypes + hyperTypes,
        donated: Dictionary(uniqueKeysWithValues: donated))
    }
  }

  /// Rates and momenta, one for each weight tensor; literals in the element type given, or in that of
  /// the tensor.
  private func numbers(
    _ ball: CompiledHeavyBall, _ hyper: [Tensor], _ time: Time, in dtype: DType? = nil
  ) throws -> (rates: [Tensor], momenta: [Tensor]) {
    guard let numbers = try ball.optimizer(hyper, time).heavyBall else {
      throw BilevelError.invalid(
        "the optimizer was heavy ball and is another rule now: its closure must make the same rule "
          + "whenever it is called")
    }
    let pairs = weightTypes.enumerated().map { index, type in
      (
        numbers.rate.value(index, dtype ?? type.dtype),
        numbers.momentum.value(index, dtype ?? type.dtype)
      )
    }
    return (pairs.map(\.0), pairs.map(\.1))
  }
}

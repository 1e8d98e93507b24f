internal import OuterloopAutodiff
internal import OuterloopLearning
internal import OuterloopNumerics

/// A loss and heavy ball, `m' = mu m + g; w' = w - eta m'`, for methods that do not run the
/// compiled step but need the optimizer's hyperparameters, and its adjoint at buffers that they
/// compute themselves.
struct CompiledHeavyBall {
  let objective: CompiledObjective
  fileprivate let optimizer: ([Tensor], Time) throws -> Optimizer
}

extension CompiledProblem {
  /// Heavy ball, or an error that says why `method` needs it.
  func requireHeavyBall(
    _ method: some HypergradientMethod, remedy: String
  ) throws -> CompiledHeavyBall {
    let objective = try requireObjective(method)
    guard let optimizer = objective.optimizer else {
      throw method.refused("its update is not one of the package's optimizers", remedy)
    }
    let ball = CompiledHeavyBall(objective: objective, optimizer: optimizer)
    // The kind of optimizer is known only once it is created.
    _ = try trace(reads: [.time, .hyper], writes: []) { x in
      let made = try optimizer(x[.hyper], x.time)
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
      return [:]
    }
    guard stateTypes == weightTypes + weightTypes else {
      throw method.refused("the state is more than weights and their momenta", remedy)
    }
    return ball
  }
}

extension Slot {
  /// eta and mu, for each weight tensor.
  fileprivate static let rates = Slot("rates", .listed)
  fileprivate static let momenta = Slot("momenta", .listed)
  /// m_{t-1} and m_t, and the decay that the one had on the way to the other.
  fileprivate static let momentaBefore = Slot("momentaBefore", .weights)
  fileprivate static let momentaAfter = Slot("momentaAfter", .weights)
  fileprivate static let decays = Slot("decays", .listed)
}

extension CompiledProblem {
  /// (time, lambda) -> eta, mu, in float64: for each weight tensor a scalar rate, or one
  /// of the tensor's shape where the user gives a rate for each weight; then scalar momenta.
  fileprivate func heavyBallRatesProgram(_ ball: CompiledHeavyBall) throws -> BoundProgram {
    try program(
      "heavyBallNumbers", reads: [.time, .hyper], writes: [.rates, .momenta], invariant: [.hyper]
    ) { x in
      let (rates, _) = try numbers(ball, x[.hyper], x.time)
      // A literal such as 0.9 in full precision, whatever the type of the weights.
      let (_, momenta) = try numbers(ball, x[.hyper], x.time, in: .float64)
      return [
        .rates: zip(rates, weightTypes).map { rate, type in
          rate.cast(to: .float64).broadcast(to: rate.count == 1 ? [] : type.shape)
        },
        .momenta: momenta.map { $0.cast(to: .float64).reshaped([]) },
      ]
    }
  }

  /// One adjoint step of heavy ball at momenta and decays that are given:
  ///
  ///     u = a_m - eta a_w
  ///     g += N u + d/dlambda [ sum of -eta a_w . m_t + mu u . m_{t-1} ]
  ///     a_w += H u;  a_m = mu_effective u
  ///
  /// (w_{t-1}, m_{t-1}, batch, time, lambda, m_t, mu_effective, a, g) -> (a A_t, g + a B_t), with the
  /// adjoint and the hypergradient updated in place.
  fileprivate func heavyBallAdjointProgram(_ ball: CompiledHeavyBall) throws -> BoundProgram {
    let count = weightTypes.count
    return try program(
      "heavyBallAdjoint",
      reads: [
        .weights, .momentaBefore, .batch, .time, .hyper, .momentaAfter, .decays, .adjoint, .sum,
      ],
      writes: [.adjoint, .sum],
      types: [.decays: weightTypes.map { _ in TensorType([], .float64) }], invariant: [.hyper]
    ) { x in
      let weightAdjoint = Array(x[.adjoint][..<count])
      let momentumAdjoint = x[.adjoint][count...]
      let (rates, _) = try numbers(ball, x[.hyper], x.time)
      let u = zip(momentumAdjoint, zip(rates, weightAdjoint)).map { $0 - $1.0 * $1.1 }
      let product = try jointProduct(at: x[.weights], x[.hyper], along: u) {
        try ball.objective.loss($0, $1, x[.batch])
      }
      let byRates = zip(weightAdjoint, x[.momentaAfter]).map { $0 * $1 }
      let byMomenta = zip(u, x[.momentaBefore]).map { ($0 * $1).sum() }
      let back = try gradient(at: x[.hyper]) { hyper in
        let (rates, momenta) = try numbers(ball, hyper, x.time)
        return zip(zip(rates, byRates), zip(momenta, byMomenta)).map { rate, momentum in
          (momentum.0 * momentum.1 - (rate.0 * rate.1).sum()).cast(to: .float64).reshaped([])
        }.reduce(Tensor(0, dtype: .float64), +)
      }
      return [
        .adjoint: zip(weightAdjoint, product.weightProduct).map { $0 + $1 }
          + zip(x[.decays], u).map { $0.cast(to: $1.dtype) * $1 },
        .sum: zip(x[.sum], zip(product.hyperProduct, back)).map { $0 + ($1.0 + $1.1) },
      ]
    }
  }

  /// Rates and momenta, one for each weight tensor; literals in the element type given, or in that of
  /// the tensor.
  private func numbers(
    _ ball: CompiledHeavyBall, _ hyper: [Tensor], _ time: Time, in dtype: DType? = nil
  ) throws -> (rates: [Tensor], momenta: [Tensor]) {
    guard let numbers = try ball.optimizer(hyper, time).heavyBall else {
      throw BilevelError.invalid(
        "the optimizer was heavy ball and is another rule now",
        remedy: "its closure must make the same rule whenever it is called")
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

/// Operations of a run under heavy ball that its compiled step does not offer: the optimizer's
/// hyperparameters in a step, gradients, and adjoint steps at given momenta.
final class HeavyBallSteps {
  private let run: Run
  private let numbers, loss, adjoint: BoundProgram
  private let rates, momenta, decays: TensorBuffers

  var programs: [BoundProgram] { [loss, adjoint, numbers] }

  init(_ run: Run, _ ball: CompiledHeavyBall) throws {
    self.run = run
    let problem = run.problem
    numbers = try problem.heavyBallRatesProgram(ball)
    loss = try problem.lossProgram(ball.objective)
    adjoint = try problem.heavyBallAdjointProgram(ball)
    rates = TensorBuffers(numbers.types(of: .rates))
    momenta = TensorBuffers(numbers.types(of: .momenta))
    decays = TensorBuffers(adjoint.types(of: .decays))
  }

  /// Computes the hyperparameters of step t, which `rate` and `momentum` then return.
  func evaluateRates(_ t: Int) throws {
    numbers.bind(.rates, to: rates)
    numbers.bind(.momenta, to: momenta)
    run.bind(numbers, step: t)
    try numbers.run()
  }

  /// eta of a weight tensor: one number, or one for each weight.
  func rate(_ tensor: Int) -> UnsafeMutableBufferPointer<Double> {
    UnsafeMutableBufferPointer(
      start: rates[tensor].assumingMemoryBound(to: Double.self), count: rates.type(tensor).count)
  }

  func momentum(_ tensor: Int) -> Double { momenta[tensor].load(as: Double.self) }

  /// grad_w L at weights, on the batch of step t. The same weights give the same bits.
  func gradient(_ t: Int, at weights: TensorBuffers, to target: TensorBuffers) throws {
    run.bind(loss, step: t)
    loss.bind(.weights, to: weights)
    loss.bind(.loss, to: run.problem.lossNumber)
    loss.bind(.gradient, to: target)
    try loss.run()
  }

  /// g += a B_t, then a = a A_t, at w_{t-1} with m_{t-1}, m_t and the decays of the momenta.
  func adjointStep(
    _ t: Int, at weights: TensorBuffers, momenta before: TensorBuffers, _ after: TensorBuffers,
    decays values: [Double]
  ) throws {
    for (tensor, value) in values.enumerated() {
      decays[tensor].storeBytes(of: value, as: Double.self)
    }
    run.bind(adjoint, step: t)
    adjoint.bind(.weights, to: weights)
    adjoint.bind(.momentaBefore, to: before)
    adjoint.bind(.momentaAfter, to: after)
    adjoint.bind(.decays, to: decays)
    adjoint.bind(.adjoint, to: run.adjoint)
    adjoint.bind(.sum, to: run.sum)
    try adjoint.run()
    run.cost.products += 1
  }
}

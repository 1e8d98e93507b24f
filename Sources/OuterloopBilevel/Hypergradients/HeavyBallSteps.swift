internal import OuterloopAutodiff
internal import OuterloopNumerics

/// The moves of a run under heavy ball that its compiled step does not offer: the optimizer's
/// numbers of a step, gradients, and adjoint steps at given momenta.
final class HeavyBallSteps {
  private let run: Run
  private let numbersStage, lossStage, adjointStage: Stage
  private let rateCounts: [Int]
  private let rates: [Storage]
  private let momenta: [Storage]
  private let decays: [Storage]
  private let loss = Storage(byteCount: 8)

  var weightCount: Int { run.problem.weightTypes.count }
  var stages: [Stage] { [lossStage, adjointStage, numbersStage] }

  init(_ run: Run, _ ball: CompiledHeavyBall) throws {
    self.run = run
    let problem = run.problem
    numbersStage = try problem.heavyBallNumbersStage(ball)
    lossStage = try problem.lossStage(ball.objective)
    adjointStage = try problem.heavyBallAdjointStage(ball)
    let weights = problem.weightTypes
    rateCounts = numbersStage.main.program.outputTypes.prefix(weights.count).map(\.count)
    rates = rateCounts.map { Storage(byteCount: 8 * $0) }
    momenta = weights.map { _ in Storage(byteCount: 8) }
    decays = weights.map { _ in Storage(byteCount: 8) }

    run.bindHyper(numbersStage)
    numbersStage.bind(outputs: 0, to: (rates + momenta).map(\.pointer))
    try numbersStage.prepare()
    lossStage.bind(
      inputs: weights.count + problem.batchTypes.count, to: run.hyper.map(\.memory))
    lossStage.bind(outputs: 0, to: [loss.pointer])
    try lossStage.prepare()
    run.bindHyper(adjointStage)
    try adjointStage.prepare()
  }

  /// Computes the numbers of step t, which `rate` and `momentum` then are.
  func evaluateNumbers(_ t: Int) throws {
    run.bind(numbersStage, step: t)
    try numbersStage.run()
  }

  /// eta of a weight tensor: one number, or one for each weight.
  func rate(_ tensor: Int) -> UnsafeMutableBufferPointer<Double> {
    UnsafeMutableBufferPointer(
      start: rates[tensor].pointer.assumingMemoryBound(to: Double.self), count: rateCounts[tensor])
  }

  func momentum(_ tensor: Int) -> Double { momenta[tensor].pointer.load(as: Double.self) }

  /// grad_w L at weights, on the batch of step t. The same weights give the same bits.
  func gradient(_ t: Int, at weights: Run.Pointers, to target: Run.Pointers) throws {
    for (index, pointer) in weights.enumerated() { lossStage.bind(varying: index, to: pointer) }
    run.bindBatch(lossStage, first: weightCount, step: t)
    lossStage.bind(outputs: 1, to: target)
    try lossStage.run()
  }

  /// g += a B_t, then a = a A_t, at w_{t-1} with m_{t-1}, m_t and the decays of the momenta.
  func adjointStep(
    _ t: Int, at state: Run.Pointers, momentaAfter: Run.Pointers, decays values: [Double]
  ) throws {
    for (storage, value) in zip(decays, values) {
      storage.pointer.storeBytes(of: value, as: Double.self)
    }
    let stage = adjointStage
    run.bind(stage, step: t)
    for (index, pointer) in state.enumerated() { stage.bind(varying: index, to: pointer) }
    let first = run.problem.stepInputs.count
    let rest = momentaAfter + decays.map(\.pointer) + run.adjoint + run.sum
    for (index, pointer) in rest.enumerated() { stage.bind(varying: first + index, to: pointer) }
    stage.bind(outputs: 0, to: run.adjoint + run.sum)
    try stage.run()
    run.cost.products += 1
  }
}

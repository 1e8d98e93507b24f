internal import OuterloopNumerics

/// Reverse mode on an approximate trajectory: DrMAD (Fu et al. 2016) and its piecewise form. With
/// knots `0 = k_0 < ... < k_M = T`, the state at which an adjoint step is taken is on a line,
///
///     s_{t-1} ~ (1 - f) s_{k_j} + f s_{k_{j+1}},      k_j <= t - 1 < k_{j+1}
///     f = (t - 1 - k_j) / (k_{j+1} - k_j)
///
/// and everything else is `Reverse`: all T steps, each on the batch that it was trained on. M = 1
/// is DrMAD; M = T is reverse mode, bit by bit. Exact for any M where A_t and B_t do not depend on
/// the state; otherwise the error falls as the lines follow the path, and hyperparameters that
/// multiply a gradient (rates) are the sensitive ones.
///
/// Buffers. `.interpolated`: the whole state is on the line, so that every optimizer has buffers
/// and they are exact at knots; Adam's and RMSProp's second moments stay positive. `.slope`, the
/// published form for heavy ball, keeps weights only and takes the velocity from them,
///
///     m_t = (w_{k_j} - w_{k_{j+1}}) / (sum of eta over the segment),  k_j < t <= k_{j+1}
///
/// (eta Delta k for a constant rate), and m_0 as it is, so that the momenta of a segment add up to
/// the movement that there was. For the rate's hypergradient with one or two knots that can decide:
/// momenta on a line from 0 to the last one miss most of the movement, and on the regressions of
/// the tests are off by half where the slope is off by hundredths. It is no rule: on their LSTM the
/// slope is the worse. For hyperparameters of the loss the two agree. Second moments of RMSProp on
/// one line from 0 are too small for most of the way; take several knots.
///
/// Knots at equal numbers of steps are the usual choice: late steps weigh most in the
/// hypergradient. Equal lengths pay where training settles or turns within a few steps and goes on
/// evenly.
///
/// The original program runs a tenth of the steps backwards, on the first tenth of the batches, and
/// moves by signs; that is not followed.
///
/// Time: T steps and T products; knots by arc length take the T steps twice. Memory: M + 4 states;
/// two more and 8 T bytes for arc lengths. In `.slope` the states at knots are weights only.
struct DrMAD: HypergradientMethod {
  let knots: Knots
  let velocity: KnotVelocity

  var description: String {
    velocity == .interpolated ? "drmad(\(knots))" : "drmad(\(knots), velocity: \(velocity))"
  }

  func refuse(_ problem: CompiledProblem, steps: Int) throws {
    guard knots.count >= 1 else {
      throw refused("\(knots.count) segments were asked for", "use 1...\(steps), or firstOrder")
    }
    if velocity == .slope { _ = try heavyBall(problem) }
  }

  private func heavyBall(_ problem: CompiledProblem) throws -> CompiledHeavyBall {
    try problem.requireHeavyBall(self, remedy: "use the velocity .interpolated, or reverse")
  }

  func run(_ run: Run) throws -> EstimatorResult {
    let path = try KnottedPath(
      run, at: try places(run), keepsBuffers: velocity == .interpolated)
    let (loss, _, _) = try run.outer()
    run.countAdjoint()
    var stages = [try run.problem.stepStage(), try run.problem.outerStage()]
    switch velocity {
    case .interpolated:
      try run.beginReverse()
      for t in stride(from: run.steps, through: 1, by: -1) {
        try run.adjointStep(t, at: path.state(t - 1))
      }
      stages.append(try run.problem.adjointStage())
    case .slope:
      let steps = try HeavyBallSteps(run, try heavyBall(run.problem))
      let slopes = try PathSlopes(run, path, steps, for: self)
      for t in stride(from: run.steps, through: 1, by: -1) { try slopes.adjointStep(t) }
      stages += steps.stages
    }
    try run.finishReverse()
    return try run.result(loss: loss, stages: stages)
  }

  /// The knots, by a training of their own if they depend on the path.
  private func places(_ run: Run) throws -> [Int] {
    guard case .arcLength(let count) = knots else {
      return Knots.uniform(knots.count, steps: run.steps)
    }
    let types = run.problem.weightTypes.isEmpty ? run.problem.stateTypes : run.problem.weightTypes
    let memory = run.states(2)
    try run.begin(at: memory.pointers(0))
    var lengths = [0.0]
    for t in 1...run.steps {
      try run.step(t, in: memory, from: (t - 1) % 2, to: t % 2)
      let squared = Segment.squaredLength(
        from: memory.pointers((t - 1) % 2), to: memory.pointers(t % 2), types)
      lengths.append(lengths[t - 1] + squared.squareRoot())
    }
    run.cost.recomputedSteps += run.steps
    run.cost.stateBytes += 8 * lengths.count
    return Knots.equalArcs(count, lengths: lengths)
  }

  func session(_ problem: CompiledProblem) -> any HypergradientSession {
    IndependentUpdates(method: self)
  }

  var schedule: TrainingSchedule { .restarted }

  var needsSecondDerivatives: Bool { true }
}

internal import OuterloopNumerics

/// Reverse mode on an approximate trajectory: DrMAD (Fu et al. 2016) and its piecewise form. With
/// knots `0 = k_0 < ... < k_M = T`, the state at which an adjoint step is taken is on a line,
///
///     s_{t-1} ~ (1 - f) s_{k_j} + f s_{k_{j+1}},      k_j <= t - 1 < k_{j+1}
///     f = (t - 1 - k_j) / (k_{j+1} - k_j)
///
/// and everything else is `Reverse`: all T steps, each on the batch that it was trained on. M = 1
/// is DrMAD; M = T is reverse mode, bit for bit. Exact for any M where A_t and B_t do not depend on
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
/// the movement that there was. For the learning rate's hypergradient with one or two knots that
/// can be decisive: momenta on a line from 0 to the last one miss most of the movement, and on the
/// regressions of the tests are off by half where the slope is off by hundredths. This is not a
/// rule: on their LSTM the slope is worse. For hyperparameters of the loss the two agree. Second
/// moments of RMSProp on one line from 0 are too small for most of the way; take several knots.
///
/// Knots at equal numbers of steps are the usual choice: late steps weigh most in the
/// hypergradient. Equal arc lengths pay off where training settles or turns within a few steps and
/// then moves evenly.
///
/// The original program runs a tenth of the steps backwards, on the first tenth of the batches, and
/// moves by signs; that is not followed.
///
/// Time: T steps and T products; knots by arc length take the T steps twice. Memory: M + 4 states;
/// two more and 8 T bytes for arc lengths. In `.slope` the states at knots are weights only.
struct DrMAD: IndependentMethod {
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
    let loss = try run.outer()
    run.countAdjoint()
    var programs = [try run.problem.stepProgram(), try run.problem.outerProgram()]
    switch velocity {
    case .interpolated:
      for t in stride(from: run.steps, through: 1, by: -1) {
        try run.adjointStep(t, at: path.state(t - 1))
      }
      programs.append(try run.problem.adjointProgram())
    case .slope:
      let steps = try HeavyBallSteps(run, try heavyBall(run.problem))
      let slopes = try PathSlopes(run, path, steps, for: self)
      for t in stride(from: run.steps, through: 1, by: -1) { try slopes.adjointStep(t) }
      programs += steps.programs
    }
    try run.finishReverse()
    return try run.result(loss: loss, programs: programs)
  }

  /// The knots, by a training of their own if they depend on the path.
  private func places(_ run: Run) throws -> [Int] {
    guard case .arcLength(let count) = knots else {
      return Knots.uniform(knots.count, steps: run.steps)
    }
    let tensors =
      run.problem.weightTypes.isEmpty
      ? run.problem.stateTypes.count : run.problem.weightTypes.count
    let memory = try run.states(2)
    try run.begin(at: memory[0])
    var lengths = [0.0]
    for t in 1...run.steps {
      try run.step(t, from: memory[t - 1], to: memory[t])
      let squared = memory[t - 1].prefix(tensors).squaredDistance(to: memory[t])
      lengths.append(lengths[t - 1] + squared.squareRoot())
    }
    run.cost.recomputedSteps += run.steps
    run.cost.stateBytes += 8 * lengths.count
    return Knots.equalArcs(count, lengths: lengths)
  }

  var needsSecondDerivatives: Bool { true }

  var properties: EstimatorProperties {
    .init(
      .knottedPath, products: .everyStep, memory: .lastStates,
      exact: .limit("T segments, or derivatives of a step that do not depend on the state"))
  }
}

/// Adjoint steps of heavy ball along a knotted path, with the slope of its segments for the
/// momenta: `m_t = (w_{k_j} - w_{k_{j+1}}) / sum of eta over steps k_j + 1...k_{j+1}` for those t.
final class PathSlopes {
  private let run: Run
  private let method: DrMAD
  private let path: KnottedPath
  private let steps: HeavyBallSteps
  /// The slope of the segment that step t ends in, and of that before it.
  private var after, before: TensorBuffers
  /// The segment of `after`.
  private var segment: Int?

  private var types: [TensorType] { run.problem.weightTypes }

  init(_ run: Run, _ path: KnottedPath, _ steps: HeavyBallSteps, for method: DrMAD) throws {
    self.run = run
    self.method = method
    self.path = path
    self.steps = steps
    after = TensorBuffers(run.problem.weightTypes)
    before = TensorBuffers(run.problem.weightTypes)
    run.cost.stateBytes += 2 * types.byteCount
  }

  /// g += a B_t, then a = a A_t, on the line.
  func adjointStep(_ t: Int) throws {
    let j = path.segment(of: t - 1)
    if segment == nil {
      try computeSlope(j, at: after)
    } else if segment != j {
      swap(&after, &before)
    }
    segment = j
    // m_{t-1} is of the segment that step t - 1 ends in.
    let isFirst = t - 1 == path.knots[j]
    if isFirst {
      if j > 0 {
        try computeSlope(j - 1, at: before)
      } else {
        before.copy(from: path.firstBuffers)
      }
    }
    try steps.evaluateRates(t)
    try steps.adjointStep(
      t, at: path.state(t - 1), momenta: isFirst ? before : after, after,
      decays: types.indices.map { steps.momentum($0) })
  }

  private func computeSlope(_ segment: Int, at target: TensorBuffers) throws {
    var time: [[Double]] = types.indices.map {
      [Double](repeating: 0, count: steps.rate($0).count)
    }
    for t in (path.knots[segment] + 1)...path.knots[segment + 1] {
      try steps.evaluateRates(t)
      for tensor in time.indices {
        for (element, rate) in steps.rate(tensor).enumerated() { time[tensor][element] += rate }
      }
    }
    for (tensor, times) in time.enumerated() where times.contains(0) {
      throw method.refused(
        "the rate of \(run.problem.stateNames[tensor]) is 0 over steps "
          + "\(run.window.first + path.knots[segment] + 1)..."
          + "\(run.window.first + path.knots[segment + 1]), where the path has no slope",
        "use the velocity .interpolated")
    }
    let (first, last) = path.ends(of: segment)
    target.setSlope(from: first, to: last, over: time)
  }
}

internal import OuterloopNumerics

/// A trajectory of which some states are kept, and the others are on the lines between them.
final class KnottedPath {
  private let run: Run
  /// 0 = k_0 < ... < k_M = T
  let knots: [Int]
  private let kept: TensorMemory
  /// Tensors that are on the lines: all of the state, or the weights.
  private let count: Int
  private let between: TensorBuffers
  /// The buffers before the first step, where buffers are not kept.
  let firstBuffers: TensorBuffers
  /// Of the segment that was asked for last: the way back through them is one step at a time.
  private var segment: Int

  /// Trains, keeping the states at knots. Leaves the run's end at the last.
  /// - Parameter keepsBuffers: if not, states on the path have weights only.
  init(_ run: Run, at knots: [Int], keepsBuffers: Bool) throws {
    self.run = run
    self.knots = knots
    let problem = run.problem
    let weights = problem.weightTypes.count
    count = keepsBuffers ? problem.stateTypes.count : weights
    kept = run.states(
      knots.count,
      kept: keepsBuffers ? nil : problem.stateTypes.indices.map { $0 < weights })
    let working = try run.states(2)
    between = working[0].prefix(count)
    segment = knots.count - 2

    var state = kept[0]
    try run.begin(at: state)
    firstBuffers = TensorBuffers(holding: keepsBuffers ? [] : state.dropFirst(weights).tensors)
    var knot = 1
    for t in 1...run.steps {
      let isKnot = t == knots[knot]
      let next = isKnot ? kept[knot] : working[t % 2]
      try run.step(t, from: state, to: next)
      state = next
      if isKnot { knot += 1 }
    }
    run.cost.steps = run.steps
    run.end = state
    run.finalCopy = run.finalState()
  }

  /// s_t for t in 0..<T, exact at knots; its weights, where buffers are not kept. Valid until the
  /// next call.
  func state(_ t: Int) -> TensorBuffers {
    let j = segment(of: t)
    if t == knots[j] { return kept[j].prefix(count) }
    let share = Double(t - knots[j]) / Double(knots[j + 1] - knots[j])
    between.setPoint(share, from: kept[j], to: kept[j + 1])
    return between
  }

  /// j with k_j <= t < k_{j+1}.
  func segment(of t: Int) -> Int {
    if t >= knots[segment + 1] { segment = knots.count - 2 }
    while t < knots[segment] { segment -= 1 }
    return segment
  }

  /// The weights at both ends of a segment.
  func ends(of segment: Int) -> (first: TensorBuffers, last: TensorBuffers) {
    (run.weights(of: kept[segment]), run.weights(of: kept[segment + 1]))
  }
}

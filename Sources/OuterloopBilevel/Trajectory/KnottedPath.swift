internal import OuterloopNumerics

/// A trajectory of which some states are kept, and the others are on the lines between them.
final class KnottedPath {
  private let run: Run
  /// 0 = k_0 < ... < k_M = T
  let knots: [Int]
  private let kept: StateMemory
  /// Of the tensors that are on the lines: all of the state, or the weights.
  private let types: [TensorType]
  private let between: Run.Pointers
  /// The buffers before the first step, where buffers are not kept.
  let firstBuffers: [Tensor]
  /// Of the segment that was asked for last: the way back through them is one step at a time.
  private var segment: Int

  /// Trains, keeping the states at knots. Leaves the run's end at the last.
  /// - Parameter keepsBuffers: if not, states on the path have weights only.
  init(_ run: Run, at knots: [Int], keepsBuffers: Bool) throws {
    self.run = run
    self.knots = knots
    let problem = run.problem
    let weights = problem.weightTypes.count
    types = keepsBuffers ? problem.stateTypes : problem.weightTypes
    kept = run.states(
      knots.count,
      kept: keepsBuffers ? nil : problem.stateTypes.indices.map { $0 < weights })
    let working = run.states(2)
    between = Array(working.pointers(0)[..<types.count])
    segment = knots.count - 2

    var state = kept.pointers(0)
    try run.begin(at: state)
    firstBuffers =
      keepsBuffers
      ? [] : Array(state[weights...]).tensors(Array(problem.stateTypes[weights...]))
    var knot = 1
    for t in 1...run.steps {
      let isKnot = t == knots[knot]
      let next = isKnot ? kept.pointers(knot) : working.pointers(t % 2)
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
  func state(_ t: Int) -> Run.Pointers {
    let j = segment(of: t)
    if t == knots[j] { return Array(kept.pointers(j)[..<types.count]) }
    let share = Double(t - knots[j]) / Double(knots[j + 1] - knots[j])
    Segment.point(share, from: kept.pointers(j), to: kept.pointers(j + 1), at: between, types)
    return between
  }

  /// j with k_j <= t < k_{j+1}.
  func segment(of t: Int) -> Int {
    if t >= knots[segment + 1] { segment = knots.count - 2 }
    while t < knots[segment] { segment -= 1 }
    return segment
  }

  /// The weights at both ends of a segment.
  func ends(of segment: Int) -> (first: Run.Pointers, last: Run.Pointers) {
    let count = run.problem.weightTypes.count
    return (
      Array(kept.pointers(segment)[..<count]), Array(kept.pointers(segment + 1)[..<count])
    )
  }
}

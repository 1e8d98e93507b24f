internal import OuterloopNumerics

/// Adjoint steps of heavy ball along a knotted path, with the slope of its segments for the
/// momenta: `m_t = (w_{k_j} - w_{k_{j+1}}) / sum of eta over steps k_j + 1...k_{j+1}` for those t.
final class PathSlopes {
  private let run: Run
  private let method: DrMAD
  private let path: KnottedPath
  private let steps: HeavyBallSteps
  /// The slope of the segment that step t ends in, and of that before it.
  private var after, before: [Storage]
  /// The segment of `after`.
  private var segment: Int?

  private var types: [TensorType] { run.problem.weightTypes }

  init(_ run: Run, _ path: KnottedPath, _ steps: HeavyBallSteps, for method: DrMAD) throws {
    self.run = run
    self.method = method
    self.path = path
    self.steps = steps
    after = run.problem.weightTypes.map { Storage(byteCount: $0.byteCount) }
    before = run.problem.weightTypes.map { Storage(byteCount: $0.byteCount) }
    run.cost.stateBytes += 2 * types.reduce(0) { $0 + $1.byteCount }
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
        try setFirst(before)
      }
    }
    let state = path.state(t - 1)
    try steps.evaluateNumbers(t)
    try steps.adjointStep(
      t, at: state + (isFirst ? before : after).map(\.pointer),
      momentaAfter: after.map(\.pointer), decays: types.indices.map { steps.momentum($0) })
  }

  private func computeSlope(_ segment: Int, at target: [Storage]) throws {
    var time: [[Double]] = types.indices.map {
      [Double](repeating: 0, count: steps.rate($0).count)
    }
    for t in (path.knots[segment] + 1)...path.knots[segment + 1] {
      try steps.evaluateNumbers(t)
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
    Segment.slope(from: first, to: last, over: time, at: target.map(\.pointer), types)
  }

  private func setFirst(_ target: [Storage]) throws {
    for (storage, tensor) in zip(target, path.firstBuffers) {
      try tensor.withBytes {
        storage.pointer.copyMemory(from: $0, byteCount: tensor.type.byteCount)
      }
    }
  }
}

internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopLearning
internal import OuterloopNumerics

extension AlgorithmsExperiment {
  func sensitivity(_ context: ExperimentContext) throws -> Sensitivity {
    func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    func error(_ given: Tensor, _ known: [Double]) throws -> Double {
      norm(zip(try given.doubles(), known).map { $0 - $1 }) / norm(known)
    }
    let problem = try AlgorithmProblem(groups: 16, steps: steps, seed: seed)
    let exact = try problem.problem.hypergradient(
      at: problem.start, by: .implicit(.dense, inner: .lbfgs(LBFGS(tolerance: 1e-10)))
    ).gradient.doubles()
    let tolerances = [1e-1, 1e-2, 1e-3, 1e-4, 1e-6]
    let solves = try tolerances.map { tolerance in
      try context.continueOrStop()
      let result = try problem.problem.hypergradient(
        at: problem.start, by: .hoag(.constant(tolerance)))
      return try error(result.gradient, exact)
    }
    let known = try problem.problem.hypergradient(at: problem.start, by: .reverse).gradient
      .doubles()
    let states = try path(problem, context)
    var (departures, lines): ([Double], [Double]) = ([], [])
    for count in Self.lines {
      try context.continueOrStop()
      departures.append(Self.departure(states, lines: count))
      let line = try problem.problem.hypergradient(at: problem.start, by: .drmad(.steps(count)))
      lines.append(try error(line.gradient, known))
    }
    return Sensitivity(
      tolerances: tolerances, solveErrors: solves, departures: departures, lineErrors: lines)
  }

  static let lines = [1, 2, 4, 8, 16]
  /// The number of sampled points of the path; a multiple of all numbers of lines.
  private static let places = 32

  /// The weights at points of the path, evenly spaced in steps.
  private func path(_ problem: AlgorithmProblem, _ context: ExperimentContext) throws -> [[Double]]
  {
    try (0...Self.places).map { place in
      try context.continueOrStop()
      let count = steps * place / Self.places
      guard count > 0 else { return [Double](repeating: 0, count: AlgorithmProblem.features) }
      let shorter = try AlgorithmProblem(
        groups: problem.groups, steps: count, momentum: problem.momentum, seed: seed)
      return try shorter.problem.solve(at: problem.start).state.weights.doubles()
    }
  }

  /// The mean distance of a path from lines between its knots, relative to its extent.
  private static func departure(_ path: [[Double]], lines: Int) -> Double {
    func distance(_ a: [Double], _ b: [Double]) -> Double {
      zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    }
    let length = places / lines
    let sum = (0...places).reduce(0.0) { sum, place in
      let first = Swift.min(place / length, lines - 1) * length
      let share = Double(place - first) / Double(length)
      let point = zip(path[first], path[first + length]).map { $0 + share * ($1 - $0) }
      return sum + distance(point, path[place])
    }
    return sum / Double(places + 1) / distance(path[0], path[places])
  }
}

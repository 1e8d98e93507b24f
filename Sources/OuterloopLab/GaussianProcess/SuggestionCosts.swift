internal import OuterloopNumerics
internal import OuterloopSearch
internal import OuterloopStudy

/// The cost of a suggestion after m observations.
enum SuggestionCosts {
  /// Seconds to condition a Gaussian process on m points in two dimensions, the median of three.
  static func gaussianProcess(_ m: Int) throws -> Double {
    let layout = KernelLayout(dimensions: 2)
    let x = try RandomKey(seed: 1, purpose: "costs", index: UInt64(m)).uniform(
      [2 * m], dtype: .float64
    ).doubles()
    let points = KernelPoints(layout, count: m, columns: [x], activity: [[]])
    let outputs = (0..<m).map { x[2 * $0] - x[2 * $0 + 1] }
    let parameters = KernelParameters(lengthscales: [[0.3, 0.3]], scales: [1], noise: 1e-3)
    let clock = ContinuousClock()
    let times = try (0..<3).map { _ in
      try clock.measure { _ = try GaussianProcess(points, outputs: outputs, parameters) }
        / .seconds(1)
    }
    return Repetitions(values: times).median
  }

  /// Mean seconds that TPE takes for one of m suggestions in two dimensions.
  static func tpe(_ m: Int) throws -> Double {
    var space = SearchSpace()
    for name in ["x", "y"] {
      try space.add(ParameterDeclaration(name, .float(try NumericRange(0, 1))))
    }
    let x = try RandomKey(seed: 2, purpose: "costs", index: UInt64(m)).uniform(
      [2 * m], dtype: .float64
    ).doubles()
    let candidates = try (0..<m).map { place in
      let (a, b) = (x[2 * place], x[2 * place + 1])
      return CurveTable.Candidate(
        id: place, assignment: try space.assignment(["x": .float(a), "y": .float(b)]),
        values: [a * a + b * b])
    }
    let table = try CurveTable(
      name: "costs", space: space, objective: .minimize("loss"), candidates: candidates)
    var study = try SimulatedStudy(table, SearchMethod(.tpe()), budget: m, seed: 1)
    try study.run()
    return study.searchSeconds / Double(m)
  }
}

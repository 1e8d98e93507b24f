internal import OuterloopPlatform

/// A function on a box to minimise, with known minimum.
public struct TestProblem: Sendable, CustomStringConvertible {
  /// The name of the row.
  public var name: String
  /// One range for each variable.
  public var bounds: [ClosedRange<Double>]
  /// NaN for a wrong number of variables.
  public var value: @Sendable ([Double]) -> Double
  /// The least value.
  public var optimum: Double
  /// Where it is attained, to about six digits; all points within the bounds.
  public var optima: [[Double]]

  public var description: String { name }

  init(
    name: String, bounds: [ClosedRange<Double>], value: @escaping @Sendable ([Double]) -> Double,
    optimum: Double, optima: [[Double]]
  ) {
    self.name = name
    self.bounds = bounds
    self.value = { [count = bounds.count] in $0.count == count ? value($0) : .nan }
    self.optimum = optimum
    self.optima = optima
  }

  /// Clamps the number of variables.
  static func size(_ dimensions: Int, atLeast least: Int = 1) -> Int {
    min(max(dimensions, least), 100_000)
  }
}

extension TestProblem {
  /// The problems at the sizes usual in comparisons.
  public static let all = [
    branin, sixHumpCamel, hartmann3, hartmann6, ackley(5), rosenbrock(4), sphere(5),
  ]

  /// Two variables, three global minima (Dixon and Szegö 1978).
  public static let branin = TestProblem(
    name: "Branin", bounds: [-5...10, 0...15],
    value: { x in
      let parabola = x[1] - 5.1 / (4 * .pi * .pi) * x[0] * x[0] + 5 / .pi * x[0] - 6
      return parabola * parabola + 10 * (1 - 1 / (8 * .pi)) * cos(x[0]) + 10
    },
    optimum: 5 / (4 * .pi),
    optima: [[-.pi, 12.275], [.pi, 2.275], [3 * .pi, 2.475]])

  /// Two variables, six minima, of which two are global (Dixon and Szegö 1978).
  public static let sixHumpCamel = TestProblem(
    name: "six-hump camel", bounds: [-3...3, -2...2],
    value: { x in
      let (a, b) = (x[0] * x[0], x[1] * x[1])
      return (4 - 2.1 * a + a * a / 3) * a + x[0] * x[1] + (4 * b - 4) * b
    },
    optimum: -1.031628, optima: [[0.089842, -0.712656], [-0.089842, 0.712656]])

  /// Three variables, four minima (Hartmann 1973).
  public static let hartmann3 = TestProblem(
    name: "Hartmann 3", bounds: Array(repeating: 0...1, count: 3),
    value: {
      hartmann(
        $0, scales: [[3, 10, 30], [0.1, 10, 35], [3, 10, 30], [0.1, 10, 35]],
        centres: [
          [0.3689, 0.1170, 0.2673], [0.4699, 0.4387, 0.7470], [0.1091, 0.8732, 0.5547],
          [0.0381, 0.5743, 0.8828],
        ])
    },
    optimum: -3.86278, optima: [[0.114589, 0.555649, 0.852547]])

  /// Six variables, six minima (Hartmann 1973).
  public static let hartmann6 = TestProblem(
    name: "Hartmann 6", bounds: Array(repeating: 0...1, count: 6),
    value: {
      hartmann(
        $0,
        scales: [
          [10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8],
          [17, 8, 0.05, 10, 0.1, 14],
        ],
        centres: [
          [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
          [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
          [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650],
          [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
        ])
    },
    optimum: -3.32237, optima: [[0.201690, 0.150011, 0.476874, 0.275332, 0.311652, 0.657301]])

  /// - sum_i alpha_i exp(-sum_j A_ij (x_j - P_ij)^2)
  private static func hartmann(
    _ x: [Double], scales: [[Double]], centres: [[Double]]
  ) -> Double {
    var total = 0.0
    for (index, weight) in [1, 1.2, 3, 3.2].enumerated() {
      var distance = 0.0
      for (place, value) in x.enumerated() {
        let offset = value - centres[index][place]
        distance += scales[index][place] * offset * offset
      }
      total -= weight * exp(-distance)
    }
    return total
  }

  /// A nearly flat plain with many small dents around a funnel; a kink at the minimum (Ackley 1987).
  /// - Parameter dimensions: at least 1 and at most 100,000; others are clamped.
  public static func ackley(_ dimensions: Int) -> TestProblem {
    let dimensions = size(dimensions)
    return TestProblem(
      name: "Ackley \(dimensions)", bounds: Array(repeating: -32.768...32.768, count: dimensions),
      value: { x in
        let squares = x.reduce(0) { $0 + $1 * $1 } / Double(x.count)
        let waves = x.reduce(0) { $0 + cos(2 * .pi * $1) } / Double(x.count)
        // Differences of equal numbers at the minimum, so that it is exactly zero.
        return 20 * (1 - exp(-0.2 * squares.squareRoot())) + (exp(1) - exp(waves))
      },
      optimum: 0, optima: [Array(repeating: 0, count: dimensions)])
  }

  /// A bent valley with a flat floor (Rosenbrock 1960; as a chain of at least two variables).
  /// - Parameter dimensions: at least 2 and at most 100,000; others are clamped.
  public static func rosenbrock(_ dimensions: Int) -> TestProblem {
    let dimensions = size(dimensions, atLeast: 2)
    return TestProblem(
      name: "Rosenbrock \(dimensions)", bounds: Array(repeating: -5...10, count: dimensions),
      value: { x in
        zip(x, x.dropFirst()).reduce(0) { sum, pair in
          let (valley, slope) = (pair.1 - pair.0 * pair.0, 1 - pair.0)
          return sum + 100 * valley * valley + slope * slope
        }
      },
      optimum: 0, optima: [Array(repeating: 1, count: dimensions)])
  }

  /// The sum of squares.
  /// - Parameter dimensions: at least 1 and at most 100,000; others are clamped.
  public static func sphere(_ dimensions: Int) -> TestProblem {
    let dimensions = size(dimensions)
    return TestProblem(
      name: "sphere \(dimensions)", bounds: Array(repeating: -5.12...5.12, count: dimensions),
      value: { $0.reduce(0) { $0 + $1 * $1 } },
      optimum: 0, optima: [Array(repeating: 0, count: dimensions)])
  }
}

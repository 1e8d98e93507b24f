internal import OuterloopPlatform

/// Several functions on the unit box to minimise together, with known Pareto front.
public struct MultiObjectiveTestProblem: Sendable, CustomStringConvertible {
  /// The name of the row.
  public var name: String
  /// One range for each variable.
  public var bounds: [ClosedRange<Double>]
  /// How many objectives.
  public var objectives: Int
  /// NaN, all of them, for a wrong number of variables.
  public var values: @Sendable ([Double]) -> [Double]
  /// Zero for values on the front, positive for values that are worse, NaN for a wrong number of
  /// values.
  public var excess: @Sendable ([Double]) -> Double
  /// The optimal value of the variables that do not vary along the front; the first m - 1 are free.
  public var restAtOptimum: Double
  /// The hypervolume of the entire front with 1.1 as reference in every objective.
  public var hypervolume: Double

  public var description: String { name }

  init(
    name: String, bounds: [ClosedRange<Double>], objectives: Int,
    values: @escaping @Sendable ([Double]) -> [Double],
    excess: @escaping @Sendable ([Double]) -> Double, restAtOptimum: Double, hypervolume: Double
  ) {
    self.name = name
    self.bounds = bounds
    self.objectives = objectives
    self.values = { [count = bounds.count] in
      $0.count == count ? values($0) : Array(repeating: .nan, count: objectives)
    }
    self.excess = { $0.count == objectives ? excess($0) : .nan }
    self.restAtOptimum = restAtOptimum
    self.hypervolume = hypervolume
  }

  /// A solution on the front, from m - 1 free variables in 0...1. Missing ones are NaN; surplus ones
  /// are ignored.
  public func optimalPoint(_ free: [Double]) -> [Double] {
    bounds.indices.map { place in
      guard place + 1 < objectives else { return restAtOptimum }
      return place < free.count ? free[place] : .nan
    }
  }
}

extension MultiObjectiveTestProblem {
  /// The problems at the sizes usual in comparisons.
  public static let all = [zdt1(), zdt2(), dtlz1(), dtlz2(objectives: 2), dtlz2()]

  /// A convex front, f_2 = 1 - sqrt(f_1) (Zitzler, Deb and Thiele 2000).
  /// - Parameter dimensions: at least 1 and at most 100,000; others are clamped.
  public static func zdt1(_ dimensions: Int = 30) -> MultiObjectiveTestProblem {
    zdt("ZDT1", dimensions, hypervolume: 1.21 - 1.0 / 3) { $0.squareRoot() }
  }

  /// A concave front, f_2 = 1 - f_1^2 (Zitzler, Deb and Thiele 2000).
  /// - Parameter dimensions: at least 1 and at most 100,000; others are clamped.
  public static func zdt2(_ dimensions: Int = 30) -> MultiObjectiveTestProblem {
    zdt("ZDT2", dimensions, hypervolume: 1.21 - 2.0 / 3) { $0 * $0 }
  }

  /// f_1 = x_1, f_2 = g (1 - bend(x_1 / g)), g = 1 + 9 mean(x_2 ... x_d)
  private static func zdt(
    _ name: String, _ dimensions: Int, hypervolume: Double,
    bend: @escaping @Sendable (Double) -> Double
  ) -> MultiObjectiveTestProblem {
    MultiObjectiveTestProblem(
      name: name, bounds: Array(repeating: 0...1, count: TestProblem.size(dimensions)),
      objectives: 2,
      values: { x in
        let g = 1 + 9 * x.dropFirst().reduce(0, +) / Double(max(1, x.count - 1))
        return [x[0], g * (1 - bend(x[0] / g))]
      },
      excess: { $0[1] - (1 - bend($0[0])) }, restAtOptimum: 0, hypervolume: hypervolume)
  }

  /// A flat front, sum f = 1/2, behind many local ones (Deb, Thiele, Laumanns and Zitzler 2002).
  ///
  ///     f_i = x_1 ... x_(m-i) (1 - x_(m-i+1)) (1 + g) / 2
  ///
  /// - Parameters:
  ///   - objectives: m, at least 1 and at most 1,000; others are clamped.
  ///   - dimensions: at least m and at most 100,000; others are clamped. m + 4 if nil.
  public static func dtlz1(
    objectives: Int = 3, dimensions: Int? = nil
  ) -> MultiObjectiveTestProblem {
    let objectives = count(objectives)
    let dimensions = TestProblem.size(dimensions ?? objectives + 4, atLeast: objectives)
    // The region below the front is a simplex with edges 1/2.
    let simplex = (1...objectives).reduce(1.0) { $0 * 0.5 / Double($1) }
    return MultiObjectiveTestProblem(
      name: "DTLZ1, \(objectives) objectives",
      bounds: Array(repeating: 0...1, count: dimensions), objectives: objectives,
      values: { x in
        let g = x.dropFirst(objectives - 1).reduce(0.0) { sum, value in
          let offset = value - 0.5
          return sum + 100 * (1 + offset * offset - cos(20 * .pi * offset))
        }
        return (0..<objectives).map { index in
          let free = objectives - 1 - index
          let product = x.prefix(free).reduce(0.5 * (1 + g), *)
          return index == 0 ? product : product * (1 - x[free])
        }
      },
      excess: { $0.reduce(-0.5, +) }, restAtOptimum: 0.5,
      hypervolume: power(1.1, objectives) - simplex)
  }

  /// A front on the unit sphere, sum f^2 = 1 (Deb, Thiele, Laumanns and Zitzler 2002).
  ///
  ///     f_i = cos(x_1 pi/2) ... cos(x_(m-i) pi/2) sin(x_(m-i+1) pi/2) (1 + g)
  ///
  /// - Parameters:
  ///   - objectives: m, at least 1 and at most 1,000; others are clamped.
  ///   - dimensions: at least m and at most 100,000; others are clamped. m + 9 if nil.
  public static func dtlz2(
    objectives: Int = 3, dimensions: Int? = nil
  ) -> MultiObjectiveTestProblem {
    let objectives = count(objectives)
    let dimensions = TestProblem.size(dimensions ?? objectives + 9, atLeast: objectives)
    // The region below the front is one orthant of a ball: b_m = pi / (2 m) b_(m-2), b_0 = b_1 = 1.
    let ball = stride(from: objectives, to: 1, by: -2).reduce(1.0) { $0 * .pi / 2 / Double($1) }
    return MultiObjectiveTestProblem(
      name: "DTLZ2, \(objectives) objectives",
      bounds: Array(repeating: 0...1, count: dimensions), objectives: objectives,
      values: { x in
        let g = x.dropFirst(objectives - 1).reduce(0.0) { $0 + ($1 - 0.5) * ($1 - 0.5) }
        return (0..<objectives).map { index in
          let free = objectives - 1 - index
          let product = x.prefix(free).reduce(1 + g) { $0 * cos($1 * .pi / 2) }
          return index == 0 ? product : product * sin(x[free] * .pi / 2)
        }
      },
      excess: { $0.reduce(0) { $0 + $1 * $1 }.squareRoot() - 1 }, restAtOptimum: 0.5,
      hypervolume: power(1.1, objectives) - ball)
  }

  /// Clamps the number of objectives.
  private static func count(_ objectives: Int) -> Int { min(max(objectives, 1), 1000) }

  private static func power(_ base: Double, _ exponent: Int) -> Double {
    (0..<exponent).reduce(1) { result, _ in result * base }
  }
}

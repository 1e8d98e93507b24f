internal import OuterloopNumerics
private import OuterloopPlatform
public import OuterloopStudy

/// Synthetic learning curves for every configuration of a space: problems on which a search may choose any
/// configuration, as with a program, unlike on a table of recorded configurations.
///
/// Six numbers x in [0, 1]^6 and 27 epochs; the loss after epoch e, without noise, is
///
///     E(x) + 1.5 e^-r(x)
///
/// with c uniform in [.15, .85]^6, drawn from the seed, and
///
///     bowl    E = .05 + (1/6) sum over i of i (x_i - c_i)^2                                     r = .3 + x_2
///     ridge   E = .05 + .5 |x_1 - c_1| + 4 (x_2 + x_3 - c_2 - c_3)^2 + (x_4 - c_4)^2            r = .2 + .8 x_1
///     well    E = 1.05 - exp(-6 |x - c|^2)                                                      r = .4 + .4 x_6
///
/// `ridge` has a valley, along which two parameters compensate each other, and two irrelevant parameters;
/// `well` is a plateau with a hole.
public struct CurveFormula: CurveProblem {
  public enum Shape: String, CaseIterable, Sendable { case bowl, ridge, well }

  public let shape: Shape
  public let seed: UInt64
  public let space: SearchSpace
  public let objective = Objective.minimize("loss")
  public let epochs = 27
  private let center: [Double]

  private static let dimensions = 6

  public init(_ shape: Shape, seed: UInt64) throws {
    (self.shape, self.seed) = (shape, seed)
    space = try .unitCube(Self.dimensions)
    center = try RandomKey(seed: seed, purpose: "curve-formula").uniform(
      [Self.dimensions], dtype: .float64
    ).doubles().map { 0.15 + 0.7 * $0 }
  }

  /// `bowl-0`.
  public var name: String { "\(shape.rawValue)-\(seed)" }

  /// The problem of this name; nil: there is none.
  public init?(_ name: String) throws {
    let parts = name.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let shape = Shape(rawValue: String(parts[0])),
      let seed = UInt64(parts[1])
    else { return nil }
    try self.init(shape, seed: seed)
  }

  /// The losses after epochs 1, ..., 27.
  func losses(_ x: [Double]) -> [Double] {
    let squares = zip(x, center).map { ($0 - $1) * ($0 - $1) }
    let end: Double
    let rate: Double
    switch shape {
    case .bowl:
      end = 0.05 + squares.enumerated().reduce(0) { $0 + Double($1.offset + 1) * $1.element } / 6
      rate = 0.3 + x[1]
    case .ridge:
      let across = x[1] + x[2] - center[1] - center[2]
      end = 0.05 + 0.5 * abs(x[0] - center[0]) + 4 * across * across + squares[3]
      rate = 0.2 + 0.8 * x[0]
    case .well:
      end = 1.05 - exp(-6 * squares.reduce(0, +))
      rate = 0.4 + 0.4 * x[5]
    }
    return (1...epochs).map { end + 1.5 * pow(Double($0), -rate) }
  }

  public func candidate(_ number: Int, of assignment: Assignment) -> CurveTable.Candidate {
    CurveTable.Candidate(
      id: number, assignment: assignment, values: losses(assignment.values.map { $0?.number ?? 0 }))
  }

  /// Uniformly random configurations, and finally the best one.
  public func sample(_ count: Int) throws -> CurveTable {
    let key = RandomKey(seed: seed, purpose: "curve-formula-sample")
    let numbers = try key.uniform([count, Self.dimensions], dtype: .float64).doubles()
    let assignments = try space.assignments(at: numbers + best)
    return try CurveTable(
      name: name, space: space, objective: objective,
      candidates: assignments.enumerated().map { candidate($0, of: $1) })
  }

  /// At the center, except for the parameter that the rate depends on, which is searched along a
  /// grid.
  private var best: [Double] {
    let place =
      switch shape {
      case .bowl: 1
      case .ridge: 0
      case .well: 5
      }
    var best = center
    var least = Double.infinity
    for step in 0...10_000 {
      var x = center
      x[place] = Double(step) / 10_000
      guard let loss = losses(x).last, loss < least else { continue }
      (best, least) = (x, loss)
    }
    return best
  }
}

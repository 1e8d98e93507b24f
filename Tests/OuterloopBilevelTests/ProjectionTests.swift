import OuterloopBilevel
import OuterloopText
import Testing

/// Laws of the exact projections: every set goes through the same table.
@Suite struct ProjectionTests {
  // MARK: Laws

  @Test(arguments: ProjectionSample.all)
  func isFeasibleAndIdempotent(_ sample: ProjectionSample) throws {
    let once = try sample.projected()
    #expect(sample.constraint.isFeasible(once, tolerance: 1e-12 * sample.scale))
    var twice = once
    try sample.constraint.project(&twice)
    #expect(distance(once, twice) <= 1e-12 * sample.scale)
  }

  @Test(arguments: ProjectionSample.all)
  func satisfiesKKT(_ sample: ProjectionSample) throws {
    let x = try sample.projected()
    #expect(kktResidual(sample.constraint, y: sample.point, x: x) <= 1e-12 * sample.scale)
  }

  @Test(arguments: ProjectionSample.all.filter { $0.point.count <= 6 })
  func equalsActiveSetEnumeration(_ sample: ProjectionSample) throws {
    let x = try sample.projected()
    let best = try #require(bruteForce(sample.constraint, y: sample.point))
    #expect(distance(x, best) <= 1e-12 * sample.scale)
  }

  @Test(arguments: ProjectionSample.all)
  func doesNotExpand(_ sample: ProjectionSample) throws {
    var random = SplitMix(seed: 99)
    let other = sample.point.map { $0 + random.uniform(-1, 1) }
    var projectedOther = other
    try sample.constraint.project(&projectedOther)
    let before = distance(sample.point, other)
    #expect(distance(try sample.projected(), projectedOther) <= before + 1e-12 * sample.scale)
  }

  @Test(arguments: ProjectionSample.all)
  func keepsFeasiblePoints(_ sample: ProjectionSample) throws {
    guard sample.constraint.isFeasible(sample.point, tolerance: 0) else { return }
    #expect(distance(try sample.projected(), sample.point) <= 1e-12 * sample.scale)
  }

  @Test(arguments: ProjectionSample.all)
  func floatAgreesWithDouble(_ sample: ProjectionSample) throws {
    let rounded = sample.point.map { Float($0) }
    var double = rounded.map { Double($0) }
    var float = rounded
    try sample.constraint.project(&double)
    try sample.constraint.project(&float)
    #expect(float == double.map { Float($0) })

    var again = float
    try sample.constraint.project(&again)
    let slack = 1e-6 * sample.scale * Double(max(1, sample.point.count))
    #expect(sample.constraint.isFeasible(float, tolerance: slack))
    #expect(distance(again.map { Double($0) }, float.map { Double($0) }) <= slack)
  }

  @Test func bufferFormsAgreeWithArrays() throws {
    let set = try Constraint.cappedSimplex(total: 1)
    var double = [0.7, 0.9, -0.2]
    double.withUnsafeMutableBufferPointer { x in #expect(throws: Never.self) { try set.project(x) }
    }
    #expect(double == (try projected([0.7, 0.9, -0.2], onto: set)))
    var float: [Float] = [0.7, 0.9, -0.2]
    float.withUnsafeMutableBufferPointer { x in #expect(throws: Never.self) { try set.project(x) } }
    var expected: [Float] = [0.7, 0.9, -0.2]
    try set.project(&expected)
    #expect(float == expected)
  }

  // MARK: Known values

  @Test func knownValues() throws {
    #expect(try projected([0.5, 2, -1], onto: .box(lower: 0, upper: 1)) == [0.5, 1, 0])
    #expect(
      try projected([5, -5, 5], onto: .box(lower: [-.infinity, 0, 1], upper: [1, .infinity, 9]))
        == [1, 0, 5])
    #expect(
      try projected([5, -5], onto: .box(lower: .all(-1), upper: .each([.infinity, 0]))) == [5, -1])
    #expect(try projected([-2, 0, 3], onto: .nonNegative) == [0, 0, 3])
    #expect(try projected([2, 2, 0, -1], onto: .simplex(total: 1)) == [0.5, 0.5, 0, 0])
    #expect(try projected([3, -1, 0.5], onto: .l1Ball(radius: 2)) == [2, 0, 0])
    #expect(try projected([-3, 3], onto: .l1Ball(radius: 2)) == [-1, 1])
    #expect(try projected([0.25, 7, -3], onto: .cappedSimplex(total: 2)) == [0.25, 1, 0])
    #expect(
      try projected([2, 0.75, 0.75, 0], onto: .cappedSimplex(total: 2)) == [1, 0.5, 0.5, 0])
    #expect(
      try projected([0, 0, 0, 0], onto: .cappedSimplex(total: 2, sum: .exactly))
        == [0.5, 0.5, 0.5, 0.5])
    #expect(try projected([1, -4e300], onto: .none) == [1, -4e300])
  }

  @Test func tiesAreSharedEqually() throws {
    let ties = [Double](repeating: 0.3, count: 7)
    for set in [
      try Constraint.simplex(total: 1), try .l1Ball(radius: 1), try .cappedSimplex(total: 1),
      try .cappedSimplex(total: 1, sum: .exactly),
    ] {
      let x = try projected(ties, onto: set)
      #expect(x.allSatisfy { abs($0 - 1.0 / 7) <= 1e-15 })
    }
    // All entries at the cap, or all but a tied pair.
    #expect(try projected([4, 4, 4], onto: .cappedSimplex(total: 3)) == [1, 1, 1])
    #expect(try projected([9, 4, 4], onto: .cappedSimplex(total: 2)) == [1, 0.5, 0.5])
  }

  @Test func emptyAndSingle() throws {
    for set in [
      Constraint.none, .nonNegative, try .box(lower: 0, upper: 1), try .box(lower: [], upper: []),
      try .simplex(total: 0), try .l1Ball(radius: 1), try .cappedSimplex(total: 1),
      try .cappedSimplex(total: 0, sum: .exactly),
    ] {
      #expect(try projected([], onto: set) == [])
      #expect(set.isFeasible([Double](), tolerance: 0))
    }
    #expect(throws: ConstraintError.infeasibleTotal(total: 1, upper: 1, count: 0)) {
      try projected([], onto: .simplex(total: 1))
    }
    #expect(throws: ConstraintError.infeasibleTotal(total: 2, upper: 1, count: 0)) {
      try projected([], onto: .cappedSimplex(total: 2, sum: .exactly))
    }
    #expect(try projected([-7], onto: .simplex(total: 2.5)) == [2.5])
    #expect(try projected([-7], onto: .l1Ball(radius: 2.5)) == [-2.5])
    #expect(try projected([7], onto: .cappedSimplex(total: 0.5)) == [0.5])
    #expect(try projected([-7], onto: .cappedSimplex(total: 0.5, sum: .exactly)) == [0.5])
  }

  @Test func extremeTotals() throws {
    let y = [0.2, 3, -1, 0.9]
    #expect(try projected(y, onto: .cappedSimplex(total: 0)) == [0, 0, 0, 0])
    #expect(try projected(y, onto: .cappedSimplex(total: 0, sum: .exactly)) == [0, 0, 0, 0])
    #expect(try projected(y, onto: .simplex(total: 0)) == [0, 0, 0, 0])
    #expect(try projected(y, onto: .l1Ball(radius: 0)) == [0, 0, 0, 0])
    #expect(try projected(y, onto: .cappedSimplex(total: 0, upper: 0)) == [0, 0, 0, 0])
    for total in [4.0, 5, 1e6] {
      #expect(try projected(y, onto: .cappedSimplex(total: total)) == [0.2, 1, 0, 0.9])
    }
    #expect(try projected(y, onto: .cappedSimplex(total: 4, sum: .exactly)) == [1, 1, 1, 1])
    // 7 * 0.1 and 0.7 differ in the last digit, in either direction for other products.
    for n in 1...60 {
      let total = Double(n) / 10
      let set = try Constraint.cappedSimplex(total: total, upper: 0.1, sum: .exactly)
      #expect(
        set.isFeasible(try projected([Double](repeating: 0, count: n), onto: set), tolerance: 1e-14)
      )
    }
  }

  @Test func anInfiniteCapIsTheSimplex() throws {
    let y = [0.2, 3, -1, 0.9]
    #expect(
      try projected(y, onto: .cappedSimplex(total: 2.5, upper: .infinity, sum: .exactly))
        == projected(y, onto: .simplex(total: 2.5)))
  }

  @Test func largeOffsetsCostNoAccuracy() throws {
    // Entries a multiple of 1/4 are exact beside 2^40, and the answer does not depend on the shift.
    let y = [0.25, 0.75, -3, 0.5, 0.5]
    let shift = 0x1p40
    for set in [
      try Constraint.simplex(total: 1), try .cappedSimplex(total: 1.5, sum: .exactly),
      try .cappedSimplex(total: 0.5, upper: 0.2, sum: .exactly),
    ] {
      let shifted = try projected(y.map { $0 + shift }, onto: set)
      #expect(distance(shifted, try projected(y, onto: set)) <= 1e-15)
    }
    #expect(try projected([1e20, 1e20], onto: .cappedSimplex(total: 1)) == [0.5, 0.5])
    #expect(try projected([1e308, 1e308, -1e308], onto: .simplex(total: 1)) == [0.5, 0.5, 0])
    #expect(try projected([1e308, -1e308, 1e308], onto: .l1Ball(radius: 3)) == [1, -1, 1])
    #expect(
      try projected([1e308, 1e308, 1e308], onto: .cappedSimplex(total: 1.5)) == [0.5, 0.5, 0.5])
  }

  @Test func aHundredThousandCoordinates() throws {
    let n = 100_000
    var random = SplitMix(seed: 5)
    let y = (0..<n).map { _ in random.uniform(-1, 2) }
    let rising = (0..<n).map { Double($0) / Double(n) }
    let clock = ContinuousClock()
    for set in [
      try Constraint.simplex(total: 2_500), try .l1Ball(radius: 1_000),
      try .cappedSimplex(total: 2_500), try .cappedSimplex(total: 2_500, upper: 0.05),
      try .cappedSimplex(total: 90_000, sum: .exactly), try .box(lower: 0, upper: 1),
    ] {
      for point in [y, rising] {
        var x = point
        let spent = try clock.measure { try set.project(&x) }
        #expect(spent < .seconds(5))
        #expect(set.isFeasible(x, tolerance: 1e-9))
        #expect(kktResidual(set, y: point, x: x) <= 1e-12)
      }
    }
  }

  // MARK: Errors

  @Test func refusesInvalidSets() {
    #expect(throws: ConstraintError.emptyBox(index: nil, lower: 2, upper: 1)) {
      try Constraint.box(lower: 2, upper: 1)
    }
    #expect(throws: ConstraintError.emptyBox(index: 1, lower: 3, upper: 2)) {
      try Constraint.box(lower: [0, 3], upper: [1, 2])
    }
    #expect(throws: ConstraintError.boundCounts(lower: 1, upper: 2)) {
      try Constraint.box(lower: [0], upper: [1, 2])
    }
    #expect(throws: ConstraintError.self) { try Constraint.box(lower: .nan, upper: 1) }
    #expect(throws: ConstraintError.self) { try Constraint.box(lower: [0, 0], upper: [1, .nan]) }
    #expect(throws: ConstraintError.self) { try Constraint.box(lower: .infinity, upper: .infinity) }
    #expect(throws: ConstraintError.self) {
      try Constraint.box(lower: -.infinity, upper: -.infinity)
    }
    for size in [-1, .nan, .infinity] as [Double] {
      #expect(throws: ConstraintError.self) { try Constraint.simplex(total: size) }
      #expect(throws: ConstraintError.self) { try Constraint.l1Ball(radius: size) }
      #expect(throws: ConstraintError.self) { try Constraint.cappedSimplex(total: size) }
    }
    #expect(throws: ConstraintError.invalidSize(name: "upper", value: -1)) {
      try Constraint.cappedSimplex(total: 1, upper: -1)
    }
    #expect(throws: ConstraintError.self) { try Constraint.cappedSimplex(total: 1, upper: .nan) }
  }

  @Test func refusesInvalidVectorsAndLeavesThemAlone() throws {
    for set in [
      Constraint.none, .nonNegative, try .box(lower: 0, upper: 1), try .simplex(total: 1),
      try .l1Ball(radius: 1), try .cappedSimplex(total: 1),
    ] {
      var x = [3, -2, .infinity, 1]
      #expect(throws: ConstraintError.notFinite(index: 2, value: .infinity)) {
        try set.project(&x)
      }
      #expect(x == [3, -2, .infinity, 1])
      var single: [Float] = [0, .nan]
      #expect(throws: ConstraintError.self) { try set.project(&single) }
      #expect(!set.isFeasible(x, tolerance: .infinity))
    }
    var x = [3.0, -2]
    let bounded = try Constraint.box(lower: [0], upper: [1])
    #expect(throws: ConstraintError.countMismatch(expected: 1, found: 2)) {
      try bounded.project(&x)
    }
    #expect(!bounded.isFeasible(x, tolerance: 10))
    #expect(throws: ConstraintError.infeasibleTotal(total: 3, upper: 1, count: 2)) {
      try Constraint.cappedSimplex(total: 3, sum: .exactly).project(&x)
    }
    #expect(x == [3, -2])
  }

  @Test func messagesNameTheThingAndTheRemedy() {
    #expect(
      ConstraintError.emptyBox(index: 4, lower: 2, upper: 1).description
        == "`lower[4]` = 2.0 exceeds `upper[4]` = 1.0; swap or widen the bounds")
    #expect(
      ConstraintError.invalidSize(name: "radius", value: -1).description
        == "`radius` is -1.0; use a number that is zero or more")
    #expect(
      ConstraintError.infeasibleTotal(total: 3, upper: 1, count: 2).description
        == "2 coordinates of at most 1.0 cannot sum to 3.0; "
        + "lower `total`, raise `upper`, or ask for a sum of at most `total`")
    #expect(
      ConstraintError.notFinite(index: 7, value: .nan).description.hasPrefix(
        "entry 7 to project is nan; "))
  }
}

// MARK: - The table

/// A set and a point to project, `(n)`.
struct ProjectionSample: Sendable, CustomTestStringConvertible {
  let constraint: Constraint
  let point: [Double]

  /// The size of the numbers, to which tolerances are relative.
  var scale: Double { point.reduce(1) { max($0, abs($1)) } }

  var testDescription: String { "\(constraint) at \(point.count < 8 ? "\(point)" : "...")" }

  func projected() throws -> [Double] {
    var x = point
    try constraint.project(&x)
    return x
  }

  /// Points of 1 to 6 and of 40 coordinates, spread, tied and far, against every set.
  static let all: [ProjectionSample] = {
    var random = SplitMix(seed: 20_001)
    var samples: [ProjectionSample] = []
    for n in [1, 2, 3, 4, 5, 6, 40] {
      for kind in 0..<6 {
        let point = (0..<n).map { _ in
          switch kind {
          case 0: random.uniform(-1, 2)
          case 1: random.uniform(0, 0.3)
          case 2: (random.uniform(-2, 4)).rounded() / 2
          case 3: random.uniform(0, 1) < 0.5 ? 1 : 0.5
          case 4: random.uniform(-100, 100)
          default: random.uniform(1, 1.001)
          }
        }
        for set in sets(count: n, random: &random) {
          samples.append(ProjectionSample(constraint: set, point: point))
        }
      }
    }
    return samples
  }()

  private static func sets(count n: Int, random: inout SplitMix) -> [Constraint] {
    let lower = (0..<n).map { _ in random.uniform(-1, 0.5) }
    let upper = lower.map { $0 + random.uniform(0, 1) }
    let size = Double(n)
    do {
      return [
        .none, .nonNegative,
        try .box(lower: -0.25, upper: 0.75), try .box(lower: lower, upper: upper),
        try .box(lower: .all(-.infinity), upper: .each(upper)),
        try .simplex(total: 0), try .simplex(total: 1),
        try .simplex(total: random.uniform(0, size)),
        try .l1Ball(radius: 0), try .l1Ball(radius: 1), try .l1Ball(radius: random.uniform(0, 3)),
        try .cappedSimplex(total: 0), try .cappedSimplex(total: 1),
        try .cappedSimplex(total: random.uniform(0, size)), try .cappedSimplex(total: size),
        try .cappedSimplex(total: random.uniform(0, size), upper: 0.3),
        try .cappedSimplex(total: 1, upper: .infinity),
        try .cappedSimplex(total: 1, sum: .exactly), try .cappedSimplex(total: size, sum: .exactly),
        try .cappedSimplex(total: random.uniform(0, size), sum: .exactly),
        try .cappedSimplex(total: random.uniform(0, 0.3 * size), upper: 0.3, sum: .exactly),
      ]
    } catch {
      fatalError("a set of the table is invalid: \(error)")
    }
  }
}

private func projected(_ y: [Double], onto set: Constraint) throws -> [Double] {
  var x = y
  try set.project(&x)
  return x
}

private func distance(_ a: [Double], _ b: [Double]) -> Double {
  zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
}

// MARK: - Oracles

/// The set as bounds and a bound on the sum, with signs flipped to make an l1 ball an orthant.
private struct Polytope {
  var lower: [Double]
  var upper: [Double]
  var total: Double?
  var isEquality: Bool

  /// The set around `y`; for an l1 ball, the face of the signs of `y`, in which the projection
  /// lies.
  init(_ set: Constraint, y: [Double]) {
    let n = y.count
    lower = [Double](repeating: 0, count: n)
    upper = [Double](repeating: .infinity, count: n)
    isEquality = false
    switch set {
    case .none: lower = [Double](repeating: -.infinity, count: n)
    case .nonNegative: break
    case .box(let box):
      lower = (0..<n).map { Polytope.bound(box.lower, $0) }
      upper = (0..<n).map { Polytope.bound(box.upper, $0) }
    case .simplex(let simplex):
      total = simplex.total
      isEquality = true
    case .l1Ball(let ball): total = ball.radius
    case .cappedSimplex(let capped):
      upper = [Double](repeating: capped.upper, count: n)
      total = capped.total
      isEquality = capped.sum == .exactly
    }
  }

  private static func bound(_ bound: Constraint.Box.Bound, _ index: Int) -> Double {
    switch bound {
    case .all(let value): value
    case .each(let values): values[index]
    }
  }
}

/// How far `x` is from satisfying the optimality conditions of the projection of `y`: the
/// multiplier `tau` of the sum must equal `y_i - x_i` at free coordinates, and bound it at the
/// others.
private func kktResidual(_ set: Constraint, y: [Double], x: [Double]) -> Double {
  var y = y
  var x = x
  var residual = 0.0
  if case .l1Ball = set {
    for i in y.indices where y[i] < 0 {
      y[i] = -y[i]
      x[i] = -x[i]
    }
  }
  let polytope = Polytope(set, y: y)
  var least = -Double.infinity
  var most = Double.infinity
  for i in y.indices {
    residual = max(residual, polytope.lower[i] - x[i], x[i] - polytope.upper[i])
    // At a lower bound tau >= y - x is allowed, at an upper bound tau <= y - x.
    if x[i] > polytope.lower[i] { most = min(most, y[i] - x[i]) }
    if x[i] < polytope.upper[i] { least = max(least, y[i] - x[i]) }
  }
  guard let total = polytope.total else { return max(residual, least, -most) }
  let sum = x.sorted { abs($0) < abs($1) }.reduce(0, +)
  // Relative to the sum, whose own evaluation here rounds once per term.
  let excess = (sum - total) / Double(max(1, x.count))
  if polytope.isEquality { return max(residual, least - most, abs(excess)) }
  residual = max(residual, excess, -most)
  // Either the sum binds, or the multiplier is zero.
  return max(residual, abs(excess) <= 1e-12 ? least - most : least)
}

/// The nearest feasible point among the stationary points of all 3^n active sets, with and without
/// the sum active; nil if none is feasible.
private func bruteForce(_ set: Constraint, y original: [Double]) -> [Double]? {
  var y = original
  if case .l1Ball = set { y = y.map { abs($0) } }
  let polytope = Polytope(set, y: y)
  let n = y.count
  var best: [Double]?
  var bestDistance = Double.infinity
  var patterns = 1
  for _ in 0..<n { patterns *= 3 }
  for pattern in 0..<patterns {
    var digits = pattern
    var fixed = [Double?](repeating: nil, count: n)
    for i in 0..<n {
      if digits % 3 == 1 { fixed[i] = polytope.lower[i] }
      if digits % 3 == 2 { fixed[i] = polytope.upper[i] }
      digits /= 3
    }
    guard fixed.allSatisfy({ $0 == nil || $0!.isFinite }) else { continue }
    let free = (0..<n).filter { fixed[$0] == nil }
    var levels = [0.0]
    if let total = polytope.total, !free.isEmpty {
      let rest = fixed.reduce(0) { $0 + ($1 ?? 0) }
      levels.append((free.reduce(0) { $0 + y[$1] } - (total - rest)) / Double(free.count))
    }
    for level in levels {
      let x = (0..<n).map { fixed[$0] ?? y[$0] - level }
      let slack = 1e-13 * y.reduce(1) { max($0, abs($1)) }
      let inBounds = (0..<n).allSatisfy {
        x[$0] >= polytope.lower[$0] - slack && x[$0] <= polytope.upper[$0] + slack
      }
      guard inBounds else { continue }
      if let total = polytope.total {
        let excess = x.reduce(0, +) - total
        guard polytope.isEquality ? abs(excess) <= slack * 6 : excess <= slack * 6 else { continue }
      }
      let candidate = distance(x, y)
      if candidate < bestDistance {
        best = x
        bestDistance = candidate
      }
    }
  }
  if case .l1Ball = set {
    return best.map { zip($0, original).map { $1 < 0 ? -$0 : $0 } }
  }
  return best
}

/// A small generator with a seed, for test points only (Steele, Lea and Flood 2014).
private struct SplitMix {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func uniform(_ low: Double, _ high: Double) -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return low + (high - low) * Double((z ^ (z >> 31)) >> 11) * 0x1p-53
  }
}

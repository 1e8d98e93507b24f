internal import OuterloopPlatform

/// Limited-memory BFGS within a box, for several independent problems at once, so that an objective can
/// evaluate all their points together.
///
/// A coordinate is *free* unless it is at a bound that the gradient pushes against. On the free ones
///
///     d = -H_k g,   H_k by the two-loop recursion over the last m pairs (Nocedal 1980)
///     x' = P(x + a d),   a = 1, then smaller, until f(x') <= f(x) + 1e-4 g'(x' - x)
///
/// where P projects to the nearest point of the box (projected quasi-Newton: Bertsekas 1982, Schmidt et
/// al. 2009). Coordinates with equal bounds stay where they are.
///
/// - Cost: about one evaluation per iteration and problem, and 4 m + 6 passes over its coordinates.
/// - Guarantee: no value returned is above the one at its start. The line search backtracks from
///   points with NaN or infinity.
/// - Differs from L-BFGS-B (Byrd et al. 1995): the set of free coordinates comes from the gradient
///   alone, not from the Cauchy point of the quadratic model.
package struct BoundedLBFGS: Sendable {
  /// Ends a problem whose projected gradient's largest component is at most this.
  package var tolerance = 1e-6
  /// Ends a problem whose value fell by less than this twice in a row.
  package var decrease = 1e-10
  /// m: pairs kept.
  package var memory = 10
  package var iterations = 100
  /// The largest move of a coordinate in the first iteration, for which no curvature is known.
  package var firstMove = 0.1

  package init() {}

  package struct Problem: Sendable {
    package var start: [Double]
    package var lower: [Double]
    package var upper: [Double]

    package init(start: [Double], lower: [Double], upper: [Double]) {
      precondition(start.count == lower.count && start.count == upper.count)
      self.start = start
      self.lower = lower
      self.upper = upper
    }
  }

  package struct Result: Sendable {
    package var point: [Double]
    package var value: Double
    package var gradient: [Double]
    package var evaluations: Int
    /// Whether the projected gradient met the tolerance.
    package var isConverged: Bool
  }

  /// - Parameter objective: values and gradients at points of the problems given by their indices.
  package func minimize(
    _ problems: [Problem],
    _ objective: (_ points: [[Double]], _ problems: [Int]) throws -> [(
      value: Double, gradient: [Double]
    )]
  ) rethrows -> [Result] {
    var runs = problems.map { Run($0, self) }
    while true {
      let open = runs.indices.filter { !runs[$0].isOver }
      if open.isEmpty { break }
      let answers = try objective(open.map { runs[$0].trial }, open)
      for (place, answer) in zip(open, answers) { runs[place].take(answer.value, answer.gradient) }
    }
    return runs.map(\.result)
  }

  /// The state of one problem: `trial` awaits its value.
  private struct Run {
    let settings: BoundedLBFGS
    let lower: [Double]
    let upper: [Double]
    var trial: [Double]
    var isOver = false
    private var x: [Double] = []
    private var value = Double.infinity
    private var gradient: [Double] = []
    private var direction: [Double] = []
    private var step = 1.0
    private var pairs: [(s: [Double], y: [Double], inverse: Double)] = []
    private var iteration = 0
    private var evaluations = 0
    private var backtracks = 0
    private var stalls = 0
    private var isConverged = false

    init(_ problem: Problem, _ settings: BoundedLBFGS) {
      self.settings = settings
      (lower, upper) = (problem.lower, problem.upper)
      trial = Self.projected(problem.start, lower, upper)
    }

    var result: Result {
      Result(
        point: x, value: value, gradient: gradient, evaluations: evaluations,
        isConverged: isConverged)
    }

    private static func projected(
      _ x: [Double], _ lower: [Double], _ upper: [Double]
    ) -> [Double] {
      x.indices.map { min(max(x[$0], lower[$0]), upper[$0]) }
    }

    mutating func take(_ newValue: Double, _ newGradient: [Double]) {
      evaluations += 1
      let isFinite = newValue.isFinite && newGradient.allSatisfy(\.isFinite)
      if x.isEmpty {
        (x, value, gradient) = (trial, newValue, newGradient)
        isOver = !isFinite
        begin()
        return
      }
      let move = zip(trial, x).map(-)
      let promise = dot(gradient, move)
      guard isFinite, newValue <= value + 1e-4 * min(promise, 0), newValue < value else {
        backtrack(isFinite ? newValue : nil, promise)
        return
      }
      let change = zip(newGradient, gradient).map(-)
      let curvature = dot(move, change)
      if curvature > 1e-10 * dot(change, change).squareRoot() * dot(move, move).squareRoot() {
        if pairs.count == settings.memory { pairs.removeFirst() }
        pairs.append((move, change, 1 / curvature))
      }
      stalls = value - newValue < settings.decrease ? stalls + 1 : 0
      (x, value, gradient) = (trial, newValue, newGradient)
      iteration += 1
      isOver = iteration >= settings.iterations || stalls >= 2
      begin()
    }

    /// A shorter step: where the parabola through value, slope and the new value has its minimum, within
    /// a tenth and a half of the last one.
    private mutating func backtrack(_ newValue: Double?, _ promise: Double) {
      backtracks += 1
      if backtracks > 20 || !(promise < 0) || trial == x {
        // Along the steepest descent, once, before giving up.
        if pairs.isEmpty {
          isOver = true
        } else {
          pairs = []
          begin()
        }
        return
      }
      var factor = 0.1
      if let newValue {
        let bend = newValue - value - promise
        factor = bend > 0 ? min(max(-promise / (2 * bend), 0.1), 0.5) : 0.5
      }
      step *= factor
      move()
    }

    /// The next direction from x.
    private mutating func begin() {
      let free = x.indices.map { i in
        lower[i] < upper[i] && !(x[i] <= lower[i] && gradient[i] > 0)
          && !(x[i] >= upper[i] && gradient[i] < 0)
      }
      let slopes = x.indices.map { free[$0] ? gradient[$0] : 0 }
      let largest = slopes.reduce(0) { max($0, abs($1)) }
      if largest <= settings.tolerance { (isConverged, isOver) = (largest.isFinite, true) }
      if isOver { return }
      let newton = inverseHessian(slopes)
      direction = x.indices.map { free[$0] ? -newton[$0] : 0 }
      if !(dot(direction, gradient) < 0) {
        pairs = []
        direction = slopes.map { -$0 }
      }
      step = pairs.isEmpty ? settings.firstMove / largest : 1
      backtracks = 0
      move()
    }

    /// H_k v, with H_0 = (s'y / y'y) I of the last pair.
    private func inverseHessian(_ v: [Double]) -> [Double] {
      guard let last = pairs.last else { return v }
      var q = v
      var weights = [Double](repeating: 0, count: pairs.count)
      for k in pairs.indices.reversed() {
        weights[k] = pairs[k].inverse * dot(pairs[k].s, q)
        for i in q.indices { q[i] -= weights[k] * pairs[k].y[i] }
      }
      let scale = 1 / (last.inverse * dot(last.y, last.y))
      for i in q.indices { q[i] *= scale }
      for k in pairs.indices {
        let rest = weights[k] - pairs[k].inverse * dot(pairs[k].y, q)
        for i in q.indices { q[i] += rest * pairs[k].s[i] }
      }
      return q
    }

    private mutating func move() {
      trial = Self.projected(zip(x, direction).map { $0 + step * $1 }, lower, upper)
    }

    private func dot(_ a: [Double], _ b: [Double]) -> Double {
      var sum = 0.0
      for i in a.indices { sum += a[i] * b[i] }
      return sum
    }
  }
}

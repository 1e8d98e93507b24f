internal import OuterloopNumerics

/// The last m pairs s = x' - x, y = g' - g, and the product of the inverse Hessian that they imply
/// with a gradient (two-loop recursion, Nocedal & Wright 2006, Alg. 7.4):
///
///     q = g;             newest to oldest:  a_i = s_i'q / y_i's_i;  q -= a_i y_i
///     q *= s'y / y'y     (the newest pair)
///     oldest to newest:  q += (a_i - y_i'q / y_i's_i) s_i
///
/// Pairs without positive curvature beyond rounding are left out, so the product is with a positive
/// definite matrix.
struct CurvaturePairs {
  private var steps: [[Double]]
  private var changes: [[Double]]
  private var curvatures: [Double]
  private var weights: [Double]
  /// The most pairs, and the length of a vector.
  private let limit, length: Int
  /// Where the next pair goes, and how many there are.
  private var next = 0
  private var count = 0

  /// Memory is allocated as pairs are added.
  init(limit: Int, count: Int) {
    self.limit = limit
    length = count
    steps = []
    changes = []
    curvatures = []
    weights = []
  }

  var isEmpty: Bool { count == 0 }

  mutating func forget() { count = 0 }

  mutating func append(from old: Iterate, to new: Iterate) {
    if next == steps.count {
      let zero = [Double](repeating: 0, count: length)
      steps.append(zero)
      changes.append(zero)
      curvatures.append(1)
      weights.append(1)
    }
    steps[next].set(-1, old.x)
    steps[next].add(1, new.x)
    changes[next].set(-1, old.gradient)
    changes[next].add(1, new.gradient)
    let curvature = steps[next].dot(changes[next])
    let size = steps[next].norm * changes[next].norm
    guard curvature > Double.ulpOfOne * size, curvature.isFinite else { return }
    curvatures[next] = curvature
    next = next + 1 == limit ? 0 : next + 1
    count = Swift.min(count + 1, limit)
  }

  /// `direction = -H g`
  mutating func direction(at gradient: [Double], into direction: inout [Double]) {
    direction.set(-1, gradient)
    guard count > 0 else { return }
    // Before the first round is full, the newest pair is the last one.
    func place(_ age: Int) -> Int {
      let index = next - 1 - age
      return index < 0 ? index + limit : index
    }
    for age in 0..<count {
      let i = place(age)
      weights[i] = steps[i].dot(direction) / curvatures[i]
      direction.add(-weights[i], changes[i])
    }
    let newest = place(0)
    direction.set(
      curvatures[newest] / changes[newest].dot(changes[newest]), Array(direction))
    for age in (0..<count).reversed() {
      let i = place(age)
      direction.add(weights[i] - changes[i].dot(direction) / curvatures[i], steps[i])
    }
  }
}

import OuterloopAutodiff
import OuterloopBilevel
import OuterloopNumerics

/// A scalar in double precision.
func number(_ value: Double) -> Tensor { Tensor(value, dtype: .float64) }

/// A vector in double precision.
func vector(_ values: [Double]) -> Tensor { Tensor(values) }

extension Structure {
  /// All elements, tensor by tensor.
  var flat: [Double] { get throws { try leaves.flatMap { try $0.doubles() } } }
}

extension BilevelProblem {
  /// What `look` sees after each update of `minimize`.
  func path<Value>(
    from start: Hyper, by estimator: Estimator, updates: Int? = nil, with loop: OuterLoop<Hyper>,
    training: TrainingSchedule? = nil, _ look: (Progress) throws -> Value
  ) throws -> [Value] {
    var seen: [Value] = []
    _ = try minimize(
      from: start, by: estimator, updates: updates, with: loop, training: training
    ) { progress in
      seen.append(try look(progress))
      return true
    }
    return seen
  }
}

/// The largest difference relative to the larger of 1 and the size of `b`.
func deviation(_ a: [Double], _ b: [Double]) -> Double {
  guard a.count == b.count else { return .infinity }
  return zip(a, b).map { abs($0 - $1) / max(1, abs($1)) }.max() ?? 0
}

/// x + iy: the derivative of a formula f is the imaginary part of f(x + ih) / h without cancellation,
/// so h may be 1e-100 (Squire and Trapp 1998). Formulas are written out by hand, apart from the
/// library.
struct Complex: ExpressibleByFloatLiteral {
  var re, im: Double

  init(_ re: Double, _ im: Double = 0) {
    self.re = re
    self.im = im
  }
  init(floatLiteral value: Double) { self.init(value) }

  static func + (a: Complex, b: Complex) -> Complex { Complex(a.re + b.re, a.im + b.im) }
  static func - (a: Complex, b: Complex) -> Complex { Complex(a.re - b.re, a.im - b.im) }
  static prefix func - (a: Complex) -> Complex { Complex(-a.re, -a.im) }
  static func * (a: Complex, b: Complex) -> Complex {
    Complex(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re)
  }
  static func / (a: Complex, b: Complex) -> Complex {
    let size = b.re * b.re + b.im * b.im
    let product = a * Complex(b.re, -b.im)
    return Complex(product.re / size, product.im / size)
  }
  /// The root with positive real part, for numbers near the positive axis.
  var squareRoot: Complex {
    let root = re.squareRoot()
    return Complex(root, im / (2 * root))
  }
}

/// The gradient of a formula of real numbers by complex steps.
func complexStepGradient(at x: [Double], of f: ([Complex]) -> Complex) -> [Double] {
  x.indices.map { index in
    var point = x.map { Complex($0) }
    point[index].im = 1e-100
    return f(point).im / 1e-100
  }
}

internal import OuterloopAutodiff
public import OuterloopNumerics

/// A row of the gradient table: a function of tensors and the point at which it is checked.
public struct DerivativeCase: Sendable, CustomStringConvertible {
  /// The name of the row.
  public var name: String
  /// Where the function is checked.
  public var point: [Tensor]
  /// Relative tolerance against finite differences; forward against reverse is checked to 1e-11.
  public var tolerance: Double
  /// Orders of derivative to check, at most 10: each takes twice the time of the one before. 0 checks
  /// nothing.
  public var order: Int
  /// The function.
  public var function: @Sendable ([Tensor]) -> Tensor

  /// A row of the table.
  public init(
    _ name: String, _ point: [Tensor], order: Int = 2, tolerance: Double = 1e-6,
    _ function: @escaping @Sendable ([Tensor]) -> Tensor
  ) {
    self.name = name
    self.point = point
    self.order = order
    self.tolerance = tolerance
    self.function = function
  }

  public var description: String { name }
}

/// What every differentiable function must satisfy, at a point and along random directions.
public enum DerivativeLaws {
  /// A violated law.
  public struct Violation: Error, CustomStringConvertible {
    public var description: String
  }

  /// Forward mode equals central differences; reverse mode equals forward mode; and the same for the
  /// derivative along a random direction, up to the given order. float64.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func check(_ test: DerivativeCase, seed: UInt64 = 1) throws {
    guard test.order <= 10 else {
      throw Violation(description: "\(test): `order` is \(test.order): use 10 or less")
    }
    try check(
      test.name, order: test.order, at: test.point, tolerance: test.tolerance, seed: seed,
      test.function)
  }

  private static func check(
    _ name: String, order: Int, at x: [Tensor], tolerance: Double, seed: UInt64,
    _ f: @escaping ([Tensor]) throws -> Tensor
  ) throws {
    guard order > 0 else { return }
    let v = directions(x, seed: seed, purpose: "v\(order)")
    let (value, forward) = try jvp(at: x, along: v, of: f)
    let u = directions([value], seed: seed, purpose: "u\(order)")[0]

    // Reverse: <u, J v> = <J^T u, v>.
    let (_, back) = try vjp(at: x, cotangent: u, of: f)
    let left = try dot([u], [forward])
    let right = try dot(back, v)
    let scale = try norm([u]) * norm([forward]) + 1e-30
    guard Swift.abs(left - right) <= 1e-11 * Swift.max(scale, Swift.abs(left)) else {
      throw Violation(
        description: "\(name) order \(order): forward \(left) but reverse \(right)")
    }

    // Forward: (f(x + h v) - f(x - h v)) / 2h.
    let h = 1e-5
    let plus = try f(zip(x, v).map { $0 + $1 * h }).doubles()
    let minus = try f(zip(x, v).map { $0 - $1 * h }).doubles()
    let tangent = try forward.doubles()
    let size = Swift.max(1, tangent.map { Swift.abs($0) }.max() ?? 0)
    for index in tangent.indices {
      let difference = (plus[index] - minus[index]) / (2 * h)
      guard Swift.abs(difference - tangent[index]) <= tolerance * size else {
        throw Violation(
          description: "\(name) order \(order): derivative \(tangent[index]) at \(index) "
            + "but differences give \(difference)")
      }
    }

    // The next order, through forward mode and through reverse mode.
    try check(
      name + " forward", order: order - 1, at: x, tolerance: tolerance * 10, seed: seed &+ 1
    ) { try jvp(at: $0, along: v, of: f).derivative }
    try check(
      name + " reverse", order: order - 1, at: x, tolerance: tolerance * 10, seed: seed &+ 2
    ) { point in
      let gradient = try vjp(at: point, cotangent: u, of: f).cotangent
      return zip(gradient, v).map { ($0 * $1).sum() }.reduce(Tensor(0, dtype: .float64), +)
    }
  }

  /// `vmap` equals one call per example.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkBatching(_ test: DerivativeCase, seed: UInt64 = 1) throws {
    let size = 3
    let examples = (0..<size).map { index in
      zip(test.point, directions(test.point, seed: seed, purpose: "batch\(index)")).map {
        $0 + $1 * 0.01
      }
    }
    let stacked = test.point.indices.map { input in stack(examples.map { $0[input] }) }
    let together = try vmap(stacked) { test.function($0) }
    for index in 0..<size {
      let one = try test.function(examples[index]).doubles()
      let batched = try together.example(index).doubles()
      for (a, b) in zip(one, batched) where Swift.abs(a - b) > 1e-12 * Swift.max(1, Swift.abs(a)) {
        throw Violation(description: "\(test.name): example \(index) gives \(a), vmap \(b)")
      }
    }
    // One operand shared, the others batched.
    guard test.point.count > 1 else { return }
    for shared in test.point.indices {
      let others = stacked.indices.filter { $0 != shared }.map { stacked[$0] }
      let mixed = try vmap(others) { rest in
        var operands = rest
        operands.insert(test.point[shared], at: shared)
        return test.function(operands)
      }
      for index in 0..<size {
        var operands = examples[index]
        operands[shared] = test.point[shared]
        let one = try test.function(operands).doubles()
        let batched = try mixed.example(index).doubles()
        for (a, b) in zip(one, batched)
        where Swift.abs(a - b) > 1e-12 * Swift.max(1, Swift.abs(a)) {
          throw Violation(
            description: "\(test.name): operand \(shared) shared, example \(index): \(a), \(b)")
        }
      }
    }
  }

  static func directions(_ like: [Tensor], seed: UInt64, purpose: String) -> [Tensor] {
    like.enumerated().map { index, tensor in
      RandomKey(seed: seed, purpose: purpose, index: UInt64(index))
        .normal(tensor.shape, dtype: tensor.dtype)
    }
  }

  static func dot(_ a: [Tensor], _ b: [Tensor]) throws -> Double {
    var sum = 0.0
    for (x, y) in zip(a, b) {
      for (p, q) in zip(try x.doubles(), try y.doubles()) { sum += p * q }
    }
    return sum
  }

  static func norm(_ a: [Tensor]) throws -> Double { try dot(a, a).squareRoot() }
}

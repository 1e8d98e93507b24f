internal import OuterloopNumerics

/// One tensor of weights under heavy ball in fixed point, stepped forward and exactly back
/// (Maclaurin et al. 2015): Int64 with 52 bits after the point, so that |x| < 2^11,
///
///     v <- b v - kappa g;  w <- w + alpha v
///
/// with b v by `RationalDecay` and the other terms rounded towards 0.
/// `kappa` is the paper's 1 - b, or one over the number of steps where that is more. The path of w
/// does not depend on it: with alpha = eta / kappa it is heavy ball, `m = -v / kappa`, whatever the
/// rates and momenta of the steps. It keeps v at the size of a gradient.
///
/// Memory: 24 bytes for each weight, and the spilled words of its buffer.
struct FixedPointMomentum {
  /// 2^52
  static let scale = 0x1p52
  /// 2^63: numbers in units of 2^-52 stay below it.
  private static let limit = 0x1p63

  let count: Int
  /// Of the numbers in floating point.
  let dtype: DType
  let kappa: Double
  private let storage: Storage
  var buffer: InformationBuffer

  /// w and v, valid while this lives.
  var weights: UnsafeMutablePointer<Int64> { storage.pointer.assumingMemoryBound(to: Int64.self) }
  var velocities: UnsafeMutablePointer<Int64> { weights + count }
  var byteCount: Int { 16 * count + buffer.byteCount }

  init(_ type: TensorType, kappa: Double) {
    count = type.count
    dtype = type.dtype
    self.kappa = kappa
    storage = Storage(byteCount: 16 * count)
    buffer = InformationBuffer(count: count)
  }

  /// x 2^52 as an integer, towards zero; nil out of range.
  @inline(__always) static func units(_ scaled: Double) -> Int64? {
    guard scaled.magnitude < limit else { return nil }
    return Int64(scaled)
  }

  /// Starts at weights and momenta in floating point.
  /// - Returns: the number of the first weight or momentum out of range, if there is one.
  func set(weights w: UnsafeRawPointer, momenta m: UnsafeRawPointer) -> Int? {
    for index in 0..<count {
      guard let weight = units(w, index, 1), let velocity = units(m, index, -kappa) else {
        return index
      }
      weights[index] = weight
      velocities[index] = velocity
    }
    return nil
  }

  /// Whether the numbers are those that `set` makes of these.
  func equals(weights w: UnsafeRawPointer, momenta m: UnsafeRawPointer) -> Bool {
    (0..<count).allSatisfy { index in
      weights[index] == units(w, index, 1) && velocities[index] == units(m, index, -kappa)
    }
  }

  /// Writes weights and momenta, m = -v / kappa, in floating point.
  func write(weights w: UnsafeMutableRawPointer, momenta m: UnsafeMutableRawPointer) {
    for index in 0..<count {
      let weight = Double(weights[index]) * (1 / Self.scale)
      let momentum = Double(velocities[index]) * (-1 / (kappa * Self.scale))
      if dtype == .float64 {
        w.assumingMemoryBound(to: Double.self)[index] = weight
        m.assumingMemoryBound(to: Double.self)[index] = momentum
      } else {
        w.assumingMemoryBound(to: Float.self)[index] = Float(weight)
        m.assumingMemoryBound(to: Float.self)[index] = Float(momentum)
      }
    }
  }

  private func units(_ numbers: UnsafeRawPointer, _ index: Int, _ factor: Double) -> Int64? {
    let number =
      dtype == .float64
      ? numbers.assumingMemoryBound(to: Double.self)[index]
      : Double(numbers.assumingMemoryBound(to: Float.self)[index])
    return Self.units(number * factor * Self.scale)
  }
}

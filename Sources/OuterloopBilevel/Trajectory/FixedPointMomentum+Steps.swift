internal import OuterloopNumerics

// Steps, as plain loops over numbers of one element type. Each returns the number of the first
// weight at which something left the range or was not finite; the state is undefined then.
extension FixedPointMomentum {
  /// alpha: one number for all weights, or one for each.
  struct Alpha {
    var values: UnsafePointer<Double>
    /// 0 or 1
    var stride: Int
  }

  /// One step along the gradient at the weights; writes the new weights in floating point.
  mutating func advance(
    decay: RationalDecay, alpha: Alpha, gradient: UnsafeRawPointer,
    to target: UnsafeMutableRawPointer
  ) -> Int? {
    for ratio in decay.factors.dropLast() {
      buffer.prepare(ratio)
      multiplyVelocities(ratio)
    }
    let ratio = decay.factors[decay.factors.count - 1]
    buffer.prepare(ratio)
    return dtype == .float64
      ? advance(
        ratio, alpha, gradient.assumingMemoryBound(to: Double.self),
        target.assumingMemoryBound(to: Double.self))
      : advance(
        ratio, alpha, gradient.assumingMemoryBound(to: Float.self),
        target.assumingMemoryBound(to: Float.self))
  }

  /// Takes the weights back to before a step; writes them in floating point.
  func retreatWeights(alpha: Alpha, to target: UnsafeMutableRawPointer) -> Int? {
    dtype == .float64
      ? retreatWeights(alpha, target.assumingMemoryBound(to: Double.self))
      : retreatWeights(alpha, target.assumingMemoryBound(to: Float.self))
  }

  /// Then the velocities, with the gradient at those weights; writes the momenta before the step.
  mutating func retreatVelocities(
    decay: RationalDecay, gradient: UnsafeRawPointer, to target: UnsafeMutableRawPointer
  ) -> Int? {
    dtype == .float64
      ? retreatVelocities(
        decay, gradient.assumingMemoryBound(to: Double.self),
        target.assumingMemoryBound(to: Double.self))
      : retreatVelocities(
        decay, gradient.assumingMemoryBound(to: Float.self),
        target.assumingMemoryBound(to: Float.self))
  }

  private func multiplyVelocities(_ ratio: IntegerRatio) {
    let (v, z) = (velocities, buffer.limbs)
    for index in 0..<count { ratio.multiply(&v[index], &z[index]) }
  }

  private func advance<Scalar: BinaryFloatingPoint>(
    _ ratio: IntegerRatio, _ alpha: Alpha, _ gradient: UnsafePointer<Scalar>,
    _ target: UnsafeMutablePointer<Scalar>
  ) -> Int? {
    let (w, v, z) = (weights, velocities, buffer.limbs)
    for index in 0..<count {
      var velocity = v[index]
      ratio.multiply(&velocity, &z[index])
      guard let change = Self.units(kappa * Double(gradient[index]) * Self.scale) else {
        return index
      }
      let (changed, overflow) = velocity.subtractingReportingOverflow(change)
      guard !overflow,
        let move = Self.units(alpha.values[index &* alpha.stride] * Double(changed))
      else { return index }
      let (weight, overflowing) = w[index].addingReportingOverflow(move)
      guard !overflowing else { return index }
      v[index] = changed
      w[index] = weight
      target[index] = Scalar(Double(weight) * (1 / Self.scale))
    }
    return nil
  }

  private func retreatWeights<Scalar: BinaryFloatingPoint>(
    _ alpha: Alpha, _ target: UnsafeMutablePointer<Scalar>
  ) -> Int? {
    let (w, v) = (weights, velocities)
    for index in 0..<count {
      guard let move = Self.units(alpha.values[index &* alpha.stride] * Double(v[index])) else {
        return index
      }
      let weight = w[index] &- move
      w[index] = weight
      target[index] = Scalar(Double(weight) * (1 / Self.scale))
    }
    return nil
  }

  private mutating func retreatVelocities<Scalar: BinaryFloatingPoint>(
    _ decay: RationalDecay, _ gradient: UnsafePointer<Scalar>,
    _ target: UnsafeMutablePointer<Scalar>
  ) -> Int? {
    let unit = -1 / (kappa * Self.scale)
    let ratio = decay.factors[decay.factors.count - 1]
    let (v, z) = (velocities, buffer.limbs)
    for index in 0..<count {
      guard let change = Self.units(kappa * Double(gradient[index]) * Self.scale) else {
        return index
      }
      var velocity = v[index] &+ change
      ratio.divide(&velocity, &z[index])
      v[index] = velocity
      target[index] = Scalar(Double(velocity) * unit)
    }
    buffer.undo()
    for ratio in decay.factors.dropLast().reversed() {
      for index in 0..<count {
        ratio.divide(&v[index], &z[index])
        target[index] = Scalar(Double(v[index]) * unit)
      }
      buffer.undo()
    }
    return nil
  }
}

internal import OuterloopAutodiff
public import OuterloopNumerics

/// Learning-rate schedules as functions of the step. Their parameters may be hyperparameters.
///
/// Each returns a scalar of the base rate's element type.
public enum Schedule {
  /// `rates[t]`: one number per step, shape (steps).
  public static func perStep(_ rates: Tensor, _ time: Time) -> Tensor {
    rates.gathered(at: time.index).reshaped([])
  }

  /// `base * factor^((t-1) / every)`.
  public static func exponential(
    _ base: Tensor, factor: Tensor, every: Double, _ time: Time
  ) -> Tensor {
    base * exp(log(factor) * ((number(time, base) - 1) / every))
  }

  /// From `base` to `floor` over `steps` steps along half a cosine period; a negative number of
  /// steps gives an invalid tensor.
  public static func cosine(
    _ base: Tensor, floor: Double = 0, steps: Int, _ time: Time
  ) -> Tensor {
    guard steps >= 0 else { return Tensor(invalid: "a cosine over \(steps) steps", operands: base) }
    let done = minimum(
      (number(time, base) - 1) / Double(Swift.max(steps, 1)), Tensor(1, dtype: base.dtype))
    let share = (cos(done * Double.pi) + 1) * 0.5
    return base * share + floor * (1 - share)
  }

  /// `base / (1 + decay (t - 1))`.
  public static func inverseTime(_ base: Tensor, decay: Tensor, _ time: Time) -> Tensor {
    base / (decay * (number(time, base) - 1) + 1)
  }

  /// Linear from 0 to `base` over the first `steps` steps, then constant; a negative number of steps
  /// gives an invalid tensor.
  public static func warmUp(_ base: Tensor, steps: Int, _ time: Time) -> Tensor {
    guard steps >= 0 else {
      return Tensor(invalid: "a warm-up over \(steps) steps", operands: base)
    }
    return base
      * minimum(
        number(time, base) / Double(Swift.max(steps, 1)), Tensor(1, dtype: base.dtype))
  }

  private static func number(_ time: Time, _ like: Tensor) -> Tensor {
    time.number.cast(to: like.dtype)
  }
}

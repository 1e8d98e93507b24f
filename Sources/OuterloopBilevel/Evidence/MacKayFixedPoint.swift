internal import OuterloopAutodiff
internal import OuterloopNumerics

/// MacKay's re-estimation of the precisions of a linear-Gaussian model (MacKay 1992, "Bayesian
/// interpolation", eq. 4.8 and 4.10; with groups as in automatic relevance determination):
///
///     a_g = gamma_g / sum m_i^2 over the group,     b = (n - sum gamma) / |y - X m|^2
///
/// from the posterior at the precisions before. At its fixed point the gradient of the evidence is
/// zero.
///
/// For a weight that the data do not support, a_g grows without end: the weight is *pruned*. It is
/// stopped at a scale-free ceiling, `ceiling` times b |x|^2 (the mean over the group's columns),
/// where gamma is below 1 / `ceiling`: the weight is 0 to that precision. The gradient in log a_g
/// is still positive there, below 1 / (2 `ceiling`), and the report names the group.
///
/// Time: one evidence per iteration; convergence is linear, and slow for weights at the edge of
/// being pruned. Gradient steps on `logEvidence` find the same points.
public struct MacKayFixedPoint: Sendable {
  /// Where growing precisions stop, relative to the data's precision for the weight; above 1.
  public var ceiling: Double
  /// Whether b is estimated too, or keeps its value.
  public var fitsNoise: Bool
  /// Largest relative change of a precision in the last iteration.
  public var tolerance: Double
  /// Iterations at the most.
  public var iterationLimit: Int

  /// The iteration with its settings.
  public init(
    ceiling: Double = 1e10, fitsNoise: Bool = true, tolerance: Double = 1e-10,
    iterationLimit: Int = 1000
  ) {
    self.ceiling = ceiling
    self.fitsNoise = fitsNoise
    self.tolerance = tolerance
    self.iterationLimit = iterationLimit
  }

  /// How the iteration ended.
  public enum Outcome: Sendable, Hashable, CustomStringConvertible {
    /// The largest relative change is within the tolerance.
    case converged
    /// Not within the tolerance yet: allow more iterations, or continue from the result.
    case iterationLimit
    /// The weights reproduce the targets and b grows without end: keep b fixed, or share precisions.
    case noiseFree

    public var description: String {
      switch self {
      case .converged: "converged"
      case .iterationLimit: "not converged: allow more iterations, or continue from the result"
      case .noiseFree:
        "the noise precision grows without end, since the weights reproduce the targets: "
          + "keep it fixed, or let weights share precisions"
      }
    }
  }

  /// Where the iteration ended, and how.
  public struct Report: Sendable {
    /// The precisions in the last iteration.
    public var precisions: Precisions
    /// The evidence there.
    public var evidence: LinearGaussianInference.Evidence
    /// How the iteration ended.
    public var outcome: Outcome
    /// Iterations made.
    public var iterations: Int
    /// The largest relative change in the last iteration.
    public var change: Double
    /// Groups whose precision is at the ceiling.
    public var pruned: [Int]
    /// Groups whose inputs are all zero: the evidence does not depend on their precision, which is
    /// left as it was.
    public var undetermined: [Int]
    /// The largest |h dE/dh| over the precisions that are free: neither pruned nor held.
    public var gradient: Double
  }

  /// Iterates from a point.
  /// - Throws: `BilevelError` for settings out of range and as `LinearGaussianInference.evidence`.
  public func run(
    _ inference: LinearGaussianInference, from start: Precisions
  ) throws -> Report {
    guard ceiling > 1, ceiling.isFinite, tolerance >= 0, iterationLimit >= 1 else {
      throw BilevelError.invalid(
        "a fixed point with ceiling \(ceiling), tolerance \(tolerance) and \(iterationLimit) "
          + "iterations",
        remedy: "needs a ceiling above 1, a tolerance of at least 0, 1 iteration or more")
    }
    let model = inference.model
    let columns = Self.columns(model)
    let size = try model.targets.scalars(Double.self).reduce(0) { $0 + $1 * $1 }
    let n = Double(model.exampleCount)
    var a = try start.weights.doubles()
    var b = try start.noise.item()
    var evidence = try inference.evidence(at: start)
    var atCeiling = [Bool](repeating: false, count: a.count)
    var outcome = Outcome.iterationLimit
    var change = Double.infinity
    var iterations = 0
    while iterations < iterationLimit {
      iterations += 1
      var nextB = b
      if fitsNoise {
        nextB = (n - evidence.determined.reduce(0, +)) / evidence.squaredResidual
        // Residuals of a millionth of the targets are rounding errors.
        guard nextB * size < 1e12 * n else {
          outcome = .noiseFree
          break
        }
      }
      change = abs(nextB / b - 1)
      for group in a.indices where columns[group] > 0 {
        let next = evidence.determined[group] / evidence.squaredMeans[group]
        let limit = ceiling * nextB * columns[group]
        // A mean of exactly zero gives infinity.
        atCeiling[group] = !(next < limit)
        let value = atCeiling[group] ? limit : next
        change = max(change, abs(value / a[group] - 1))
        a[group] = value
      }
      b = nextB
      evidence = try inference.evidence(at: Precisions(weights: a, noise: b))
      if change <= tolerance {
        outcome = .converged
        break
      }
    }
    let slope = try evidence.gradient.weights.scalars(Double.self)
    let free = a.indices.filter { columns[$0] > 0 && !atCeiling[$0] }
    let noiseSlope = fitsNoise ? abs(b * (try evidence.gradient.noise.item())) : 0
    return Report(
      precisions: Precisions(weights: a, noise: b), evidence: evidence, outcome: outcome,
      iterations: iterations, change: change, pruned: a.indices.filter { atCeiling[$0] },
      undetermined: a.indices.filter { columns[$0] == 0 },
      gradient: free.reduce(noiseSlope) { max($0, abs(a[$1] * slope[$1])) })
  }

  /// The mean of |x_i|^2 over each group.
  private static func columns(_ model: LinearGaussianModel) -> [Double] {
    var sums = [Double](repeating: 0, count: model.groups.count)
    for (index, norm) in zip(model.groups.indices, model.columnNorms) { sums[index] += norm }
    return zip(sums, model.groups.sizes).map { $0 / Double($1) }
  }
}

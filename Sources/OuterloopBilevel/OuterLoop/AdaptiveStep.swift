public import OuterloopAutodiff
internal import OuterloopLearning
internal import OuterloopNumerics

/// A step size that follows the outer loss (Pedregosa 2016, after its public code), for hypergradients
/// that are known up to a tolerance:
///
///     lambda' = Proj(lambda - s g);   p = g . (lambda - lambda'), the decrease promised
///     E(lambda') <= E(lambda) - p/2:              accept, s /= 0.95
///     E(lambda') <= E(lambda) - p/4:              accept
///     E(lambda') <  E(lambda) + 0.2 |E(lambda)|:  accept, s /= 2
///     else:                                       go back to lambda, s /= 2
///
/// On a quadratic of curvature L the first line holds for s <= 1/L, the second for s <= 3/2 1/L. A rise is
/// accepted since both values may be off by the tolerance of their inner solutions.
///
/// Every update makes one projected step; after a rejection it is the shorter step from the same point,
/// along the same hypergradient. The loss at a new point comes with the next hypergradient, so nothing
/// extra is evaluated.
///
/// Differs from the source, which takes the step twice, clips to a box of its own, and keeps s where the
/// decrease is poor: steps then settle into a cycle around the minimum.
public struct AdaptiveStep: Sendable, Hashable {
  /// The first s; nil for one that moves lambda by a root mean square of 1, right for logarithms.
  public var initial: Double?
  /// What s is divided by after a step with half of the decrease it promised.
  public var growth: Double
  /// What s is divided by after a step with less than a quarter of it.
  public var shrinkage: Double
  /// The rise that is rejected, relative to |E|.
  public var rise: Double

  /// The rule with its settings.
  public init(
    initial: Double? = nil, growth: Double = 0.95, shrinkage: Double = 2, rise: Double = 0.2
  ) {
    self.initial = initial
    self.growth = growth
    self.shrinkage = shrinkage
    self.rise = rise
  }

  /// The last accepted point, and the step from it.
  public struct Anchor<Hyper: Structure>: Sendable {
    /// lambda.
    public var hyper: Hyper
    /// The hypergradient at lambda.
    public var gradient: Hyper
    /// The outer loss there.
    public var loss: Double
    /// s
    public var step: Double
    /// Steps from this point that were too long.
    public var rejections: Int

    /// `lambda - s g`
    func moved() throws -> Hyper {
      let (point, slope) = (try hyper.flat(), try gradient.flat())
      return hyper.holding(zip(point, slope).map { $0 - step * $1 })
    }
  }

  func next<Hyper: Structure>(
    after anchor: Anchor<Hyper>?, at hyper: Hyper, gradient: Hyper, loss: Double
  ) throws -> Anchor<Hyper> {
    try validate()
    guard loss.isFinite else {
      throw BilevelError.invalid(
        "an adaptive step at an outer loss of \(loss)",
        remedy: "lower the first step, or start elsewhere")
    }
    if let anchor {
      let types = hyper.leafTypes
      guard anchor.hyper.leafTypes == types, anchor.gradient.leafTypes == types else {
        throw BilevelError.invalid(
          "an adaptive step from \(anchor.hyper.leafTypes) to \(types)",
          remedy: "begin with `start(at:)`")
      }
    }
    guard var anchor else {
      let size = try gradient.flat().reduce(0) { $0 + $1 * $1 }.squareRoot()
      let count = Double(hyper.elementCount)
      let step = initial ?? (size > 0 ? count.squareRoot() / size : 1)
      return Anchor(hyper: hyper, gradient: gradient, loss: loss, step: step, rejections: 0)
    }
    if loss >= anchor.loss + rise * Swift.abs(anchor.loss), loss > anchor.loss {
      anchor.step /= shrinkage
      anchor.rejections &+= 1
      return anchor
    }
    let promised = zip(
      try anchor.gradient.flat(), zip(try anchor.hyper.flat(), try hyper.flat())
    ).reduce(0) { $0 + $1.0 * ($1.1.0 - $1.1.1) }
    var step = anchor.step
    if loss <= anchor.loss - promised / 2 {
      step /= growth
    } else if loss > anchor.loss - promised / 4 {
      step /= shrinkage
    }
    return Anchor(hyper: hyper, gradient: gradient, loss: loss, step: step, rejections: 0)
  }

  private func validate() throws {
    guard initial.map({ $0 > 0 && $0 < .infinity }) ?? true, growth > 0, growth <= 1,
      shrinkage > 1, shrinkage < .infinity, rise >= 0
    else {
      throw BilevelError.invalid(
        "an adaptive step with \(self)",
        remedy: "the first step must be above 0, growth in (0, 1], shrinkage above 1 and rise at "
          + "least 0")
    }
  }
}

extension Structure {
  fileprivate func flat() throws -> [Double] { try leaves.flatMap { try $0.doubles() } }
}

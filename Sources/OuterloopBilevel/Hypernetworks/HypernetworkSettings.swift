/// What `.hypernetwork` learns and how it explores around lambda. Defaults are those of the
/// reference network of MacKay et al. (2019), but without its warm-up.
public struct HypernetworkSettings: Sendable, Hashable {
  /// Sizes of hidden layers between lambda and the weights; none is a linear response.
  public var hidden: [Int]
  /// s: where the standard deviations of the perturbations of lambda start, one for each number of
  /// lambda. Large ones blur the response; at 0 nothing can be learned about it.
  public var scale: Double
  /// Adam's rate for s; nil keeps s as it is.
  public var scaleRate: Double?
  /// tau: what a nat of the perturbations' entropy is worth; it keeps s from vanishing.
  public var entropyWeight: Double
  /// Perturbations per step, in pairs +e and -e, so that terms odd in e cancel exactly.
  public var samples: Int
  /// Training steps before the first update of lambda, while the response is still untrained.
  public var warmUp: Int
  /// Adam's rate for the hidden layers; everything else is trained by the problem's optimizer.
  public var trunkRate: Double
  /// Names the perturbations.
  public var seed: UInt64
  /// Whether results carry dw/dlambda: P Q numbers each time, and with hidden layers P Q H products.
  public var reportsSlopes: Bool

  /// Settings; all have defaults.
  public init(
    hidden: [Int] = [], scale: Double = 0.5, scaleRate: Double? = 3e-3,
    entropyWeight: Double = 1e-3, samples: Int = 2, warmUp: Int = 0, trunkRate: Double = 1e-3,
    seed: UInt64 = 0, reportsSlopes: Bool = true
  ) {
    self.hidden = hidden
    self.scale = scale
    self.scaleRate = scaleRate
    self.entropyWeight = entropyWeight
    self.samples = samples
    self.warmUp = warmUp
    self.trunkRate = trunkRate
    self.seed = seed
    self.reportsSlopes = reportsSlopes
  }

  /// What is wrong with the settings; nil if nothing is.
  var problem: (reason: String, remedy: String)? {
    let most = Self.countLimit
    if hidden.contains(where: { $0 < 1 || $0 > most }) {
      return ("hidden layers of sizes \(hidden)", "use sizes in 1...\(most)")
    }
    if !(scale > 0 && scale.isFinite) {
      return ("perturbations of scale \(scale)", "use a positive number, as 0.5")
    }
    if samples < 1 || samples > most {
      return ("\(samples) perturbations a step", "use 1...\(most)")
    }
    if warmUp < 0 || warmUp > most {
      return ("a warm-up of \(warmUp) steps", "use 0...\(most)")
    }
    let rates = [scaleRate ?? 0, entropyWeight, trunkRate]
    if !rates.allSatisfy({ $0 >= 0 && $0.isFinite }) {
      return (
        "scaleRate, entropyWeight and trunkRate of \(rates)", "use finite numbers, 0 or more"
      )
    }
    return nil
  }

  private static let countLimit = 1 << 24
}

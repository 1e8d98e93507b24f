internal import OuterloopStudy

/// The epochs at which trials are compared, and how many of them are promoted.
///
/// With R epochs of a full training and a reduction factor eta, s_max is the largest s with eta^s
/// r_min <= R. The bracket s starts n trials and has s + 1 rungs; rung i of it is
///
///     n   = ceil((s_max + 1) eta^s / (s + 1))
///     n_i = floor(n / eta^i)
///     r_i = R / eta^(s - i), rounded to the nearest whole number
///
/// (Li et al. 2018, Hyperband, Algorithm 1). Everything is computed in integers: a floating-point logarithm
/// loses a bracket where R is a power of eta, and the truncated R eta^-s of some implementations never
/// reaches R. Here the top rung is always R.
struct Bracket: Sendable, Equatable {
  /// Trials on each rung, if none fails.
  let sizes: [Int]
  /// The epochs of each rung, ascending; the last is R.
  let epochs: [Int]

  /// The bracket with s + 1 rungs.
  /// - Parameters:
  ///   - epochs: R, at most `mostEpochs`.
  ///   - least: s_max.
  init(_ s: Int, of most: Int, epochs: Int, factor: Int) {
    let power = Self.power(factor, s)
    let begun = ((most + 1) * power + s) / (s + 1)
    sizes = (0...s).map { begun / Self.power(factor, $0) }
    self.epochs = (0...s).map { rung in
      let share = Self.power(factor, s - rung)
      let (whole, rest) = epochs.quotientAndRemainder(dividingBy: share)
      return whole + (rest >= share - rest ? 1 : 0)
    }
  }

  /// So that no product overflows.
  static let mostEpochs = 1_000_000_000

  /// s_max.
  static func most(epochs: Int, factor: Int, least: Int) -> Int {
    var (s, reached) = (0, least)
    while reached <= epochs / factor {
      reached *= factor
      s += 1
    }
    return s
  }

  /// All brackets, from the one with the most trials to the one whose trials are all trained to the end.
  static func all(epochs: Int, factor: Int, least: Int = 1) -> [Bracket] {
    let most = most(epochs: epochs, factor: factor, least: least)
    return stride(from: most, through: 0, by: -1).map {
      Bracket($0, of: most, epochs: epochs, factor: factor)
    }
  }

  private static func power(_ base: Int, _ exponent: Int) -> Int {
    (0..<exponent).reduce(1) { product, _ in product * base }
  }
}

/// The options common to all schedulers with rungs.
protocol RungOptions: MethodOptions {
  /// eta: one in this many trials is promoted.
  var factor: Int { get set }
  /// The smallest number of epochs of the first rung.
  var least: Int { get set }
}

extension RungOptions {
  static var rungDeclarations: [MethodOption<Self>] {
    [
      .whole("factor", \Self.factor, 2...1000, "one trial in this many on a rung is promoted"),
      .whole("least", \Self.least, 1...1_000_000, "fewest epochs of the first rung"),
    ]
  }

  /// The brackets of a study.
  /// - Throws: `StudyError` for options out of range and for studies that have no epochs.
  func brackets(_ specification: StudySpecification) throws -> [Bracket] {
    try check()
    try Self.requireEpochs(specification)
    guard specification.epochs <= Bracket.mostEpochs else {
      throw StudyError(
        "the scheduler \(Self.owner) cannot divide \(specification.epochs) epochs",
        "use \(Bracket.mostEpochs) epochs or fewer")
    }
    return Bracket.all(epochs: specification.epochs, factor: factor, least: least)
  }
}

extension MethodOptions {
  /// - Throws: `StudyError` for studies in which there is nothing to decide.
  static func requireEpochs(_ specification: StudySpecification) throws {
    guard specification.epochs > 1 else {
      throw StudyError(
        "the scheduler \(owner) has nothing to decide: a full training has one epoch",
        "say how many epochs it has: --epochs 27")
    }
  }
}

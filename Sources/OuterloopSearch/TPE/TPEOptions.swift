public import OuterloopStudy

/// The options of TPE. The defaults are those of Optuna 5, except for `branches` and `kernels`.
public struct TPEOptions: Sendable, Hashable {
  /// Random trials before the model is used; complete and pruned ones count.
  public var startup = 10
  /// Candidates drawn from the density of good trials for every proposal.
  public var candidates = 24
  /// One joint density over all parameters that are active together, instead of one for each alone;
  /// nil: joint for one objective and with `group`, alone for several.
  public var multivariate: Bool?
  /// Whether parameters with the same condition are modelled jointly instead of alone. Not with
  /// `multivariate` false.
  public var group = false
  /// Whether branches are chosen by their potential, and each branch is searched according to its own
  /// good trials. Off: as in Optuna, which tends to stay in the branch that is ahead early. No effect if
  /// no condition depends on a choice.
  public var branches = true
  /// Whether running trials count as bad, so that parallel workers explore different regions.
  public var constantLiar = true
  /// The weight of the uniform prior, relative to observations of weight at most 1.
  public var priorWeight = 1.0
  /// Bandwidths of at least a hundredth of the range.
  public var magicClip = true
  /// Ends of ranges count as neighbours of the outermost observations.
  public var endpoints = false
  /// The approximate limit on kernels in a joint density of bad trials. With more trials, the newest
  /// and an even sample of the older are used (Optuna uses all), so that the cost of a proposal is
  /// independent of the number of trials. 0: all, at O(n d) for a proposal, which finds somewhat
  /// better points after thousands of trials with few parameters.
  public var kernels = 3072
  /// Whether to rebuild the densities from all trials for each proposal instead of updating them:
  /// the reference implementation.
  public var exact = false

  public init() {}

  func parzen(equalWeights: Bool) -> ParzenOptions {
    var options = ParzenOptions()
    options.priorWeight = priorWeight
    options.magicClip = magicClip
    options.endpoints = endpoints
    options.weights = equalWeights ? .equal : .recency
    return options
  }
}

extension TPEOptions: MethodOptions {
  /// Parses the options of a description.
  /// - Throws: `StudyError` for an unknown name, a value of another kind or out of range, and options
  ///   that exclude one another.
  public init(_ given: [String: ParameterValue]) throws { try self.init(reading: given) }

  static let owner = "tpe"

  static let declarations: [MethodOption<Self>] = [
    .whole("startup", \.startup, 0...1_000_000_000, "random trials before the model is used"),
    .whole(
      "candidates", \.candidates, 1...100_000,
      "candidates drawn for each proposal, of which the best is used"),
    .flag(
      "multivariate", \.multivariate, standard: "true for one objective, false for several",
      "one density over all parameters, or one for each"),
    .flag(
      "group", \.group,
      "parameters of the same condition are one density too; not with `multivariate=false`"),
    .flag(
      "branches", \.branches,
      "choices that conditions depend on are made by what their branches can reach; false: as "
        + "in Optuna, which keeps to the branch that leads early"),
    .flag(
      "constantLiar", \.constantLiar,
      "running trials count as bad, so that parallel workers explore different regions"),
    // With fewer, the newest 25, whose weights are one, would not all be included.
    .whole(
      "kernels", \.kernels, 200...1_000_000_000, zero: "all trials",
      "trials in a joint density; of more, it uses a sample"),
    .number(
      "priorWeight", \.priorWeight, 1e-6...1e6,
      "the weight of the prior, relative to a trial's"),
    .flag("magicClip", \.magicClip, "no bandwidth below a hundredth of the range"),
    .flag(
      "endpoints", \.endpoints, "ends of ranges count as neighbours of the outermost trials"),
    .flag(
      "exact", \.exact,
      "densities of all trials, rebuilt for each proposal: slow, for comparisons; not with "
        + "`kernels`"),
  ]

  func checkTogether(given: Set<String>) throws {
    if group, multivariate == false {
      throw StudyError(
        "the options multivariate=false and group=true of tpe exclude one another",
        "groups are joint densities: leave one of the two out")
    }
    if exact, given.contains("kernels"), kernels != 0 {
      throw StudyError(
        "the options exact=true and kernels=\(kernels) of tpe exclude one another",
        "exact densities are of all trials: leave one of the two out")
    }
  }
}

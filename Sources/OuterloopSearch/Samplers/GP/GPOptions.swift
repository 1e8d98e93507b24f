public import OuterloopStudy

/// What may be chosen about the Gaussian-process sampler.
public struct GPOptions: Sendable, Hashable {
  /// The middle of the space and Sobol points before the model is used; trials that have ended count, those that
  /// reported derivatives twice. As many as Optuna draws.
  public var startup = 10
  /// How often hyperparameters are fitted anew: while trials double, so many times; after every trial while
  /// there are fewer than twice as many.
  public var fits = 25
  /// Points all over the space among which a proposal looks for places to begin.
  public var candidates = 2048
  /// How many trials the model takes at most: of more, the best half as many and the newest of the others.
  /// A proposal costs the square of that number.
  public var observations = 500
  /// How many derivatives that trials reported the model takes at most, each of which costs as much as a trial:
  /// those of the best and the newest trials, of each the largest. 0: none.
  public var gradients = 120
  /// Whether to search near the best trial only, in a box that grows with success and shrinks without
  /// (`TrustRegion`): for many dimensions and many trials.
  public var trustRegion = false
  /// Whether to believe that few parameters matter (`KernelPrior`, sparse axis-aligned subspaces): for
  /// many dimensions. Four models, at four times the cost.
  public var saas = false
  /// Whether to change few parameters of the best trial, as long as that promises nearly as much
  /// (`SparseChanges`).
  public var sparseChanges = false

  public init() {}
}

extension GPOptions: MethodOptions {
  /// The options of a description, by their names.
  /// - Throws: `StudyError` for an unknown name, a value of another kind or out of range.
  public init(_ given: [String: ParameterValue]) throws { try self.init(reading: given) }

  static let owner = "gp"

  static let declarations: [MethodOption<Self>] = [
    .whole(
      "startup", \.startup, 2...1_000_000_000,
      "evenly spread trials before the model is used; those with derivatives count twice"),
    .whole(
      "fits", \.fits, 1...1000,
      "how often the model's hyperparameters are fitted while trials double; after each trial up to twice "
        + "as many"),
    .whole(
      "candidates", \.candidates, 16...65536,
      "points all over the space among which a proposal looks for where to begin"),
    .whole(
      "observations", \.observations, 10...5000,
      "trials that the model takes at most: of more, the best and the newest"),
    .whole(
      "gradients", \.gradients, 10...5000, zero: "none",
      "reported derivatives that the model takes at most, of the best and the newest trials; for one "
        + "objective"),
    .flag(
      "trustRegion", \.trustRegion,
      "searches near the best trial, in a box that grows with success and shrinks without; for one "
        + "objective"),
    .flag("saas", \.saas, "believes that few parameters matter; four times as slow"),
    .flag(
      "sparseChanges", \.sparseChanges,
      "changes as few parameters of the best trial as promise nearly as much"),
  ]
}

public import OuterloopStudy

/// The options of the Gaussian-process sampler.
public struct GPOptions: Sendable, Hashable {
  /// The number of initial trials (the middle of the space and Sobol points) before the model is used; finished
  /// trials count, twice if they reported derivatives. The default is Optuna's.
  public var startup = 10
  /// How often hyperparameters are refitted while the number of trials doubles; after every trial up to
  /// twice this number.
  public var fits = 25
  /// Points across the space among which a proposal looks for starting points.
  public var candidates = 2048
  /// The largest number of trials in the model: of more, half the slots go to the best and half to the
  /// newest of the others. The cost of a proposal grows with its square.
  public var observations = 500
  /// The largest number of reported derivatives in the model, each of which costs as much as a trial: those of
  /// the best and the newest trials, of each the largest. 0: none.
  public var gradients = 120
  /// Whether to search only near the best trial, in a box that grows with success and shrinks with
  /// failure (`TrustRegion`): for many dimensions and many trials.
  public var trustRegion = false
  /// Whether to assume that few parameters matter (`KernelPrior`, sparse axis-aligned subspaces): for
  /// many dimensions. Four models, at four times the cost.
  public var saas = false
  /// Whether to change only a few parameters of the best trial, as long as the acquisition value is
  /// nearly as large (`SparseChanges`).
  public var sparseChanges = false

  public init() {}
}

extension GPOptions: MethodOptions {
  /// Parses the options of a description.
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

internal import OuterloopStudy

/// What may be chosen about TPE. The defaults are those of Optuna 5, but for `kernels`.
public struct TPEOptions: Sendable, Hashable {
  /// Random trials before the model is used; complete and pruned ones count.
  public var startup = 10
  /// Candidates drawn from the density of good trials for every proposal.
  public var candidates = 24
  /// One joint density over all parameters that are active together, instead of one for each alone;
  /// nil: joint for one objective and with `group`, alone for several.
  public var multivariate: Bool?
  /// Parameters with a condition are joined with those of the same condition, instead of being modelled
  /// alone. Not with `multivariate` false.
  public var group = false
  /// Trials that run count as bad ones, so that parallel workers keep apart.
  public var constantLiar = true
  /// The weight of the uniform prior beside observations of weight at most 1.
  public var priorWeight = 1.0
  /// Bandwidths of at least a hundredth of the range.
  public var magicClip = true
  /// Ends of ranges count as neighbours of the outermost observations.
  public var endpoints = false
  /// How many kernels a joint density of bad trials has, about, at most. Of more trials than that the
  /// newest and an even sample of the older are used (Optuna uses all), so that a proposal costs the
  /// same whatever the number of trials. 0: all, at O(n d) for a proposal, which finds somewhat better
  /// points in thousands of trials where parameters are few.
  public var kernels = 3072
  /// Densities of all trials, made anew for each proposal, instead of kept up to date: the slow
  /// reference.
  public var exact = false

  public init() {}

  /// What differs from the defaults, for the store.
  var description: [String: ParameterValue] {
    let standard = TPEOptions()
    var all: [String: ParameterValue] = [:]
    func note<T: Equatable>(
      _ name: String, _ path: KeyPath<TPEOptions, T>, _ value: (T) -> ParameterValue?
    ) {
      if self[keyPath: path] != standard[keyPath: path] { all[name] = value(self[keyPath: path]) }
    }
    note("startup", \.startup) { .int($0) }
    note("candidates", \.candidates) { .int($0) }
    note("multivariate", \.multivariate) { $0.map { .bool($0) } }
    note("group", \.group) { .bool($0) }
    note("constantLiar", \.constantLiar) { .bool($0) }
    note("priorWeight", \.priorWeight) { .float($0) }
    note("magicClip", \.magicClip) { .bool($0) }
    note("endpoints", \.endpoints) { .bool($0) }
    note("kernels", \.kernels) { .int($0) }
    note("exact", \.exact) { .bool($0) }
    return all
  }

  func parzen(equalWeights: Bool) -> ParzenOptions {
    var options = ParzenOptions()
    options.priorWeight = priorWeight
    options.magicClip = magicClip
    options.endpoints = endpoints
    options.weights = equalWeights ? .equal : .recency
    return options
  }
}

import Outerloop

/// What can be chosen about the training of a network of dense layers.
public struct NetworkSettings: Sendable, Hashable {
  public enum Rule: String, Sendable {
    case sgd, adam
  }

  public var optimizer = Rule.adam
  /// The learning rate at the first step; it falls to 0 along a cosine over all epochs.
  public var rate = 0.003
  /// Only of `sgd`.
  public var momentum = 0.0
  /// The weight of half the squared norm of all parameters in the loss.
  public var decay = 1e-4
  /// Hidden layers, and units of each.
  public var layers = 2
  public var units = 64
  /// Examples of a step.
  public var batch = 32
  /// The share of hidden units that are left out of a step at random.
  public var dropout = 0.0
  /// The share of a target that is spread evenly over all classes.
  public var smoothing = 0.0

  public init() {}
}

/// The search space of `NetworkSettings`, with handles to read a trial by.
public struct NetworkSpace: Sendable {
  public private(set) var space = SearchSpace()
  private let optimizer: Handle<String>
  private let rate, decay, dropout, smoothing: Handle<Double>
  private let momentum: Handle<Double?>
  private let layers, units: Handle<Int>
  private let batch: Handle<Double>

  public init() throws {
    optimizer = try space.choice("optimizer", ["sgd", "adam"])
    rate = try space.float("rate", 1e-4...1, log: true)
    momentum = try space.when("optimizer == sgd") { try $0.float("momentum", 0...0.99) }
    decay = try space.float("decay", 1e-6...1e-1, log: true)
    layers = try space.int("layers", 1...3)
    units = try space.int("units", 8...256, log: true)
    batch = try space.ordinal("batch", [16, 32, 64, 128])
    dropout = try space.float("dropout", 0...0.6)
    smoothing = try space.float("smoothing", 0...0.3)
  }

  /// The settings of a trial.
  public func settings(of trial: RunningTrial) -> NetworkSettings {
    var settings = NetworkSettings()
    settings.optimizer = NetworkSettings.Rule(rawValue: trial[optimizer]) ?? .adam
    settings.rate = trial[rate]
    settings.momentum = trial[momentum] ?? 0
    settings.decay = trial[decay]
    settings.layers = trial[layers]
    settings.units = trial[units]
    settings.batch = Int(trial[batch])
    settings.dropout = trial[dropout]
    settings.smoothing = trial[smoothing]
    return settings
  }
}

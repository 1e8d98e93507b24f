public import OuterloopNumerics

/// The part of training that one hypergradient differentiates: all of it from s_0, or, in an online
/// run, the steps since the last update, from the state where they started.
///
/// Estimators count the steps of their window, t = 1...`steps`; the optimizer's time and the data
/// follow the numbers below.
public struct Window: Sendable {
  /// Steps of this training before the window: the optimizer's step count.
  public internal(set) var first = 0
  /// The number of steps.
  public internal(set) var steps: Int
  /// Number of the batch of the window's first step, among all batches of the run.
  public internal(set) var batch = 0
  /// Number of the validation batch that belongs to the window's first step.
  public internal(set) var validation = 0
  /// Whether training continues after the window, with consecutive data, as in an online run.
  public internal(set) var continues = false
  /// The state at its start; nil for s_0, which may depend on lambda.
  public internal(set) var start: [Tensor]?
}

public import OuterloopAutodiff
public import OuterloopNumerics

/// An optimizer whose update is a function with parameters of its own, to be trained: its tensors
/// are the hyperparameters of `BilevelProblem.init(steps:batches:weights:learner:...)`.
///
/// It works on all weights as one vector of P coordinates (see `WeightLayout`).
public protocol LearnedOptimizer: Structure {
  /// What it carries from step to step.
  associatedtype Memory: Structure

  /// The memory before the first step; of the parameters only shapes and types may be used.
  func memory(coordinates: Int) -> Memory

  /// The change of the weights, (P), to be *added*, for a gradient (P).
  func update(_ gradient: Tensor, _ memory: Memory) -> (update: Tensor, memory: Memory)
}

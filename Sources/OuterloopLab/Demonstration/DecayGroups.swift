internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopLearning
internal import OuterloopNumerics

/// An underdetermined linear regression with feature groups of different importance, each with its own weight
/// decay: its validation loss after training, and the derivatives with respect to the decays.
public struct DecayGroups: Sendable {
  public static let groups = 5
  private static let width = 6
  private static let steps = 100
  private let problem: BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>

  /// - Parameter seed: the seed of the data.
  public init(seed: UInt64) {
    let features = Self.groups * Self.width
    let keys = RandomKey(seed: seed, purpose: "decay-groups").split(4)
    let scales = concatenate(
      (0..<Self.groups).map { Tensor(repeating: $0 % 2 == 0 ? 1 : 0.1, shape: [Self.width]) })
    let truth = scales * keys[0].normal([features])
    let (x, held) = (keys[1].normal([40, features]), keys[2].normal([200, features]))
    let y = matmul(x, truth) + 2 * keys[3].normal([40])
    problem = BilevelProblem(
      steps: Self.steps, weights: { (_: Tensor) in Tensor.zeros([features]) },
      optimizer: { _, _ in .momentum(rate: 0.02, momentum: 0.9) },
      loss: { w, decays in
        Loss.squaredError(matmul(x, w), y)
          + (decays * w.square().reshaped([Self.groups, Self.width]).sum(axes: [1])).sum()
      },
      outer: { w, _ in Loss.squaredError(matmul(held, w), matmul(held, truth)) })
  }

  /// The loss for given decays, one for each group, and its derivatives through the entire training.
  public func result(decays: [Double]) throws -> (loss: Double, derivatives: [Double]) {
    let result = try problem.hypergradient(at: Tensor(decays, dtype: .float32))
    return (result.loss, try result.gradient.scalars(Float.self).map(Double.init))
  }
}

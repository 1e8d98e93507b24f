internal import OuterloopAutodiff
internal import OuterloopNumerics
internal import Synchronization

/// The compiled problems of one `BilevelProblem`, by the types and names of its hyperparameters:
/// structures that name their tensors at run time may come in another order.
final class CompiledCache: Sendable {
  private struct Key: Hashable {
    var types: [TensorType]
    var names: [String]
  }
  private let problems = Mutex<[Key: CompiledProblem]>([:])

  func problem(
    for hyper: some Structure, make: () throws -> CompiledProblem
  ) throws -> CompiledProblem {
    let key = Key(types: hyper.leafTypes, names: hyper.leafNames)
    if let known = problems.withLock({ $0[key] }) { return known }
    let made = try make()
    problems.withLock { $0[key] = made }
    return made
  }
}

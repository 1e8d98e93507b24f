internal import OuterloopAutodiff
internal import OuterloopNumerics
internal import Synchronization

/// The compiled problems of one `BilevelProblem`, by the types and names of its hyperparameters:
/// structures that name their tensors at run time may have another order.
final class CompiledCache: Sendable {
  private struct Key: Hashable {
    var types: [TensorType]
    var names: [String]
  }
  private let problems = Mutex<[Key: CompiledProblem]>([:])

  /// The problems that this task is working on.
  @TaskLocal private static var underWay: [ObjectIdentifier] = []

  func problem(
    for hyper: some Structure, make: () throws -> CompiledProblem
  ) throws -> CompiledProblem {
    let key = Key(types: hyper.leafTypes, names: hyper.leafNames)
    if let known = problems.withLock({ $0[key] }) { return known }
    let made = try make()
    problems.withLock { $0[key] = made }
    return made
  }

  /// Does work that calls the problem's closures or runs its programs. A closure that asked for
  /// such work again would deadlock.
  func working<Result>(_ body: () throws -> Result) throws -> Result {
    let own = ObjectIdentifier(self)
    guard !Self.underWay.contains(own) else {
      throw BilevelError.invalid(
        "a closure of a bilevel problem asks for a hypergradient or a solution of the same "
          + "problem", remedy: "compute it outside, and give the closure its values")
    }
    return try Self.$underWay.withValue(Self.underWay + [own], operation: body)
  }
}

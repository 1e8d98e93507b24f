internal import OuterloopAutodiff
public import OuterloopNumerics

extension OuterLoop {
  /// Minimises a scalar of the hyperparameters that needs no training: the negative evidence of a
  /// model, say. The same steps, constraints and state as for a hypergradient.
  ///
  /// - Parameters:
  ///   - objective: traced once, with its gradient.
  ///   - onUpdate: called after each update with its number, from 1, the objective before it and the
  ///     hyperparameters after it; return false to stop early.
  /// - Throws: `BilevelError` when the objective or its gradient is not finite.
  public func minimize(
    from hyper: Hyper, updates: Int,
    onUpdate: (Int, Double, Hyper) throws -> Bool = { _, _, _ in true },
    of objective: @escaping @Sendable (Hyper) throws -> Tensor
  ) throws -> State {
    guard updates >= 0 else {
      throw BilevelError.invalid("`updates` is \(updates)", remedy: "use 0 or more")
    }
    let derivative = Compiled { (hyper: Hyper) in
      let (value, slope) = try valueAndGradient(at: hyper, of: objective)
      return Pair(value, slope)
    }
    let names =
      ["the objective"] + hyper.leafNames.map { "the gradient of \($0.isEmpty ? "lambda" : $0)" }
    var state = try start(at: hyper)
    while state.updates < updates {
      let update = state.updates + 1
      let pair = try derivative(state.hyper)
      let value = try pair.first.item()
      for (leaf, name) in zip(pair.leaves, names) where !(try leaf.isAllFinite()) {
        throw BilevelError.invalid(
          "\(name) is not finite after \(update - 1) updates",
          remedy: "start elsewhere, or lower the rate of the outer loop")
      }
      state = try step(state, along: pair.second, loss: value)
      guard try onUpdate(update, value, state.hyper) else { break }
    }
    return state
  }
}

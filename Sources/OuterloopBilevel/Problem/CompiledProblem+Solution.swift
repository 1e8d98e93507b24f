internal import OuterloopAutodiff
internal import OuterloopNumerics

// What methods ask that differentiate the minimum of the inner loss rather than the path to it.
extension CompiledProblem {
  /// The objective, for a method whose hypergradient is that of the minimum `w*(lambda)`.
  ///
  /// Refused are hyperparameters that do not move it, whose derivative would be 0 by construction,
  /// and outer losses of more than the weights.
  func requireSolution(_ method: some HypergradientMethod) throws -> CompiledObjective {
    let objective = try requireObjective(method)
    let moves = try slopeUses(objective)
    let blind = hyperNames.indices.filter { !moves[$0] && !outerUses[$0] }.map { hyperNames[$0] }
    guard blind.isEmpty else {
      throw method.refused(
        "neither the gradient of the inner loss nor the outer loss reads "
          + blind.joined(separator: ", ") + ": numbers of the optimizer and initial weights do not "
          + "move the minimum, so the answer is always 0 for them",
        "use reverse or forward, or take them out of the hyperparameters")
    }
    let buffers = try outerStage().usesInput[weightTypes.count..<stateTypes.count]
    guard !buffers.contains(true) else {
      throw method.refused(
        "the outer loss reads the optimizer's buffers", "let it read the weights only")
    }
    return objective
  }

  /// The objective, for a method that answers 0 for whatever only the optimizer reads: a tensor of which
  /// a loss reads another part cannot be answered for.
  func requireSeparateNumbers(_ method: some HypergradientMethod) throws -> CompiledObjective {
    let objective = try requireSolution(method)
    let inUpdate = try updateUses(objective)
    for (name, isNumber) in zip(hyperNames, inUpdate) where isNumber {
      throw method.refused(
        "\(name) is read by the optimizer too, on whose numbers the minimum does not depend",
        "give the optimizer's numbers a tensor of their own, or use reverse")
    }
    guard try lossUses(objective).contains(true) else {
      throw method.refused(
        "no hyperparameter is read by the inner loss, so the minimum does not move",
        "use firstOrder, which is exact then")
    }
    return objective
  }

  /// Which hyperparameters grad_w L reads.
  private func slopeUses(_ objective: CompiledObjective) throws -> [Bool] {
    let graph = try Graph(tracing: lossInputs) { x in
      let a = lossArguments(x)
      return try gradient(at: a.weights) { try objective.loss($0, a.hyper, a.batch) }
    }
    let first = weightTypes.count + batchTypes.count
    return Array(graph.usedInputs[first..<(first + hyperTypes.count)])
  }
}

internal import OuterloopAutodiff
internal import OuterloopLearning
internal import OuterloopNumerics

// The programs of methods that look at one step at a time. They ask for derivatives by lambda only,
// so what the adjoint of the state would need is never computed. Each is a step, the outer loss where
// it ends, and an effect of lambda, judged there, in one program:
//
//     (s, batch, time, lambda, validation batch, x, gamma, c, extra)
//       -> (s', gamma x + c effect, E as float64, grad_lambda E)
//
// What the parts share is computed once: the gradient of the inner loss, the examples of a batch.
extension CompiledProblem {
  /// effect = grad_s E(s') B, of this very step.
  func localStage() throws -> Stage {
    try localStage("local") { a, outer, _ in
      try vjp(at: a.hyper, cotangent: outer) {
        try traceStep(a.state, a.batch, a.time, $0)
      }.cotangent
    }
  }

  /// extra = (s*, batch*), effect = grad_s E(s') B(s*, batch*): of a step from another state.
  func distilledStage() throws -> Stage {
    try localStage("distilled", with: stateTypes + batchTypes) { a, outer, extra in
      let state = Array(extra[..<stateTypes.count])
      let batch = Array(extra[stateTypes.count...])
      return try vjp(at: a.hyper, cotangent: outer) {
        try traceStep(state, batch, a.time, $0)
      }.cotangent
    }
  }

  /// extra = radius, effect = grad_s E(s') B by a difference of gradients:
  ///
  ///     (u, r) = grad_s E(s') times the derivative of the update by the gradient and by lambda
  ///     e = radius / ||u||
  ///     effect = r + grad_lambda [ L(w + e u) - L(w - e u) ] ||u|| / (2 radius)
  ///
  /// Where u = 0 both gradients are the same and their difference is 0.
  func differenceStage(_ objective: CompiledObjective) throws -> Stage {
    try localStage("difference", with: [TensorType([], .float64)]) { a, outer, extra in
      let weights = Array(a.state.prefix(weightTypes.count))
      let slope = try gradient(at: weights) { try objective.loss($0, a.hyper, a.batch) }
      let back = try vjp(at: Pair(slope, a.hyper), cotangent: outer) {
        try objective.update(a.state, $0.first, $0.second, a.time)
      }.cotangent
      let direction = back.first
      let length = sqrt(
        direction.map { $0.square().sum().cast(to: .float64) }.reduce(
          Tensor(0, dtype: .float64), +))
      let move = extra[0] / maximum(length, Tensor(1e-300, dtype: .float64))
      let moves = direction.map { move.cast(to: $0.dtype) * $0 }
      let (up, down) = (zip(weights, moves).map { $0 + $1 }, zip(weights, moves).map { $0 - $1 })
      let difference = try gradient(at: a.hyper) {
        try objective.loss(up, $0, a.batch) - objective.loss(down, $0, a.batch)
      }
      let factor = length / (2 * extra[0])
      return zip(back.second, difference).map { $0 + factor.cast(to: $0.dtype) * $1 }
    }
  }

  private func localStage(
    _ name: String, with extraTypes: [TensorType] = [],
    effect: (_ a: StepArguments, _ outer: [Tensor], _ extra: [Tensor]) throws -> [Tensor]
  ) throws -> Stage {
    try stage(name) {
      let number = TensorType([], .float64)
      let graph = try Graph(
        tracing: stepInputs + validationTypes + hyperTypes + [number, number] + extraTypes
      ) { x in
        let a = arguments(x)
        let (v, h) = (validationTypes.count, hyperTypes.count)
        let validation = Array(a.rest[..<v])
        let sum = a.rest[v..<(v + h)]
        let (gamma, c) = (a.rest[v + h], a.rest[v + h + 1])
        let next = try traceStep(a.state, a.batch, a.time, a.hyper)
        try requireStateTypes(next)
        let (loss, outer) = try valueAndGradient(at: Pair(next, a.hyper)) {
          try traceOuter($0.first, $0.second, validation)
        }
        let part = try effect(a, outer.first, Array(a.rest[(v + h + 2)...]))
        let moved = zip(sum, part).map { gamma.cast(to: $0.dtype) * $0 + c.cast(to: $0.dtype) * $1 }
        return next + moved + [loss.cast(to: .float64)] + outer.second
      }
      let first = stepInputs.count + validationTypes.count
      let donated = Dictionary(
        uniqueKeysWithValues: hyperTypes.indices.map { (stateTypes.count + $0, first + $0) })
      return try Stage(
        graph, invariant: stepInvariants, gives: stateTypes + hyperTypes + [number] + hyperTypes,
        donated: donated)
    }
  }

  /// (s, batch, time, lambda, a) -> a B: the effect of lambda through a step from any state.
  func effectStage() throws -> Stage {
    try stage("effect") {
      let graph = try Graph(tracing: stepInputs + stateTypes) { x in
        let a = arguments(x)
        return try vjp(at: a.hyper, cotangent: a.rest) {
          try traceStep(a.state, a.batch, a.time, $0)
        }.cotangent
      }
      return try Stage(graph, invariant: stepInvariants, gives: hyperTypes)
    }
  }
}

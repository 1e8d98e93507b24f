internal import OuterloopAutodiff
internal import OuterloopLearning
internal import OuterloopNumerics

// The programs of methods that look at one step at a time. They ask for derivatives by lambda only,
// so what the adjoint of the state would need is never computed.
extension CompiledProblem {
  /// (s, batch, time, lambda, validation batch, x, gamma)
  ///   -> (s', gamma x + grad_s E(s') B, E as float64, grad_lambda E)
  ///
  /// A step, the outer loss where it ends, and the effect of lambda through this step alone, in one
  /// program: the gradient of the inner loss is computed once for the step and its derivative.
  func localStage() throws -> Stage {
    try stage("local") {
      let number = TensorType([], .float64)
      let graph = try Graph(
        tracing: stepInputs + validationTypes + hyperTypes + [number]
      ) { x in
        let a = arguments(x)
        let validation = Array(a.rest[..<validationTypes.count])
        let sum = Array(a.rest[validationTypes.count..<(a.rest.count - 1)])
        let gamma = a.rest[a.rest.count - 1]
        let next = try traceStep(a.state, a.batch, a.time, a.hyper)
        try requireStateTypes(next)
        let (loss, outer) = try valueAndGradient(at: Pair(next, a.hyper)) {
          try traceOuter($0.first, $0.second, validation)
        }
        let (_, back) = try vjp(at: a.hyper, cotangent: outer.first) {
          try traceStep(a.state, a.batch, a.time, $0)
        }
        let moved = zip(sum, back).map { gamma.cast(to: $0.dtype) * $0 + $1 }
        return next + moved + [loss.cast(to: .float64)] + outer.second
      }
      let first = stepInputs.count + validationTypes.count
      let donated = Dictionary(
        uniqueKeysWithValues: hyperTypes.indices.map { (stateTypes.count + $0, first + $0) })
      return try Stage(graph, invariant: stepInvariants, donated: donated)
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
      return try Stage(graph, invariant: stepInvariants)
    }
  }
}

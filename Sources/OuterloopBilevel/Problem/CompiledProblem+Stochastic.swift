internal import OuterloopAutodiff
internal import OuterloopNumerics

// The programs of stochastic and of first-order bilevel methods, beside those of an objective.
//
// Order of inputs where the loss is in it: weights, batch, lambda, then what the program adds.
extension CompiledProblem {
  /// (w, batch, lambda, v) -> (grad_w L, H v, N v): the joint product, with the gradient that it
  /// passes by.
  func directionsStage(_ objective: CompiledObjective) throws -> Stage {
    try stage("directions") {
      let graph = try Graph(tracing: lossInputs + weightTypes) { x in
        let a = lossArguments(x)
        let product = try jointProduct(at: a.weights, a.hyper, along: a.rest) {
          try objective.loss($0, $1, a.batch)
        }
        return product.weightGradient + product.weightProduct + product.hyperProduct
      }
      return try Stage(
        graph, invariant: lossInvariants, gives: weightTypes + weightTypes + hyperTypes)
    }
  }

  /// (v, H v, N v, b, g0, r) -> (v - r (H v + b), g0 + N v)
  func systemStage() throws -> Stage {
    try stage("system") {
      let (w, h) = (weightTypes.count, hyperTypes.count)
      let types = weightTypes + weightTypes + hyperTypes + weightTypes + hyperTypes + [Self.number]
      let graph = try Graph(tracing: types) { x in
        let rate = x[3 * w + 2 * h]
        let moved = (0..<w).map { i in
          x[i] - rate.cast(to: x[i].dtype) * (x[w + i] + x[2 * w + h + i])
        }
        return moved + (0..<h).map { x[3 * w + h + $0] + x[2 * w + $0] }
      }
      return try Stage(graph, invariant: [], gives: weightTypes + hyperTypes)
    }
  }

  /// (w, batch, lambda, v, b, r) -> v - r (H v + b)
  func linearStepStage(_ objective: CompiledObjective) throws -> Stage {
    try stage("linearStep") {
      let w = weightTypes.count
      let graph = try Graph(tracing: lossInputs + weightTypes + weightTypes + [Self.number]) { x in
        let a = lossArguments(x)
        let v = Array(a.rest[..<w])
        let product = try hessianVectorProduct(at: a.weights, along: v) {
          try objective.loss($0, a.hyper, a.batch)
        }.product
        return (0..<w).map { i in
          v[i] - a.rest[2 * w].cast(to: v[i].dtype) * (product[i] + a.rest[w + i])
        }
      }
      return try Stage(graph, invariant: lossInvariants, gives: weightTypes)
    }
  }

  /// (w, batch, lambda, v, g0) -> g0 + N v
  func crossStage(_ objective: CompiledObjective) throws -> Stage {
    try stage("cross") {
      let w = weightTypes.count
      let graph = try Graph(tracing: lossInputs + weightTypes + hyperTypes) { x in
        let a = lossArguments(x)
        let product = try jointProduct(at: a.weights, a.hyper, along: Array(a.rest[..<w])) {
          try objective.loss($0, $1, a.batch)
        }.hyperProduct
        return zip(a.rest[w...], product).map { $0 + $1 }
      }
      return try Stage(graph, invariant: lossInvariants, gives: hyperTypes)
    }
  }

  /// (x, y, m, 1/c), each of `types` -> (x - y + m, m + (x - y) / c): a direction of reduced variance
  /// and the new mean, when x takes the place of y among c terms of mean m.
  func reductionStage(_ name: String, _ types: [TensorType]) throws -> Stage {
    try stage(name) {
      let n = types.count
      let graph = try Graph(tracing: types + types + types + [Self.number]) { x in
        let change = (0..<n).map { x[$0] - x[n + $0] }
        return (0..<n).map { change[$0] + x[2 * n + $0] }
          + (0..<n).map { x[2 * n + $0] + change[$0] * x[3 * n].cast(to: change[$0].dtype) }
      }
      return try Stage(graph, invariant: [], gives: types + types)
    }
  }

  /// (y, batch, lambda, b, 1/m) -> grad_w L(y) + b / m
  func penalizedStage(_ objective: CompiledObjective) throws -> Stage {
    try stage("penalized") {
      let w = weightTypes.count
      let graph = try Graph(tracing: lossInputs + weightTypes + [Self.number]) { x in
        let a = lossArguments(x)
        let slope = try gradient(at: a.weights) { try objective.loss($0, a.hyper, a.batch) }
        return (0..<w).map { slope[$0] + a.rest[w].cast(to: slope[$0].dtype) * a.rest[$0] }
      }
      return try Stage(graph, invariant: lossInvariants, gives: weightTypes)
    }
  }

  /// (y, batch, lambda, z, g0, m) -> g0 + m (grad_lambda L(y) - grad_lambda L(z))
  func penaltyStage(_ objective: CompiledObjective) throws -> Stage {
    try stage("penalty") {
      let w = weightTypes.count
      let types = lossInputs + weightTypes + hyperTypes + [Self.number]
      let graph = try Graph(tracing: types) { x in
        let a = lossArguments(x)
        let z = Array(a.rest[..<w])
        let difference = try gradient(at: a.hyper) {
          try objective.loss(a.weights, $0, a.batch) - objective.loss(z, $0, a.batch)
        }
        let strength = a.rest[w + hyperTypes.count]
        return zip(a.rest[w...], difference).map { $0 + strength.cast(to: $1.dtype) * $1 }
      }
      return try Stage(graph, invariant: lossInvariants, gives: hyperTypes)
    }
  }
}

internal import OuterloopAutodiff
internal import OuterloopNumerics

// The programs of forward mode.
extension CompiledProblem {
  /// lambda -> Z_0 = ds_0/dlambda, one leading entry per hyperparameter.
  func initialTangentStage() throws -> Stage {
    try stage("initialTangent") {
      let graph = try Graph(tracing: hyperTypes) { h in
        // `basis` is made of values: a tensor of this trace beside it, unused, says where h lives.
        let whole = h.first { $0.count > 0 } ?? h[0]
        let anchor = whole.reshaped([-1]).sliced(axis: 0, 0..<1).broadcast(to: [hyperCount])
        return try vmap(Pair(basis(), anchor)) {
          try jvp(at: h, along: $0.first, of: traceInitial).derivative
        }
      }
      return try Stage(graph, invariant: [], gives: tangentTypes)
    }
  }

  /// (s, batch, time, lambda, Z) -> (s', Z'): a step and its tangents for all hyperparameters, in
  /// one batched product. Z' = A_t Z + B_t.
  func tangentStage() throws -> Stage {
    try stage("tangent") {
      let first = stepInputs.count
      let graph = try Graph(tracing: stepInputs + tangentTypes) { x in
        let a = arguments(x)
        let next = try traceStep(a.state, a.batch, a.time, a.hyper)
        try requireStateTypes(next)
        let moved = try vmap(Pair(a.rest, basis())) { direction in
          try jvp(at: Pair(a.state, a.hyper), along: direction) {
            try traceStep($0.first, a.batch, a.time, $0.second)
          }.derivative
        }
        return next + moved
      }
      let count = stateTypes.count
      let donated = Dictionary(
        uniqueKeysWithValues: (0..<count).map { (count + $0, first + $0) })
      return try Stage(
        graph, invariant: stepInvariants, gives: stateTypes + tangentTypes, donated: donated)
    }
  }

  /// (a, Z, g) -> g + a Z: the hypergradient of forward mode.
  func contractionStage() throws -> Stage {
    try stage("contraction") {
      let q = hyperCount
      let graph = try Graph(tracing: stateTypes + tangentTypes + hyperTypes) { x in
        let a = x[..<stateTypes.count]
        let z = x[stateTypes.count..<(2 * stateTypes.count)]
        let sum = x[(2 * stateTypes.count)...]
        var all = Tensor.zeros([q], dtype: hyperTypes[0].dtype)
        for (adjoint, tangent) in zip(a, z) {
          let flat = tangent.reshaped([q, adjoint.count])
          all = all + matmul(flat, adjoint.reshaped([adjoint.count])).cast(to: all.dtype)
        }
        var offset = 0
        return sum.map { tensor in
          defer { offset += tensor.count }
          let part = all.sliced(axis: 0, offset..<(offset + tensor.count))
          return tensor + part.reshaped(tensor.shape).cast(to: tensor.dtype)
        }
      }
      return try Stage(graph, invariant: [], gives: hyperTypes)
    }
  }

  private var tangentTypes: [TensorType] {
    stateTypes.map { TensorType([hyperCount] + $0.shape, $0.dtype) }
  }

  /// Unit directions of all hyperparameters: for each tensor (q, shape...).
  private func basis() -> [Tensor] {
    let q = hyperCount
    var offset = 0
    return hyperTypes.map { type in
      defer { offset += type.count }
      let row = Tensor.iota([q, type.count], axis: 0, dtype: type.dtype)
      let column = Tensor.iota([q, type.count], axis: 1, dtype: type.dtype) + Double(offset)
      return row.equals(column).reshaped([q] + type.shape)
    }
  }
}

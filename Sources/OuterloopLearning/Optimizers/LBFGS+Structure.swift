public import OuterloopAutodiff
public import OuterloopNumerics

extension LBFGS {
  /// Minimises a loss of any structure of floating tensors. The loss and its gradient are compiled
  /// once; the method's own vectors are in double precision whatever the tensors are. With float32
  /// among them the value counts as rounded to 2^-20, unless `rounding` is larger.
  ///
  ///     let fit = try LBFGS(tolerance: 1e-6).minimize(from: weights) { try loss($0, data) }
  ///
  /// - Throws: `LBFGSError` for parameters that are not floating, `TensorError` for a loss that is
  ///   not a scalar and for mismatched shapes.
  public func minimize<Weights: Structure>(
    from start: Weights, loss: @escaping @Sendable (Weights) throws -> Tensor
  ) throws -> Minimization<Weights> {
    let types = start.leafTypes
    guard types.allSatisfy(\.dtype.isFloating) else {
      throw LBFGSError.setting(
        "parameters of \(types) to be minimised over", remedy: "convert them to a floating type")
    }
    let evaluate = Compiled<Weights, Pair<Tensor, Weights>> { weights in
      let (value, gradient) = try valueAndGradient(at: weights, of: loss)
      return Pair(value.cast(to: .float64), gradient)
    }
    var method = self
    if types.contains(where: { $0.dtype == .float32 }) {
      method.rounding = Swift.max(rounding, 0x1p-20)
    }
    let flat = try start.leaves.flatMap { try $0.doubles() }
    let found = try method.minimize(from: flat) { x, gradient in
      let result = try evaluate(start.holding(x))
      gradient = try result.second.leaves.flatMap { try $0.doubles() }
      return try result.first.item()
    }
    return Minimization(
      point: start.holding(found.point), value: found.value,
      gradient: start.holding(found.gradient), gradientNorm: found.gradientNorm,
      iterations: found.iterations, evaluations: found.evaluations, outcome: found.outcome)
  }
}

extension Structure {
  /// The same structure with its numbers, one tensor after the other, from a flat vector of as many.
  package func holding(_ numbers: [Double]) -> Self {
    var offset = 0
    return mapLeaves { tensor in
      defer { offset += tensor.count }
      let part = Array(numbers[offset..<offset + tensor.count])
      switch tensor.dtype {
      case .float32: return Tensor(part.map { Float($0) }, shape: tensor.shape)
      case .float64: return Tensor(part, shape: tensor.shape)
      case .int32: return tensor
      }
    }
  }
}

public import OuterloopAutodiff
public import OuterloopLearning
public import OuterloopNumerics

/// A dense layer whose weights respond to hyperparameters l (Self-Tuning Networks, MacKay et al.
/// 2019, Eq. 13):
///
///     y = x W + b + s_w(l) . (x U) + s_b(l) . c,      s_w(l) = l S_w,  s_b(l) = l S_b
///
/// That is the dense layer with weights `W + U diag(s_w(l))` and bias `b + s_b(l) . c`, but never
/// builds it: each example may have its own hyperparameters in one pass.
///
/// l is the unconstrained vector (Q): constrain it where the loss uses it, not here.
/// Time: two products of a dense layer. Memory: twice its weights and 2 Q outputs.
public struct SelfTuningDense: Structure {
  /// W and b: the layer at l = 0.
  public var base: Dense
  /// U (inputs, outputs) and c (outputs): the direction in which each output's weights respond.
  public var response: Dense
  /// S_w and S_b: how far, (Q, outputs) each.
  public var weightScales, biasScales: Tensor

  /// A layer from its parts.
  public init(base: Dense, response: Dense, weightScales: Tensor, biasScales: Tensor) {
    self.base = base
    self.response = response
    self.weightScales = weightScales
    self.biasScales = biasScales
  }

  /// Glorot-uniform W and U, zero b and c; scales normal with standard deviation 0.01, so that the
  /// layer starts close to one that does not respond.
  public init(
    _ inputs: Int, _ outputs: Int, hyperparameters: Int, key: RandomKey, dtype: DType = .float32
  ) {
    let keys = key.split(4)
    base = Dense(inputs, outputs, key: keys[0], dtype: dtype)
    response = Dense(inputs, outputs, key: keys[1], dtype: dtype)
    weightScales = keys[2].normal([hyperparameters, outputs], dtype: dtype) * 0.01
    biasScales = keys[3].normal([hyperparameters, outputs], dtype: dtype) * 0.01
  }

  /// x: (n, inputs); l: (Q) for all examples, or (n, Q), a row for each. Result: (n, outputs).
  public func callAsFunction(_ x: Tensor, _ l: Tensor) -> Tensor {
    if let error = hyperError(l, [weightScales, biasScales], examples: x.shape.first) {
      return error
    }
    return base(x) + matmul(l, weightScales) * matmul(x, response.weights)
      + matmul(l, biasScales) * response.bias
  }

  /// The dense layer at one l (Q).
  public func dense(at l: Tensor) -> Dense {
    Dense(
      weights: base.weights + matmul(l, weightScales) * response.weights,
      bias: base.bias + matmul(l, biasScales) * response.bias)
  }

  public mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
    try base.visit(path + ".base", body)
    try response.visit(path + ".response", body)
    try weightScales.visit(path + ".weightScales", body)
    try biasScales.visit(path + ".biasScales", body)
  }
}

/// What is wrong with hyperparameters for a layer with scales (Q, outputs).
func hyperError(_ l: Tensor, _ scales: [Tensor], examples: Int?) -> Tensor? {
  for matrix in scales {
    if let error = hyperError(l, matrix, examples: examples) { return error }
  }
  return nil
}

private func hyperError(_ l: Tensor, _ scales: Tensor, examples: Int?) -> Tensor? {
  if l.error != nil { return l }
  guard scales.rank == 2 else {
    return Tensor(invalid: "scales \(scales.type) of a self-tuning layer: (Q, outputs) is needed")
  }
  let count = scales.shape[0]
  if l.shape == [count] || (l.rank == 2 && l.shape == [examples ?? -1, count]) { return nil }
  return Tensor(
    invalid: "hyperparameters \(l.type) for \(examples ?? 0) examples: "
      + "(\(count)), or (\(examples ?? 0), \(count)) is needed")
}

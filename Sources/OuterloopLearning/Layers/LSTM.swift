public import OuterloopAutodiff
public import OuterloopNumerics

/// A long short-term memory cell (Hochreiter and Schmidhuber 1997, with forget gate).
///
///     (i, f, g, o) = x W + h U + b
///     c' = sigmoid(f) c + sigmoid(i) tanh(g);   h' = sigmoid(o) tanh(c')
public struct LSTMCell: Structure {
  /// (inputs, 4 units), gates in the order input, forget, candidate, output
  public var input: Tensor
  /// (units, 4 units)
  public var recurrent: Tensor
  /// (4 units)
  public var bias: Tensor
  /// Units of the cell.
  public var units: Int

  /// What is carried from step to step: each (n, units).
  public struct State: Structure {
    /// The output of the step before.
    public var hidden: Tensor
    /// What the gates keep and change.
    public var cell: Tensor

    /// A state of hidden and cell values, each (n, units).
    public init(hidden: Tensor, cell: Tensor) {
      self.hidden = hidden
      self.cell = cell
    }

    public mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
      try hidden.visit(path + ".hidden", body)
      try cell.visit(path + ".cell", body)
    }
  }

  /// Glorot-uniform matrices; the forget gate's bias starts at 1.
  public init(inputs: Int, units: Int, key: RandomKey, dtype: DType = .float32) {
    let keys = key.split(2)
    let (gates, overflows) = units.multipliedReportingOverflow(by: 4)
    let width = overflows ? units : gates
    input = Initializer.glorot(
      [inputs, width], fanIn: inputs, fanOut: units, key: keys[0], dtype: dtype)
    recurrent = Initializer.glorot(
      [units, width], fanIn: units, fanOut: units, key: keys[1], dtype: dtype)
    let zero = Tensor.zeros([units], dtype: dtype)
    bias = concatenate([zero, Tensor.ones([units], dtype: dtype), zero, zero])
    self.units = units
  }

  /// Zeros for so many examples.
  public func zeroState(_ examples: Int) -> State {
    let zero = Tensor.zeros([examples, units], dtype: bias.dtype)
    return State(hidden: zero, cell: zero)
  }

  /// One step: x (n, inputs).
  public func callAsFunction(_ x: Tensor, _ state: State) -> State {
    let gates = matmul(x, input) + matmul(state.hidden, recurrent) + bias
    guard gates.rank == 2, units >= 0, gates.shape[1] / 4 == units else {
      let broken = Tensor(
        invalid: "an LSTM of \(units) units with gates \(gates.type): needs x (n, inputs)",
        operands: gates)
      return State(hidden: broken, cell: broken)
    }
    func gate(_ index: Int) -> Tensor {
      gates.sliced(axis: 1, (index * units)..<((index + 1) * units))
    }
    let cell = sigmoid(gate(1)) * state.cell + sigmoid(gate(0)) * tanh(gate(2))
    return State(hidden: sigmoid(gate(3)) * tanh(cell), cell: cell)
  }

  /// The states after each entry of a sequence (steps, n, inputs), from zeros. Anything else gives
  /// one state, of invalid tensors.
  public func callAsFunction(sequence x: Tensor) -> [State] {
    guard x.rank == 3 else {
      let broken = Tensor(
        invalid: "an LSTM over \(x.type): needs a sequence (steps, n, inputs)", operands: x)
      return [State(hidden: broken, cell: broken)]
    }
    var state = zeroState(x.shape[1])
    return (0..<x.shape[0]).map { step in
      state = self(x.example(step), state)
      return state
    }
  }

  public mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
    try input.visit(path + ".input", body)
    try recurrent.visit(path + ".recurrent", body)
    try bias.visit(path + ".bias", body)
  }
}

internal import OuterloopNumerics

extension Run {
  /// Throws an error with the first non-finite step and tensor if a result is not finite.
  func requireFinite(loss: Double, gradient: [Tensor]) throws {
    let isFine = try loss.isFinite && gradient.allSatisfy { try $0.isAllFinite() }
    if isFine { return }
    // Train again, checking every state.
    let memory = try states(2)
    try begin(at: memory[0])
    for t in 0...steps {
      if t > 0 { try step(t, from: memory[t - 1], to: memory[t]) }
      for (tensor, name) in zip(memory[t].tensors, problem.stateNames)
      where try !tensor.isAllFinite() {
        throw BilevelError.nonFinite(
          tensor: name, step: window.first + t, steps: problem.steps,
          hint: window.first + t == 0
            ? "the initial state is not finite"
            : "training diverged: lower the learning rate, or check the data for extreme values")
      }
    }
    if !loss.isFinite {
      throw BilevelError.nonFinite(
        tensor: "the outer loss", step: nil, steps: window.first + steps,
        hint: "the final state is finite: the outer loss itself overflows or is undefined there")
    }
    let index = try gradient.firstIndex { try !$0.isAllFinite() } ?? 0
    throw BilevelError.nonFinite(
      tensor: "the hypergradient of \(problem.hyperNames[index])", step: nil,
      steps: window.first + steps,
      hint: "training is finite but its derivative is not: the dynamics are unstable "
        + "(lower the learning rate) or use a function without a derivative, as sqrt at 0")
  }
}

extension Tensor {
  /// Whether no element is NaN or infinite.
  /// - Complexity: O(count).
  func isAllFinite() throws -> Bool {
    try withBytes { bytes in
      switch dtype {
      case .float32: Self.largest(bytes.assumingMemoryBound(to: UInt32.self), count) < 0xFF << 24
      case .float64: Self.largest(bytes.assumingMemoryBound(to: UInt64.self), count) < 0x7FF << 53
      case .int32: true
      }
    }
  }

  /// The largest bit pattern without its sign, times 2: of a number that is not finite the exponent,
  /// now on top, is all ones. Integers, so that the comparison vectorises.
  private static func largest<Bits: FixedWidthInteger>(
    _ values: UnsafePointer<Bits>, _ count: Int
  ) -> Bits {
    var largest: Bits = 0
    for index in 0..<count { largest = Swift.max(largest, values[index] &<< 1) }
    return largest
  }
}

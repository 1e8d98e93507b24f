import OuterloopNumerics
import Testing

/// Normal numbers, the same for a name every time.
func draw(_ shape: [Int], _ name: String) -> Tensor {
  RandomKey(seed: 5, purpose: name).normal(shape, dtype: .float64)
}

/// Numbers that agree up to a tolerance, which is relative where they are larger than 1.
func expectClose(
  _ a: [Double], _ b: [Double], _ tolerance: Double,
  _ location: SourceLocation = #_sourceLocation
) {
  #expect(a.count == b.count, sourceLocation: location)
  for (x, y) in zip(a, b) {
    #expect(abs(x - y) <= tolerance * max(1, abs(y)), "\(x) \(y)", sourceLocation: location)
  }
}

func expectClose(
  _ a: Tensor, _ b: [Double], _ tolerance: Double = 1e-14,
  _ location: SourceLocation = #_sourceLocation
) throws {
  expectClose(try a.doubles(), b, tolerance, location)
}

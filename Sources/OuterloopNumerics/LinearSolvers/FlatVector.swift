// Sums over flat vectors in a fixed order: eight partial sums, then the rest.
extension [Double] {
  /// The scalar product with a vector of the same length.
  package func dot(_ other: [Double]) -> Double {
    precondition(count == other.count, "vectors of different length")
    return withUnsafeBufferPointer { a in
      other.withUnsafeBufferPointer { b in
        var sums = SIMD8<Double>.zero
        let whole = a.count / 8 * 8
        var index = 0
        while index < whole {
          let x = UnsafeRawPointer(a.baseAddress! + index).loadUnaligned(as: SIMD8<Double>.self)
          let y = UnsafeRawPointer(b.baseAddress! + index).loadUnaligned(as: SIMD8<Double>.self)
          sums += x * y
          index += 8
        }
        var sum = sums.sum()
        for index in whole..<a.count { sum += a[index] * b[index] }
        return sum
      }
    }
  }

  /// The 2-norm, without overflow or underflow on the way.
  package var norm: Double {
    let sum = dot(self)
    if sum > 1e-280, sum < 1e280 { return sum.squareRoot() }
    var largest = 0.0
    for value in self {
      if value.isNaN { return .nan }
      largest = Swift.max(largest, Swift.abs(value))
    }
    if largest == 0 || largest == .infinity { return largest }
    var scaled = 0.0
    for value in self { scaled += (value / largest) * (value / largest) }
    return largest * scaled.squareRoot()
  }

  /// `self += scale x`
  package mutating func add(_ scale: Double, _ x: [Double]) {
    precondition(count == x.count, "vectors of different length")
    for index in indices { self[index] += scale * x[index] }
  }

  /// `self = x + scale self`
  package mutating func scale(_ scale: Double, adding x: [Double]) {
    precondition(count == x.count, "vectors of different length")
    for index in indices { self[index] = x[index] + scale * self[index] }
  }

  /// `self = scale x`
  package mutating func set(_ scale: Double, _ x: [Double]) {
    precondition(count == x.count, "vectors of different length")
    for index in indices { self[index] = scale * x[index] }
  }
}

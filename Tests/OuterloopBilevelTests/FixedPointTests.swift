import Foundation
import OuterloopNumerics
import Testing

@testable import OuterloopBilevel

/// Integers that decay without losing a bit: each identity against plain division, over random
/// numbers from both ends of the range.
@Suite struct FixedPointTests {
  /// Momenta of the field, ends of the range, powers of two, and numbers that take two ratios.
  static let decays: [Double] = [
    0.5, 0.9, 0.95, 0.98, 0.99, 0.999, 0.25, 0.3, 1.0 / 3, 0x1p-16, 0x1.8p-16, 0.99998, 0.001,
    0.123456789, 0.9876543, 0x1p-20, 1 - 0x1p-24, Double(Float(0.9)), 2.0.squareRoot() / 2,
  ]

  /// Seeded 64-bit words.
  private static func words(_ purpose: String, _ count: Int) -> [UInt64] {
    let bits = RandomKey(seed: 31, purpose: purpose).bits(2 * count)
    return (0..<count).map { UInt64(bits[2 * $0]) << 32 | UInt64(bits[2 * $0 + 1]) }
  }

  /// Decimals of the field are one ratio, exactly.
  @Test(
    arguments: [
      (0.9, 9, 10), (0.95, 19, 20), (0.99, 99, 100), (0.999, 999, 1000), (0.5, 2, 4),
      (1.0 / 3, 2, 6), (0.01, 2, 200), (0.12345, 2469, 20000), (0.98, 49, 50),
    ] as [(Double, UInt64, UInt64)])
  func exactFractions(b: Double, n: UInt64, d: UInt64) throws {
    let decay = try #require(RationalDecay(b))
    #expect(decay.factors == [try #require(IntegerRatio(n, d))])
    #expect(decay.effective == b)
  }

  /// Any number is met to 1e-9 of itself, and mostly to 2e-11; the ends are refused.
  @Test func nearestFractions() throws {
    let draws = try RandomKey(seed: 8, purpose: "decays").uniform([2000], dtype: .float64).doubles()
    let small = draws.prefix(500).map { Foundation.exp(-16 * $0) }
    let large = draws.prefix(500).map { 1 - Foundation.exp(-20 * $0) }
    let awkward = [
      0.5 + 1e-7, 0.5 - 1e-9, 1.0 / 3 + 1e-6, 0.9 + 1e-8, 0.1 - 1e-10, 0.9.nextUp, 0.25.nextDown,
      1 - 1e-9, 1 - 1e-12, 1e-7, 0x1p-23, Double(Float(0.9)), Double(Float(0.123456789)),
    ]
    var far = 0
    for b in draws + small + large + awkward + Self.decays where b > 0 && b < 1 {
      let decay = try #require(RationalDecay(b), "\(b)")
      let difference = abs(decay.effective / b - 1)
      #expect(difference <= 1e-9, "\(b) is \(decay.effective)")
      if difference > 2e-11 { far += 1 }
      #expect((1...2).contains(decay.factors.count))
    }
    #expect(far < 300, "\(far) of 3,000 numbers are further than 2e-11 away")
    for b in [0, 1, -0.5, 1.5, 1e-12, .leastNonzeroMagnitude, .nan, .infinity] {
      #expect(RationalDecay(b) == nil, "\(b)")
    }
    for (b, growth) in [(0.9, 0.152), (0.95, 0.074), (0.98, 0.0291), (0.99, 0.0145)] {
      let bits = -log2(try #require(RationalDecay(b)).effective)
      #expect(abs(bits - growth) < 5e-4, "\(b): \(bits)")
    }
    for (n, d) in [(0, 3), (3, 0), (1 << 16 + 1, 3), (1, 1 << 15 + 1), (2, 1 << 17)]
      as [(UInt64, UInt64)]
    {
      #expect(IntegerRatio(n, d) == nil, "\(n) / \(d)")
    }
  }

  /// The product that stands for a division is exact for every divisor and at every edge.
  @Test func quotients() throws {
    let words = Self.words("quotients", 40)
    for value in UInt64(2)...(1 << 16) {
      let divisor = Divisor(value)
      let top = UInt64(1) << 63 - 1
      var inputs = [0, 1, value - 1, value, top, top - top % value]
      inputs.append(top - top % value - 1)
      inputs.append(words[Int(value % 40)] >> 1)
      for x in inputs where divisor.quotient(x) != x / value {
        Issue.record("\(x) / \(value) is \(divisor.quotient(x))")
        return
      }
    }
  }

  /// One multiplication is the published one, by floor division, ratio by ratio; dividing takes it
  /// back.
  @Test(arguments: decays) func multiplication(b: Double) throws {
    let decay = try #require(RationalDecay(b))
    func floorDivided(_ a: Int64, _ b: Int64) -> (quotient: Int64, remainder: Int64) {
      let (q, r) = a.quotientAndRemainder(dividingBy: b)
      return r < 0 ? (q - 1, r + b) : (q, r)
    }
    let edges: [Int64] = decay.factors.flatMap { ratio in
      let (n, d) = (Int64(ratio.numerator), Int64(ratio.denominator))
      return [n, -n, n - 1, 1 - n, d, -d, d - 1, 1 - d]
    }
    let numbers =
      Self.words("numbers", 300).enumerated().map { Int64(bitPattern: $1) >> Int64($0 % 60) }
      + [0, 1, -1, .max, .min, .min + 1, 65535, 65536, -65536, -65537] + edges
    let buffers = Self.words("buffers", numbers.count).enumerated().map { index, word in
      index % 5 == 0 ? 0 : word >> UInt64(17 + index % 47)
    }
    for (number, buffer) in zip(numbers, buffers) {
      var (c, z) = (number, buffer)
      for ratio in decay.factors {
        let (n, d) = (Int64(ratio.numerator), Int64(ratio.denominator))
        // The next ratio would have its buffer emptied first.
        z &= 1 << 47 - 1
        let (oldC, oldZ) = (c, z)
        ratio.multiply(&c, &z)
        // z = z d + (c mod d); c = (c div d) n; c += z mod n; z = z div n
        let lost = floorDivided(oldC, d)
        let full = Int64(oldZ) * d + lost.remainder
        let kept = floorDivided(full, n)
        #expect(c == lost.quotient * n + kept.remainder && z == UInt64(kept.quotient))
        var (back, buffer) = (c, z)
        ratio.divide(&back, &buffer)
        #expect(back == oldC && buffer == oldZ, "\(b): \(oldC), \(oldZ) came back as \(back)")
      }
      #expect(abs(Double(c) - b * Double(number)) <= 0x1p17 + 1e-9 * abs(Double(number)))
    }
  }

  /// Steps along gradients that depend on the weights, forward and back through many spills: every
  /// bit comes back, and the buffer held T log2(d / n) bits a number within one limb.
  @Test(arguments: [
    (0.5, 700), (0.9, 3000), (0.95, 5000), (0.99, 9000), (0.3, 400), (0.123456789, 300), (1e-7, 60),
    (0.9876543, 9000), (2.0.squareRoot() / 2, 900),
  ])
  func thereAndBack(b: Double, steps: Int) throws {
    for dtype in [DType.float64, .float32] {
      let count = 7
      let decay = try #require(RationalDecay(b))
      let draws = RandomKey(seed: 5, purpose: "start").uniform([count], dtype: .float64)
      let w = try draws.doubles().map { 4 * $0 - 2 }
      let m = w.map { 0.3 * $0 }
      var tensor = FixedPointMomentum(TensorType([count], dtype), kappa: 1 - b)
      func pointer(_ values: [Double]) throws -> Storage {
        let storage = Storage(byteCount: 8 * count)
        for (index, value) in values.enumerated() {
          if dtype == .float64 {
            storage.pointer.assumingMemoryBound(to: Double.self)[index] = value
          } else {
            storage.pointer.assumingMemoryBound(to: Float.self)[index] = Float(value)
          }
        }
        return storage
      }
      let (weights, momenta) = (try pointer(w), try pointer(m))
      let (firstWeights, firstMomenta) = (try pointer(w), try pointer(m))
      let gradient = Storage(byteCount: 8 * count)
      func read(_ storage: Storage, _ index: Int) -> Double {
        dtype == .float64
          ? storage.pointer.assumingMemoryBound(to: Double.self)[index]
          : Double(storage.pointer.assumingMemoryBound(to: Float.self)[index])
      }
      func computeGradient(_ t: Int) {
        for index in 0..<count {
          // Never at rest, so that new digits keep coming.
          let x = read(weights, index)
          let value = x - Double((t * 7919 + index * 104729) % 1009) / 1009
          if dtype == .float64 {
            gradient.pointer.assumingMemoryBound(to: Double.self)[index] = value
          } else {
            gradient.pointer.assumingMemoryBound(to: Float.self)[index] = Float(value)
          }
        }
      }
      #expect(tensor.set(weights: weights.pointer, momenta: momenta.pointer) == nil)
      tensor.write(weights: weights.pointer, momenta: momenta.pointer)
      var rate = 0.05
      for t in 1...steps {
        computeGradient(t)
        #expect(
          withUnsafePointer(to: &rate) {
            tensor.advance(
              decay: decay, alpha: .init(values: $0, stride: 0), gradient: gradient.pointer,
              to: weights.pointer)
          } == nil)
      }
      let expected = Double(steps * count) * -log2(decay.effective)
      #expect(
        abs(Double(tensor.buffer.bits) - expected) < 64 * Double(count),
        "\(tensor.buffer.bits) bits, \(expected) by the growth")
      // The first spill comes after 47 bits, and then one for every 32.
      #expect(
        tensor.buffer.spills > 1
          && abs(tensor.buffer.spills - Int((expected / Double(count) - 15) / 32)) <= 1, "\(b)")
      for t in stride(from: steps, through: 1, by: -1) {
        let lost = withUnsafePointer(to: &rate) {
          tensor.retreatWeights(alpha: .init(values: $0, stride: 0), to: weights.pointer)
        }
        #expect(lost == nil)
        computeGradient(t)
        #expect(
          tensor.retreatVelocities(
            decay: decay, gradient: gradient.pointer, to: momenta.pointer) == nil)
      }
      #expect(tensor.buffer.isEmpty, "\(b) \(dtype)")
      #expect(
        tensor.equals(weights: firstWeights.pointer, momenta: firstMomenta.pointer),
        "\(b) \(dtype)")
      for index in 0..<count {
        #expect(read(weights, index) == read(firstWeights, index))
        #expect(abs(read(momenta, index) - read(firstMomenta, index)) < 1e-6)
      }
    }
  }
}

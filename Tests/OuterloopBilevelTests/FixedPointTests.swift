import Foundation
import OuterloopNumerics
import Testing

@testable import OuterloopBilevel

/// Integers that decay without losing a bit: each identity against plain division, over random
/// numbers from both ends of the range.
@Suite struct FixedPointTests {
  /// Decays of the field, the ends of the range, and powers of two.
  static let decays: [Double] = [
    0.5, 0.9, 0.95, 0.98, 0.99, 0.999, 0.25, 0.3, 1.0 / 3, 0x1p-16, 0x1.8p-16, 0.99998, 0.001,
  ]

  /// Seeded 64-bit words.
  private static func words(_ purpose: String, _ count: Int) -> [UInt64] {
    let bits = RandomKey(seed: 31, purpose: purpose).bits(2 * count)
    return (0..<count).map { UInt64(bits[2 * $0]) << 32 | UInt64(bits[2 * $0 + 1]) }
  }

  /// n and d of the published rule, and the effective decay that it names: .9 -> .9000092.
  @Test func fractions() throws {
    for b in Self.decays {
      let decay = try #require(RationalDecay(b))
      #expect(decay.numerator == UInt64((b * 65536).rounded(.down)) + 1)
      #expect(decay.effective > b && decay.effective - b <= 0x1p-16)
    }
    #expect(try #require(RationalDecay(0.9)).numerator == 58983)
    #expect(abs(try #require(RationalDecay(0.9)).effective - 0.9000092) < 1e-7)
    for b in [0, 1, -0.5, 1.5, 0x1p-17, 1 - 0x1p-16, .nan, .infinity] {
      #expect(RationalDecay(b) == nil, "\(b)")
    }
    for (b, growth) in [(0.9, 0.152), (0.95, 0.074), (0.98, 0.0291), (0.99, 0.0145)] {
      let bits = -log2(try #require(RationalDecay(b)).effective)
      #expect(abs(bits - growth) < 5e-4, "\(b): \(bits)")
    }
  }

  /// The product that stands for a division is exact for every numerator and at every edge.
  @Test func quotients() throws {
    let words = Self.words("quotients", 40)
    for numerator in UInt64(2)..<(1 << 16) {
      let decay = try #require(RationalDecay((Double(numerator) - 0.5) / 65536))
      guard decay.numerator == numerator else {
        Issue.record("\(decay.numerator), not \(numerator)")
        return
      }
      let top = UInt64(1) << 63 - 1
      var inputs = [0, 1, numerator - 1, numerator, top, top - top % numerator]
      inputs.append(top - top % numerator - 1)
      inputs.append(words[Int(numerator % 40)] >> 1)
      for x in inputs where decay.quotient(x) != x / numerator {
        Issue.record("\(x) / \(numerator) is \(decay.quotient(x))")
        return
      }
    }
  }

  /// One multiplication is the published one, by floor division; dividing takes it back.
  @Test(arguments: decays) func multiplication(b: Double) throws {
    let decay = try #require(RationalDecay(b))
    let (n, d) = (Int64(decay.numerator), Int64(65536))
    func floorDivided(_ a: Int64, _ b: Int64) -> (quotient: Int64, remainder: Int64) {
      let (q, r) = a.quotientAndRemainder(dividingBy: b)
      return r < 0 ? (q - 1, r + b) : (q, r)
    }
    let numbers =
      Self.words("numbers", 300).enumerated().map { Int64(bitPattern: $1) >> Int64($0 % 60) }
      + [0, 1, -1, .max, .min, .min + 1, 65535, 65536, -65536, -65537, n, -n, n - 1, 1 - n]
    let buffers = Self.words("buffers", numbers.count).enumerated().map { index, word in
      index % 5 == 0 ? 0 : word >> UInt64(17 + index % 47)
    }
    for (number, buffer) in zip(numbers, buffers) {
      var (c, z) = (number, buffer)
      decay.multiply(&c, &z)
      // z = z d + (c mod d); c = (c div d) n; c += z mod n; z = z div n
      let lost = floorDivided(number, d)
      let full = Int64(buffer) * d + lost.remainder
      let kept = floorDivided(full, n)
      #expect(c == lost.quotient * n + kept.remainder && z == UInt64(kept.quotient))
      decay.divide(&c, &z)
      #expect(c == number && z == buffer, "\(b): \(number), \(buffer) came back as \(c), \(z)")
    }
  }

  /// Steps along gradients that depend on the weights, forward and back through many spills: every
  /// bit comes back, and the buffer held T log2(d / n) bits a number within one limb.
  @Test(arguments: [(0.5, 700), (0.9, 3000), (0.95, 5000), (0.99, 9000), (0.3, 400)])
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

import COuterloopKernels
import Testing

@Suite struct RandomKernelTests {
  // The known answers published with Random123 for philox4x32-10. The lower half of the counter is
  // the block index, so the two whose lower half is large are checked by the plain cipher below,
  // and the kernel against that cipher.
  @Test func knownAnswers() {
    #expect(philox([0, 0, 0, 0], [0, 0]) == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8])
    let ones = [UInt32](repeating: .max, count: 4)
    #expect(philox(ones, [.max, .max]) == [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd])
    #expect(
      philox([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0])
        == [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1])
    var words = [UInt32](repeating: 0, count: 4)
    ol_random(OL_RANDOM_BITS, OL_I32, [0, 0, 0, 0], 4, &words, 1)
    #expect(words == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8])
  }

  @Test(arguments: [[0, 0, 0, 0], [1, 2, 3, 4], [.max, 7, 0x8000_0000, .max]] as [[UInt32]])
  func bitsAreTheCipherOfTheBlockIndex(_ key: [UInt32]) {
    let count = 300_001
    var want: [UInt32] = []
    for block in 0..<UInt32((count + 3) / 4) {
      want += philox([block, 0, key[2], key[3]], [key[0], key[1]])
    }
    onEveryInstructionSet { isa in
      for threads: Int32 in [1, 2, 4] {
        for length in [0, 1, 3, 64, 65, 1000, count] {
          var words = [UInt32](repeating: 0xABCD, count: length + 1)
          ol_random(OL_RANDOM_BITS, OL_I32, key, Int64(length), &words, threads)
          #expect(words.dropLast().elementsEqual(want.prefix(length)), "\(isa), \(length)")
          #expect(words.last == 0xABCD)
        }
      }
    }
  }

  @Test func uniformsAreTheTopBits() {
    let count = 1000
    var words = [UInt32](repeating: 0, count: 2 * count)
    let key: [UInt32] = [5, 6, 7, 8]
    ol_random(OL_RANDOM_BITS, OL_I32, key, Int64(2 * count), &words, 1)
    onEveryInstructionSet { _ in
      var single = [Float](repeating: -1, count: count)
      ol_random(OL_RANDOM_UNIFORM, OL_F32, key, Int64(count), &single, 1)
      #expect(single == words.prefix(count).map { Float($0 >> 8) * 0x1p-24 })
      var double = [Double](repeating: -1, count: count)
      ol_random(OL_RANDOM_UNIFORM, OL_F64, key, Int64(count), &double, 1)
      // Apart from the expectation: together they take the type checker too long.
      let wanted = (0..<count).map { (index: Int) -> Double in
        let word = UInt64(words[2 * index]) | UInt64(words[2 * index + 1]) << 32
        return Double(word >> 11) * 0x1p-53
      }
      #expect(double == wanted)
    }
  }

  @Test func normalsHaveTheMomentsOfTheNormal() {
    moments(Float.self)
    moments(Double.self)
  }

  private func moments<T: KernelScalar>(_: T.Type) {
    let count = 1_000_000
    onEveryInstructionSet { isa in
      var first: [T]?
      for threads: Int32 in [1, 2, 4] {
        var draws = [T](repeating: .nan, count: count)
        ol_random(OL_RANDOM_NORMAL, T.dtype, [1, 2, 3, 4], Int64(count), &draws, threads)
        if let first {
          #expect(draws.sameBits(as: first))
          continue
        }
        first = draws
        var sums = [0.0, 0, 0, 0]
        var inside = 0
        for draw in draws {
          let x = Double(draw)
          sums[0] += x
          sums[1] += x * x
          sums[2] += x * x * x
          sums[3] += x * x * x * x
          if abs(x) < 1 { inside += 1 }
        }
        // Five standard errors of each moment.
        let n = Double(count)
        let error = 5 / n.squareRoot()
        #expect(abs(sums[0] / n) < error, "mean, \(T.self) on \(isa)")
        #expect(abs(sums[1] / n - 1) < error * 2.0.squareRoot(), "variance, \(T.self) on \(isa)")
        #expect(abs(sums[2] / n) < error * 15.0.squareRoot(), "skewness, \(T.self) on \(isa)")
        #expect(abs(sums[3] / n - 3) < error * 96.0.squareRoot(), "kurtosis, \(T.self) on \(isa)")
        #expect(abs(Double(inside) / n - 0.682689) < error * 0.4655, "\(T.self) on \(isa)")
      }
    }
  }

  @Test func differentKeysGiveDifferentNumbers() {
    var seen = Set<[Float]>()
    for word in 0..<4 {
      var key: [UInt32] = [0, 0, 0, 0]
      key[word] = 1
      var draws = [Float](repeating: 0, count: 8)
      ol_random(OL_RANDOM_UNIFORM, OL_F32, key, 8, &draws, 1)
      seen.insert(draws)
    }
    #expect(seen.count == 4)
  }
}

/// Philox4x32-10 as the paper states it.
private func philox(_ counter: [UInt32], _ key: [UInt32]) -> [UInt32] {
  var c = counter
  var k = key
  for _ in 0..<10 {
    let a = c[0].multipliedFullWidth(by: 0xD251_1F53)
    let b = c[2].multipliedFullWidth(by: 0xCD9E_8D57)
    c = [b.high ^ c[1] ^ k[0], b.low, a.high ^ c[3] ^ k[1], a.low]
    k = [k[0] &+ 0x9E37_79B9, k[1] &+ 0xBB67_AE85]
  }
  return c
}

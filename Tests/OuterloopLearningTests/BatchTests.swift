import OuterloopAutodiff
import OuterloopLearning
import OuterloopNumerics
import Testing

/// The data order: every epoch a permutation, every batch a pure function of (seed, step).
@Suite struct BatchTests {
  private static func indices(_ batches: Batches<Tensor>, _ step: Int) throws -> [Int32] {
    try batches.batch(step).scalars(Int32.self)
  }

  @Test(arguments: [(12, 4), (13, 4), (5, 5), (7, 1), (1, 1)])
  func epochsArePermutations(count: Int, size: Int) throws {
    let batches = try Batches.shuffled(count: count, size: size, seed: 3)
    let perEpoch = count / size
    var orders = Set<[Int32]>()
    for epoch in 0..<6 {
      var seen: [Int32] = []
      for step in 0..<perEpoch {
        let batch = try batches.batch(epoch * perEpoch + step)
        #expect(batch.type == TensorType([size], .int32))
        seen += try batch.scalars(Int32.self)
      }
      #expect(seen.allSatisfy { $0 >= 0 && $0 < count })
      #expect(Set(seen).count == perEpoch * size)
      orders.insert(seen)
    }
    #expect(orders.count > (count > 4 ? 4 : 0))
  }

  /// The same batches in every epoch, each once, in an order of its own.
  @Test(arguments: [(12, 4), (13, 4), (5, 5), (7, 1), (24, 2)])
  func partitionsComeAgain(count: Int, size: Int) throws {
    let batches = try Batches.partitioned(count: count, size: size, seed: 3)
    let parts = count / size
    var orders = Set<[[Int32]]>()
    var first: Set<[Int32]> = []
    for epoch in 0..<6 {
      let order = try (0..<parts).map { try Self.indices(batches, epoch * parts + $0) }
      if epoch == 0 { first = Set(order) }
      #expect(Set(order) == first && first.count == parts)
      orders.insert(order)
    }
    let examples = first.flatMap { $0 }
    #expect(Set(examples).count == parts * size && examples.allSatisfy { $0 >= 0 && $0 < count })
    #expect(parts < 3 || orders.count > 1)
    // Another seed, another cut.
    if size > 1, parts > 1 {
      let other = try Batches.partitioned(count: count, size: size, seed: 4)
      #expect(Set(try (0..<parts).map { try Self.indices(other, $0) }) != first)
    }
    #expect(throws: TensorError.self) { try Batches.partitioned(count: 3, size: 4, seed: 0) }
  }

  @Test func pureFunctionOfTheStep() throws {
    let batches = try Batches.shuffled(count: 20, size: 3, seed: 8)
    let inOrder = try (0..<40).map { try Self.indices(batches, $0) }
    for step in [39, 0, 17, 17, 5, 38, 6] {
      #expect(try Self.indices(batches, step) == inOrder[step])
      let other = try Batches.shuffled(count: 20, size: 3, seed: 8)
      #expect(try Self.indices(other, step) == inOrder[step])
    }
    let another = try Batches.shuffled(count: 20, size: 3, seed: 9)
    #expect(try (0..<40).map { try Self.indices(another, $0) } != inOrder)
  }

  @Test func concurrentReaders() async throws {
    let batches = try Batches.shuffled(count: 50, size: 5, seed: 1)
    let alone = try (0..<60).map { try Self.indices(batches, $0) }
    await withTaskGroup(of: Bool.self) { group in
      for task in 0..<4 {
        group.addTask {
          (0..<60).allSatisfy { turn in
            let step = (turn * 7 + task * 13) % 60
            return (try? Self.indices(batches, step)) == alone[step]
          }
        }
      }
      for await isSame in group { #expect(isSame) }
    }
  }

  /// Each example is equally often in each place: chi squared with 11 x 11 degrees of freedom, mean
  /// 121 and standard deviation 15.6, held to five of them. The seed is fixed.
  @Test func ordersAreUniform() throws {
    let count = 12
    let epochs = 3_000
    let batches = try Batches.shuffled(count: count, size: count, seed: 77)
    var places = [[Int]](repeating: [Int](repeating: 0, count: count), count: count)
    for epoch in 0..<epochs {
      for (place, index) in try Self.indices(batches, epoch).enumerated() {
        places[place][Int(index)] += 1
      }
    }
    let expected = Double(epochs) / Double(count)
    let chi = places.joined().reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) }
    #expect(abs(chi / expected - 121) < 5 * 15.6)
  }

  @Test(arguments: [(10, 0), (10, -1), (10, 11), (0, 1), (0, 0), (-3, 1)])
  func sizesOutOfRange(count: Int, size: Int) {
    let error = #expect(throws: TensorError.self) {
      try Batches.shuffled(count: count, size: size, seed: 0)
    }
    #expect("\(error as Any)".contains("batches of \(size) from \(count)"))
  }

  @Test func fullBatches() throws {
    #expect(try Batches.full.batch(5).leaves.isEmpty)
  }
}

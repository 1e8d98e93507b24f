import OuterloopAutodiff
import OuterloopNumerics
import OuterloopText
import Testing

/// Axes counted from either end, and shapes that no tensor can have.
@Suite struct ShapeErrorTests {
  private let x = Tensor((0..<24).map { Float($0) }, shape: [2, 3, 4])

  @Test func negativeAxesCountFromTheEnd() throws {
    func same(_ a: Tensor, _ b: Tensor) throws -> Bool {
      try a.shape == b.shape && a.doubles() == b.doubles()
    }
    #expect(try same(x.sum(axes: [-1]), x.sum(axes: [2])))
    #expect(try same(x.mean(axes: [-3, 1]), x.mean(axes: [0, 1])))
    #expect(try same(x.max(axes: [-2], keeping: true), x.max(axes: [1], keeping: true)))
    #expect(try same(x.argmax(axis: -2), x.argmax(axis: 1)))
    #expect(try same(x.sliced(axis: -1, 1..<3), x.sliced(axis: 2, 1..<3)))
    #expect(try same(x.reversed(axes: [-1, 0]), x.reversed(axes: [0, 2])))
    #expect(try same(x.transposed([-1, 0, -2]), x.transposed([2, 0, 1])))
    #expect(try same(concatenate([x, x], axis: -2), concatenate([x, x], axis: 1)))
    #expect(try same(softmax(x, axis: -3), softmax(x, axis: 0)))
    #expect(try same(logSumExp(x, axis: -2), logSumExp(x, axis: 1)))
    #expect(try same(Tensor.iota([2, 3], axis: -1), Tensor.iota([2, 3], axis: 1)))
    // In NumPy's sense: the number of the new axis in the result.
    #expect(x.expanded(at: -1).shape == [2, 3, 4, 1])
    #expect(x.expanded(at: -4).shape == [1, 2, 3, 4])
    #expect(x.expanded(at: 3).shape == [2, 3, 4, 1])
  }

  @Test func axesThatAreNotThere() {
    let wrong = [
      x.expanded(at: 4), x.expanded(at: 9), x.expanded(at: -5), x.reversed(axes: [0, 0]),
      x.reversed(axes: [0, -3]), x.reversed(axes: [3]), x.transposed([0, 0, 1]),
      x.sliced(axis: 3, 0..<1), x.sliced(axis: -4, 0..<1), x.sum(axes: [1, -2]),
      x.argmax(axis: 3), softmax(x, axis: -4), concatenate([x, x], axis: 3),
      Tensor.iota([2], axis: 1), x.example(-1), x.example(2), x.example(.max),
    ]
    for (index, tensor) in wrong.enumerated() { #expect(tensor.error != nil, "number \(index)") }
  }

  @Test func shapesThatNothingCanHave() {
    let wrong = [
      Tensor.zeros([-1]), Tensor.ones([2, -3]), Tensor.zeros([.max, 2]),
      Tensor.zeros([1 << 62, 0, 4]),
      Tensor([1, 2, 3, 4, 5, 6], shape: [-2, -3]), x.reshaped([-2, -12]), x.reshaped([-1, -1]),
      x.broadcast(to: [.max, 2, 3, 4]), x.padded(low: [.max, 0, 0], high: [1, 0, 0]),
      Tensor.eye(.max), Tensor.eye(-1), Tensor([0] as [Int32]).oneHot(.max),
      matmul(Tensor.ones([1 << 40, 1]), Tensor.ones([1, 1 << 40])),
      RandomKey(seed: 1).normal([-1]), RandomKey(seed: 1).uniform([1 << 60]),
    ]
    for (index, tensor) in wrong.enumerated() { #expect(tensor.error != nil, "number \(index)") }
    #expect(TensorType([.max, 2]).count == .max)
    #expect(TensorType([1 << 61]).byteCount == .max)
    #expect(TensorType([-1, .max]).count == 0)
  }

  /// Numbers that are the same everywhere may be many; in memory they may not.
  @Test func whatDoesNotFitIntoMemory() throws {
    let many = Tensor.ones([1 << 20, 1 << 20])
    #expect(try many.sum().item() == 0x1p40)
    for body in [
      { try many.doubles() }, { try sin(many).doubles() }, { try Tensor.eye(1 << 22).doubles() },
    ] {
      do {
        _ = try body()
        Issue.record("it was computed")
      } catch {
        #expect("\(error)".contains("memory"), "\(error)")
      }
    }
  }

  @Test func theFirstErrorStays() throws {
    let broken = Tensor.ones([2]) + Tensor.ones([3])
    let reason = try #require(broken.error)
    let image = Tensor.ones([1, 4, 4, 1])
    let results = [
      broken * 2, exp(broken), broken.reshaped([7]), broken.transposedMatrix(),
      broken.sum(axes: [5]),
      broken.mean(), broken.expanded(at: 9), broken.sliced(axis: 4, 0..<9), broken.example(-1),
      broken.broadcast(to: [2]), broken.reversed(axes: [3]), broken.oneHot(-1),
      matmul(broken, image),
      matmul(image, broken), convolution(broken, image), convolution(image, broken),
      maxPool(broken, window: []), averagePool(broken, window: [0]), diagonal(broken),
      cholesky(broken), logDeterminant(broken), pow(broken, 0), pow(broken, .min), relu(broken),
      softmax(broken, axis: 8), logSumExp(broken, axis: -9), concatenate([image, broken], axis: 7),
      stack([Tensor(1), broken]), softmaxCrossEntropy(broken, labels: image),
      softmaxCrossEntropy(image, targets: broken), select(broken, image, Tensor.ones([5])),
      Tensor.zeros(like: broken), broken.stoppingGradient(), broken.cast(to: .int32),
      broken.gathered(at: image), image.scatterAdded(at: broken, rows: -1), broken + Tensor(1),
      Tensor.normal([2], key: broken), broken.argmax(axis: 3), broken.padded(low: [], high: [1]),
    ]
    for (index, result) in results.enumerated() {
      #expect(result.error == reason, "number \(index): \(result.error?.description ?? "none")")
    }
    for read in [{ _ = try broken.item() }, { _ = try broken.scalars(Double.self) }] {
      #expect(throws: reason) { try read() }
    }
    #expect(throws: reason) { try gradient(at: broken) { $0.square().sum() } }
    #expect(throws: reason) { try jvp(at: [broken], along: []) { $0[0] } }
    #expect(throws: reason) { try vmap(broken) { $0 } }
    #expect(throws: reason) { try Compiled { (x: Tensor) in x }(broken) }
  }

  @Test func productsOfVectors() throws {
    let (a, b) = (Tensor([1, 2, 3]), Tensor([4, 5, 6]))
    let inner = matmul(a, b)
    #expect(inner.shape == [])
    #expect(try inner.item() == 32)
    #expect(matmul(a, Tensor.ones([3, 2])).shape == [2])
    #expect(matmul(a, Tensor.ones([5, 3, 2])).shape == [5, 2])
    #expect(matmul(Tensor.ones([5, 2, 3]), b).shape == [5, 2])
    #expect(matmul(Tensor.ones([2, 3]), b).shape == [2])
    #expect(matmul(a, Tensor.ones([2])).error != nil)
    #expect(matmul(Tensor.ones([2, 3, 0]), Tensor.ones([0, 4])).shape == [2, 3, 4])
    #expect(try gradient(at: a) { matmul($0, b) }.doubles() == [4, 5, 6])
  }

  @Test func directionsThatLackATensor() throws {
    let point = [Tensor([1, 2]), Tensor([3])]
    let loss = { @Sendable (w: [Tensor]) in w[0].square().sum() * w[1].sum() }
    for direction in [[], [Tensor([1, 2])], point + point, [point[1], point[0]]] {
      let calls: KeyValuePairs<String, () throws -> Void> = [
        "jvp": { _ = try jvp(at: point, along: direction, of: loss) },
        "hessianVectorProduct": {
          _ = try hessianVectorProduct(at: point, along: direction, of: loss)
        },
        "jointProduct": {
          _ = try jointProduct(at: point, Tensor(1), along: direction) { loss($0) * $1 }
        },
      ]
      for (name, body) in calls {
        do {
          try body()
          Issue.record("\(name) took \(direction)")
        } catch { #expect("\(error)".contains(name), "\(error)") }
      }
    }
  }

  @Test func structuresOfOtherSizes() {
    let pair = Pair(Tensor(1), Tensor(2))
    #expect(pair.replacingLeaves([Tensor(3)]).leaves.allSatisfy { $0.error != nil })
    #expect(pair.replacingLeaves([Tensor](repeating: Tensor(3), count: 3)).first.error != nil)
    #expect([Tensor(1)].zipLeaves([]) { $0 + $1 }[0].error != nil)
    #expect([Tensor]().zipLeaves([Tensor(1)]) { $0 + $1 }.isEmpty)
  }

  /// A sum of as many terms as an unrolled loop has.
  @Test func deepSums() throws {
    let x = Tensor.ones([20_000])
    let f = Compiled { (x: Tensor) -> Tensor in
      var sum = x
      for index in 0..<300 { sum = sum + x * Double(index % 7) }
      return sum.sum()
    }
    #expect(try f(x).item() > 0)
  }
}

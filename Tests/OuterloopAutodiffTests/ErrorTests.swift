import OuterloopAutodiff
import OuterloopNumerics
import OuterloopText
import Synchronization
import Testing

/// Mistakes are values: an operation that cannot be done gives a tensor that says why, and whoever
/// asks for numbers gets that reason thrown.
@Suite struct ErrorTests {
  private let matrix = Tensor.ones([2, 3])

  /// One number everywhere, which is simplified away wherever possible, and numbers in memory.
  static let matrices = [
    Tensor.ones([2, 3]), Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3]),
  ]

  /// The error thrown by `body` is a `TensorError` that mentions all of these.
  private func expect(
    _ parts: String..., location: SourceLocation = #_sourceLocation, from body: () throws -> Void
  ) {
    do {
      try body()
      Issue.record("no error", sourceLocation: location)
    } catch let error as TensorError {
      for part in parts {
        #expect(
          error.description.contains(part), "\(error) lacks '\(part)'", sourceLocation: location)
      }
    } catch {
      Issue.record("\(error)", sourceLocation: location)
    }
  }

  @Test(arguments: matrices) func shapesThatDoNotFit(_ matrix: Tensor) {
    let bad = matrix + Tensor.ones([4])
    #expect(bad.error != nil)
    // The first reason survives what is done with the result.
    expect("add", "[2,3]", "[4]") { _ = try exp(bad * 2).sum().item() }
    expect("add") { _ = try (matrix + Tensor.zeros([4])).doubles() }
    expect("add") { _ = try (Tensor.zeros([4, 4]) + matrix).doubles() }
    expect("multiply") { _ = try (matrix * Tensor.ones([4])).doubles() }
    expect("product", "[2,3]") { _ = try matmul(matrix, matrix).doubles() }
    expect("reshape", "[2,3]", "[7]") { _ = try matrix.reshaped([7]).doubles() }
    expect("slice", "[2,3]") { _ = try matrix.sliced(axis: 0, 1..<5).doubles() }
    expect("sum", "[5]") { _ = try matrix.sum(axes: [5]).doubles() }
    expect("concatenate", "[2,3]", "[3,2]") {
      _ = try concatenate([matrix, matrix.transposed()], axis: 0).doubles()
    }
    expect("add") { _ = try gradient(at: matrix) { ($0 + Tensor.ones([4])).sum() } }
  }

  @Test(arguments: matrices) func mixedTypes(_ matrix: Tensor) {
    expect("f32", "f64", "cast") {
      _ = try (matrix + Tensor.ones([2, 3], dtype: .float64)).doubles()
    }
    expect("f32", "f64", "cast") {
      _ = try (matrix + Tensor.zeros([2, 3], dtype: .float64)).doubles()
    }
    expect("f32", "f64", "cast") {
      _ = try matmul(matrix, Tensor.ones([3, 2], dtype: .float64)).doubles()
    }
  }

  @Test func indicesOutOfRange() throws {
    let index = Tensor([1, 0, 2] as [Int32])
    expect("gather", "index 2", "position 2", "0..<2") {
      _ = try matrix.gathered(at: index).doubles()
    }
    expect("gather", "index -1", "position 0") {
      _ = try matrix.gathered(at: Tensor([-1] as [Int32])).doubles()
    }
    expect("scatterAdd", "index 2", "position 2", "0..<2") {
      _ = try Tensor.ones([3, 2]).scatterAdded(at: index, rows: 2).doubles()
    }
    expect("oneHot", "index 2", "position 2", "0..<2") { _ = try index.oneHot(2).doubles() }
    // A program that met a wrong index still works.
    let f = Compiled { (x: Pair<Tensor, Tensor>) in x.first.gathered(at: x.second) }
    expect("position 2") { _ = try f(Pair(matrix, index)) }
    #expect(try f(Pair(matrix, Tensor([1, 0, 1] as [Int32]))).shape == [3, 3])
  }

  @Test func leakedSymbols() throws {
    let leaked = Mutex<Tensor?>(nil)
    _ = try gradient(at: matrix) { x in
      leaked.withLock { $0 = x }
      return x.sum()
    }
    let symbol = try #require(leaked.withLock { $0 })
    expect("traced") { _ = try symbol.doubles() }
    expect("outside the function") {
      _ = try gradient(at: matrix) { ($0 * symbol).sum() }
    }
  }

  @Test(arguments: matrices) func gradientsThatMakeNoSense(_ matrix: Tensor) {
    expect("scalar", "[2,3]") { _ = try gradient(at: matrix) { $0 * 2 } }
    expect("int32") { _ = try gradient(at: Tensor([1, 2] as [Int32])) { _ in Tensor(0) } }
    expect("cotangent", "[3]", "[2,3]") {
      _ = try vjp(at: matrix, cotangent: Tensor.ones([3])) { $0 * 2 }
    }
    expect("vmap", "leading") {
      _ = try vmap(Pair(matrix, Tensor.ones([3]))) { $0.first + $0.second }
    }
  }

  @Test func emptyTensors() throws {
    let empty = Tensor.zeros([0, 3], dtype: .float64)
    #expect(try exp(empty).doubles() == [])
    #expect(try empty.sum().item() == 0)
    #expect(try empty.sum(axes: [0]).doubles() == [0, 0, 0])
    #expect(try empty.sum(axes: [1]).doubles() == [])
    #expect(try matmul(empty, empty, transposeB: true).doubles() == [])
    let product = matmul(Tensor.ones([2, 0], dtype: .float64), empty)
    #expect(try product.doubles() == [Double](repeating: 0, count: 6))
    #expect(try empty.transposed().reshaped([0]).doubles() == [])
    #expect(try empty.gathered(at: Tensor([] as [Int32])).doubles() == [])
    #expect(
      try concatenate([empty, Tensor.ones([1, 3], dtype: .float64)]).doubles() == [1, 1, 1])
    #expect(try gradient(at: empty) { $0.square().sum() }.shape == [0, 3])
    expect("max") { _ = try empty.max(axes: [0]).doubles() }
  }

  /// Axes in three and four separate groups.
  @Test(arguments: [[2, 3, 2, 3, 4], [3, 2, 4, 2, 2, 3, 2], [70, 2, 3, 65, 2]])
  func scatteredAxes(_ shape: [Int]) throws {
    let axes = Array(stride(from: 0, to: shape.count, by: 2))
    let x = RandomKey(seed: 4, purpose: "scattered").normal(shape, dtype: .float64)
    let kept = shape.indices.filter { !axes.contains($0) }
    let last = x.transposed(kept + axes).reshaped(kept.map { shape[$0] } + [-1])
    let differences = x.sum(axes: axes) - last.sum(axes: [kept.count])
    #expect(try differences.square().sum().item() < 1e-18)
    #expect(
      try x.max(axes: axes).doubles() == last.max(axes: [kept.count]).doubles())
    let slope = try gradient(at: x) { $0.sum(axes: axes).square().sum() }
    let wanted = x.sum(axes: axes, keeping: true).broadcast(to: shape) * 2
    #expect(try (slope - wanted).square().sum().item() < 1e-16)
  }
}

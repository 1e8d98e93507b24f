import Testing

@testable import OuterloopAutodiff
@testable import OuterloopNumerics

/// Sums that programs rewrite: of products, and of padded parts.
@Suite struct SumRewriteTests {
  private static let key = RandomKey(seed: 12, purpose: "sums")

  /// The gradient with respect to weights that many steps use: each step's product is added in place.
  @Test func productsOfManyStepsAreAddedInPlace() throws {
    let (count, size) = (5, 130)
    let types = [TensorType([size, size], .float64)]
    let inputs = (0..<count).map {
      Self.key.split(count)[$0].normal([40, size], dtype: .float64)
    }
    func loss(_ w: Tensor) -> Tensor {
      inputs.map { sin(matmul($0, w)).sum() }.reduce(Tensor(0, dtype: .float64), +)
    }
    let graph = try Graph(tracing: types) { x in
      [try gradient(at: x[0]) { loss($0) } * 0.5 - x[0]]
    }
    let program = try Program(graph)
    let added = program.description.split(separator: "\n").filter { $0.contains("product a^T + c") }
    #expect(added.count == count - 1)
    let w = Self.key.normal([size, size], dtype: .float64)
    let result = try program.run([w])[0]
    var expected = -w
    for x in inputs { expected += 0.5 * matmul(x.transposedMatrix(), cos(matmul(x, w))) }
    #expect(try (result - expected).square().max().item() < 1e-20)
  }

  /// The adjoint of taking a tensor apart puts it together, at once.
  @Test func partsAreConcatenated() throws {
    let types = [TensorType([6, 12], .float64)]
    let graph = try Graph(tracing: types) { x in
      [
        try gradient(at: x[0]) { x in
          let parts = (0..<4).map { x.sliced(axis: 1, (3 * $0)..<(3 * $0 + 3)) }
          return (sin(parts[2]) * parts[0] + cos(parts[3]) * parts[1]).sum()
        }
      ]
    }
    let program = try Program(graph)
    #expect(program.description.contains("concatenate axis 1"))
    #expect(!program.description.contains("pad"))
    let x = Self.key.normal([6, 12], dtype: .float64)
    let p = (0..<4).map { x.sliced(axis: 1, (3 * $0)..<(3 * $0 + 3)) }
    let expected = concatenate(
      [sin(p[2]), cos(p[3]), cos(p[2]) * p[0], -sin(p[3]) * p[1]], axis: 1)
    #expect(try (try program.run([x])[0] - expected).square().max().item() < 1e-28)
  }

  /// Parts that leave a gap are left alone.
  @Test func gapsStayPads() throws {
    let graph = try Graph(tracing: [TensorType([9], .float64)]) { x in
      [
        try gradient(at: x[0]) { x in
          (sin(x.sliced(axis: 0, 0..<4)).sum() + cos(x.sliced(axis: 0, 5..<9)).sum())
        }
      ]
    }
    let program = try Program(graph)
    #expect(!program.description.contains("concatenate"))
    let x = Self.key.normal([9], dtype: .float64)
    let result = try program.run([x])[0]
    let expected = concatenate(
      [
        cos(x.sliced(axis: 0, 0..<4)), Tensor.zeros([1], dtype: .float64),
        -sin(x.sliced(axis: 0, 5..<9)),
      ])
    #expect(try (result - expected).square().max().item() < 1e-28)
  }
}

import OuterloopAutodiff
import OuterloopNumerics
import OuterloopText
import Testing

/// Element types: numbers that are written out are float32, arrays of a Swift type have its type, and
/// a plain number takes the type of what it meets.
@Suite struct PlainNumberTests {
  private let single = Tensor([1, 2, 3])
  private let double = Tensor([1, 2, 3], dtype: .float64)

  @Test func defaults() throws {
    #expect(Tensor(1.0).dtype == .float32)
    #expect(Tensor([1.0]).dtype == .float32)
    #expect(Tensor([1, 2]).dtype == .float32)
    #expect(Tensor([1.0, 2], shape: [2, 1]).dtype == .float32)
    #expect(Tensor([1.0], dtype: .float64).dtype == .float64)
    #expect(
      try Tensor([1.9, -1.9, .nan, 1e19], dtype: .int32).doubles() == [1, -1, 0, 2_147_483_647])
    let doubles = [0.1, 0.2]
    #expect(Tensor(doubles).dtype == .float64)
    #expect(try Tensor(doubles).doubles() == doubles)
    #expect(Tensor([1, 2] as [Int32]).dtype == .int32)
  }

  @Test func aPlainNumberTakesTheTypeOfWhatItMeets() throws {
    let tenth = Tensor(0.1)
    for (v, dtype) in [(single, DType.float32), (double, .float64)] {
      let results = [
        v + tenth, tenth + v, v - tenth, tenth - v, v * tenth, v / tenth, tenth / v, pow(v, tenth),
        maximum(v, tenth), minimum(tenth, v), v.isLess(than: tenth), select(v, tenth, v),
        select(v, Tensor(1), tenth * v), 2 * tenth * v, (1 - tenth) * v, exp(-tenth) * v,
      ]
      #expect(results.allSatisfy { $0.dtype == dtype && $0.error == nil })
      // Inside a traced function as well.
      let slope = try gradient(at: v) { ((2 * tenth) * $0).sum() }
      #expect(slope.dtype == dtype)
    }
    // To the last bit, not by way of float32.
    #expect(try (double * tenth).doubles() == [0.1, 0.2, 0.1 * 3])
    #expect(try (double * (-tenth / 3)).doubles() == [-0.1 / 3, 2 * (-0.1 / 3), 3 * (-0.1 / 3)])
    #expect(try stack([double.sum(), tenth]).doubles() == [6, 0.1])
    #expect(try tenth.cast(to: .float64).item() == 0.1)
  }

  @Test func aNumberOfATypeKeepsIt() {
    #expect((double + Tensor(1, dtype: .float32)).error != nil)
    #expect((single + Tensor(1, dtype: .float64)).error != nil)
    #expect((single + Tensor([1.0], dtype: .float64)).error != nil)
    #expect((double + Tensor([1.0])).error?.description.contains("f32") == true)
  }

  @Test func tangentsAndCotangents() throws {
    let x = Tensor(3, dtype: .float64)
    #expect(try jvp(at: x, along: Tensor(1)) { $0.square() }.derivative.item() == 6)
    #expect(try vjp(at: x, cotangent: Tensor(0.5)) { $0.square() }.cotangent.item() == 3)
    let (slope, product) = try hessianVectorProduct(at: x, along: Tensor(2)) { $0.square() * $0 }
    #expect(try (slope.item(), product.item()) == (27, 36))
  }

  @Test func numbersAsOperands() throws {
    #expect(try maximum(single, 2).doubles() == [2, 2, 3])
    #expect(try minimum(double, 1.5).doubles() == [1, 1.5, 1.5])
    #expect(try pow(double, 0.5).doubles() == [1, 2.0.squareRoot(), 3.0.squareRoot()])
    #expect(try pow(double, -2).doubles()[1] == 0.25)
    var x = double
    x += 1
    x *= 2
    x /= 4
    x -= 0.5
    #expect(try x.doubles() == [0.5, 1, 1.5])
  }

  @Test func namedTensorsAreALiteral() throws {
    var tensors: NamedTensors = ["w": Tensor([1, 2]), "b": Tensor(3)]
    #expect(tensors.leafNames == ["w", "b"])
    #expect(try tensors["b"].item() == 3)
    tensors["b"] = Tensor(4)
    let slope = try gradient(at: tensors) { ($0["w"] * $0["b"]).sum() }
    #expect(try slope["w"].doubles() == [4, 4])
    #expect(try slope["b"].item() == 3)
    let dictionary = ["z": Tensor(1), "a": Tensor(2)]
    #expect(NamedTensors(dictionary).names == ["a", "z"])
    let twice: NamedTensors = ["w": Tensor(1), "w": Tensor(2)]
    #expect(twice["w"].error?.description.contains("two tensors 'w'") == true)
    #expect(tensors["x"].error?.description.contains("'x'") == true)
  }
}

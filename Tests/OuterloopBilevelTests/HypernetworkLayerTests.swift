import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics
import Testing

/// Layers and networks that answer to hyperparameters, against the weights they stand for.
@Suite struct HypernetworkLayerTests {
  private static func draw(_ shape: [Int], _ name: String) -> Tensor {
    RandomKey(seed: 5, purpose: name).normal(shape, dtype: .float64)
  }

  private static func dense() -> SelfTuningDense {
    var layer = SelfTuningDense(
      3, 2, hyperparameters: 2, key: RandomKey(seed: 1), dtype: .float64)
    layer.base.bias = draw([2], "b")
    layer.response.bias = draw([2], "c")
    layer.weightScales = draw([2, 2], "S_w")
    layer.biasScales = draw([2, 2], "S_b")
    return layer
  }

  private static func convolution(_ padding: Padding) -> SelfTuningConvolution2D {
    var layer = SelfTuningConvolution2D(
      channels: 2, filters: 3, kernel: [3, 2], stride: [2, 1], padding: padding,
      hyperparameters: 2, key: RandomKey(seed: 1), dtype: .float64)
    layer.base.bias = draw([3], "b")
    layer.responseBias = draw([3], "c")
    layer.weightScales = draw([2, 3], "S_w")
    layer.biasScales = draw([2, 3], "S_b")
    return layer
  }

  // MARK: - Dense

  /// Example by example with the weights `W_ij + s_w(l)_j U_ij` and biases `b_j + s_b(l)_j c_j`
  /// written out.
  @Test func denseByHand() throws {
    let layer = Self.dense()
    let (x, l) = (Self.draw([4, 3], "x"), Self.draw([4, 2], "l"))
    let (w, u) = (try layer.base.weights.doubles(), try layer.response.weights.doubles())
    let (b, c) = (try layer.base.bias.doubles(), try layer.response.bias.doubles())
    let (sw, sb) = (try layer.weightScales.doubles(), try layer.biasScales.doubles())
    let (v, h) = (try x.doubles(), try l.doubles())
    func expected(_ n: Int, _ row: Int) -> [Double] {
      (0..<2).map { j in
        let scale = h[2 * row] * sw[j] + h[2 * row + 1] * sw[2 + j]
        let shift = h[2 * row] * sb[j] + h[2 * row + 1] * sb[2 + j]
        return (0..<3).reduce(b[j] + shift * c[j]) {
          $0 + v[3 * n + $1] * (w[2 * $1 + j] + scale * u[2 * $1 + j])
        }
      }
    }
    let each = try layer(x, l).doubles()
    #expect(deviation(each, (0..<4).flatMap { expected($0, $0) }) < 1e-14)
    let shared = try layer(x, l.example(2)).doubles()
    #expect(deviation(shared, (0..<4).flatMap { expected($0, 2) }) < 1e-14)
    #expect(deviation(try layer.dense(at: l.example(2))(x).doubles(), shared) < 1e-14)
  }

  @Test func denseErrors() {
    let layer = Self.dense()
    let x = Self.draw([4, 3], "x")
    #expect(layer(x, Self.draw([3], "l")).error != nil)
    #expect(layer(x, Self.draw([3, 2], "l")).error != nil)
    #expect(layer(x, Self.draw([4, 3], "l")).error != nil)
    #expect(
      layer.leafNames == [
        "base.weights", "base.bias", "response.weights", "response.bias", "weightScales",
        "biasScales",
      ])
    // The start: an answer, but a small one.
    let start = SelfTuningDense(300, 200, hyperparameters: 1, key: RandomKey(seed: 1))
    let scales = (try? start.weightScales.doubles()) ?? []
    let size = (scales.reduce(0) { $0 + $1 * $1 } / 200).squareRoot()
    #expect(size > 0.008 && size < 0.012)
  }

  // MARK: - Convolution

  @Test(arguments: [Padding.same, .valid]) func convolution(_ padding: Padding) throws {
    let layer = Self.convolution(padding)
    let (x, l) = (Self.draw([3, 5, 4, 2], "x"), Self.draw([3, 2], "l"))
    let (w, u) = (try layer.base.filter.doubles(), try layer.responseFilter.doubles())
    let (b, c) = (try layer.base.bias.doubles(), try layer.responseBias.doubles())
    let (sw, sb) = (try layer.weightScales.doubles(), try layer.biasScales.doubles())
    let h = try l.doubles()
    let each = layer(x, l)
    for n in 0..<3 {
      // The convolution with its filters written out, on one image.
      let scale = (0..<3).map { h[2 * n] * sw[$0] + h[2 * n + 1] * sw[3 + $0] }
      let shift = (0..<3).map { h[2 * n] * sb[$0] + h[2 * n + 1] * sb[3 + $0] }
      var plain = layer.base
      plain.filter = Tensor(
        w.indices.map { w[$0] + scale[$0 % 3] * u[$0] }, shape: layer.base.filter.shape)
      plain.bias = Tensor((0..<3).map { b[$0] + shift[$0] * c[$0] })
      let image = x.sliced(axis: 0, n..<(n + 1))
      let expected = try plain(image).doubles()
      #expect(deviation(try each.example(n).doubles(), expected) < 1e-13)
      let shared = layer(x, l.example(n))
      #expect(deviation(try shared.example(n).doubles(), expected) < 1e-13)
      let made = layer.convolution2D(at: l.example(n))
      #expect(deviation(try made(image).doubles(), expected) < 1e-13)
    }
    #expect(layer(x, Self.draw([2, 2], "l")).error != nil)
  }

  /// Derivatives by l, per example, are those of the plain layer at that example's weights.
  @Test func derivatives() throws {
    let layer = Self.convolution(.same)
    let (x, l) = (Self.draw([3, 5, 4, 2], "x"), Self.draw([3, 2], "l"))
    let c = Self.draw(layer(x, l).shape, "cotangent")
    let together = try gradient(at: l) { (layer(x, $0) * c).sum() }
    for n in 0..<3 {
      let alone = try gradient(at: l.example(n)) {
        (layer.convolution2D(at: $0)(x.sliced(axis: 0, n..<(n + 1))) * c.example(n)).sum()
      }
      #expect(deviation(try together.example(n).doubles(), try alone.doubles()) < 1e-13)
    }
  }

  // MARK: - Whole networks

  @Test func linear() throws {
    let base = Dense(3, 2, key: RandomKey(seed: 1), dtype: .float64)
    var network = LinearHypernetwork(base: base, hyperparameters: 2)
    #expect(network.slopes.map(\.shape) == [[2, 6], [2, 2]])
    // It starts at the base for every l.
    let l = Self.draw([2], "l")
    #expect(try network(l).flat == base.flat)
    network.slopes = [Self.draw([2, 6], "A"), Self.draw([2, 2], "A bias")]
    let weights = network(l)
    #expect(weights.weights.shape == [3, 2] && weights.bias.shape == [2])
    let h = try l.doubles()
    let slopes = try network.slopes.map { try $0.doubles() }
    let expected = try base.leaves.enumerated().flatMap { leaf, tensor in
      try tensor.doubles().enumerated().map { place, value in
        value + h[0] * slopes[leaf][place] + h[1] * slopes[leaf][tensor.count + place]
      }
    }
    #expect(deviation(try weights.flat, expected) < 1e-15)
    #expect(network(Self.draw([3], "l")).weights.error != nil)
    #expect(
      network.leafNames == ["slopes[0]", "slopes[1]", "base.weights", "base.bias"])
  }

  @Test func perceptron() throws {
    let base = Dense(3, 2, key: RandomKey(seed: 1), dtype: .float64)
    var network = try PerceptronHypernetwork(
      base: base, hyperparameters: 2, hidden: [5, 4], activation: .sigmoid,
      key: RandomKey(seed: 2), dtype: .float64)
    let l = Self.draw([2], "l")
    #expect(try network(l).flat == base.flat)
    #expect(network.heads.slopes.map(\.shape) == [[4, 6], [4, 2]])
    network.heads.slopes = [Self.draw([4, 6], "A"), Self.draw([4, 2], "A bias")]
    let layers = network.trunk.layers
    let units = sigmoid(layers[1](sigmoid(layers[0](l.reshaped([1, 2])))))
    let expected = try base.weights.doubles().enumerated().map { place, value in
      let a = try network.heads.slopes[0].doubles()
      let h = try units.doubles()
      return (0..<4).reduce(value) { $0 + h[$1] * a[6 * $1 + place] }
    }
    #expect(deviation(try network(l).weights.doubles(), expected) < 1e-14)
    #expect(network(Self.draw([3], "l")).weights.error != nil)
    #expect(throws: TensorError.self) {
      try PerceptronHypernetwork(
        base: base, hyperparameters: 2, hidden: [], key: RandomKey(seed: 2))
    }
  }

  @Test func flattening() throws {
    let base = Dense(3, 2, key: RandomKey(seed: 1), dtype: .float64)
    let vector = base.flattened
    #expect(try vector.doubles() == base.flat)
    #expect(try base.zeros.unflattened(vector).flat == base.flat)
    #expect(base.unflattened(Tensor([1.0], dtype: .float64)).weights.error != nil)
  }
}

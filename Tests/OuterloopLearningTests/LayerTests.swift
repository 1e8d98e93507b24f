import Foundation
import OuterloopAutodiff
import OuterloopLearning
import OuterloopNumerics
import Testing

/// Layers against loops over their definitions.
@Suite struct LayerTests {
  // MARK: - Dense

  @Test func dense() throws {
    var layer = Dense(3, 2, key: RandomKey(seed: 1), dtype: .float64)
    layer.bias = draw([2], "bias")
    let x = draw([4, 3], "x")
    let (w, b, v) = (
      try layer.weights.doubles(), try layer.bias.doubles(), try x.doubles()
    )
    var expected: [Double] = []
    for example in 0..<4 {
      for output in 0..<2 {
        var sum = b[output]
        for input in 0..<3 { sum += v[3 * example + input] * w[2 * input + output] }
        expected.append(sum)
      }
    }
    try expectClose(layer(x), expected)
    #expect(layer.leafNames == ["weights", "bias"])
    #expect(layer(draw([4, 5], "wrong")).error != nil)
  }

  @Test func perceptron() throws {
    let network = MultilayerPerceptron(
      [3, 4, 2], activation: .sigmoid, key: RandomKey(seed: 1), dtype: .float64)
    let x = draw([5, 3], "x")
    let hidden = try network.layers[0](x).doubles().map { 1 / (1 + Foundation.exp(-$0)) }
    // No activation after the last layer.
    try expectClose(network(x), network.layers[1](Tensor(hidden, shape: [5, 4])).doubles())
    #expect(
      network.leafNames == [
        "layers[0].weights", "layers[0].bias", "layers[1].weights", "layers[1].bias",
      ])
    #expect(network.elementCount == 3 * 4 + 4 + 4 * 2 + 2)
    #expect(try network.layers[0].weights.doubles() != network.layers[1].weights.doubles())
  }

  @Test(arguments: Activation.allCases) func activations(_ activation: Activation) throws {
    let x = [-3.0, -0.5, 0, 0.5, 3]
    let expected = x.map { x -> Double in
      switch activation {
      case .tanh: Foundation.tanh(x)
      case .relu: max(x, 0)
      case .sigmoid: 1 / (1 + Foundation.exp(-x))
      case .softplus: Foundation.log(1 + Foundation.exp(x))
      case .identity: x
      }
    }
    try expectClose(activation(Tensor(x)), expected, 1e-15)
  }

  // MARK: - Initial values

  /// Means and variances of many draws, to five standard errors.
  @Test func initializers() throws {
    let glorot = try Initializer.glorot(
      [200, 300], fanIn: 200, fanOut: 300, key: RandomKey(seed: 2), dtype: .float64
    ).doubles()
    let limit = (6.0 / 500).squareRoot()
    #expect(glorot.allSatisfy { abs($0) <= limit })
    #expect(glorot.contains { $0 > 0.99 * limit } && glorot.contains { $0 < -0.99 * limit })
    let he = try Initializer.he(
      [3, 3, 8, 500], fanIn: 72, key: RandomKey(seed: 2), dtype: .float64
    ).doubles()
    for (values, variance) in [(glorot, limit * limit / 3), (he, 2.0 / 72)] {
      let n = Double(values.count)
      let mean = values.reduce(0, +) / n
      let square = values.reduce(0) { $0 + $1 * $1 } / n
      #expect(abs(mean) < 5 * (variance / n).squareRoot())
      #expect(abs(square / variance - 1) < 5 * (2 / n).squareRoot())
    }
    // The same key, the same start; another key, another.
    let a = Convolution2D(channels: 2, filters: 3, key: RandomKey(seed: 2))
    let b = Convolution2D(channels: 2, filters: 3, key: RandomKey(seed: 2))
    let c = Convolution2D(channels: 2, filters: 3, key: RandomKey(seed: 3))
    #expect(try a.filter.doubles() == b.filter.doubles())
    #expect(try a.filter.doubles() != c.filter.doubles())
    #expect(a.filter.dtype == .float32 && a.bias.shape == [3])
  }

  // MARK: - Convolution

  @Test(
    arguments: [[1, 1], [2, 2], [2, 1]],
    [Padding.same, .valid, .explicit(low: [2, 0], high: [1, 1])])
  func convolution(stride: [Int], padding: Padding) throws {
    let (n, h, w, c, o, kh, kw) = (2, 6, 5, 2, 3, 3, 2)
    var layer = Convolution2D(
      channels: c, filters: o, kernel: [kh, kw], stride: stride, padding: padding,
      key: RandomKey(seed: 1), dtype: .float64)
    layer.bias = draw([o], "bias")
    let x = draw([n, h, w, c], "image")
    func low(_ axis: Int, _ size: Int, _ kernel: Int) -> (low: Int, outputs: Int) {
      switch padding {
      case .valid: return (0, (size - kernel) / stride[axis] + 1)
      case .same:
        let outputs = (size + stride[axis] - 1) / stride[axis]
        return (max(0, (outputs - 1) * stride[axis] + kernel - size) / 2, outputs)
      case .explicit(let low, let high):
        return (low[axis], (size + low[axis] + high[axis] - kernel) / stride[axis] + 1)
      }
    }
    let (top, oh) = low(0, h, kh)
    let (left, ow) = low(1, w, kw)
    let (v, f, b) = (try x.doubles(), try layer.filter.doubles(), try layer.bias.doubles())
    var expected: [Double] = []
    for image in 0..<n {
      for y in 0..<oh {
        for z in 0..<ow {
          for filter in 0..<o {
            var sum = b[filter]
            for i in 0..<kh {
              for j in 0..<kw {
                let (row, column) = (y * stride[0] + i - top, z * stride[1] + j - left)
                guard row >= 0, row < h, column >= 0, column < w else { continue }
                for channel in 0..<c {
                  sum +=
                    v[((image * h + row) * w + column) * c + channel]
                    * f[((i * kw + j) * c + channel) * o + filter]
                }
              }
            }
            expected.append(sum)
          }
        }
      }
    }
    let y = layer(x)
    #expect(y.shape == [n, oh, ow, o])
    try expectClose(y, expected)
  }

  // MARK: - LSTM

  @Test func longShortTermMemory() throws {
    let (examples, inputs, units, steps) = (3, 2, 4, 5)
    var cell = LSTMCell(inputs: inputs, units: units, key: RandomKey(seed: 6), dtype: .float64)
    #expect(
      try cell.bias.doubles() == (0..<16).map { (4..<8).contains($0) ? 1 : 0 })
    cell.bias = draw([4 * units], "bias")
    let x = draw([steps, examples, inputs], "sequence")
    let states = cell(sequence: x)
    #expect(states.count == steps)
    let (w, u, b, v) = (
      try cell.input.doubles(), try cell.recurrent.doubles(), try cell.bias.doubles(),
      try x.doubles()
    )
    func sigmoid(_ x: Double) -> Double { 1 / (1 + Foundation.exp(-x)) }
    var hidden = [Double](repeating: 0, count: examples * units)
    var memory = hidden
    for step in 0..<steps {
      let before = hidden
      for n in 0..<examples {
        for unit in 0..<units {
          let gates = (0..<4).map { gate -> Double in
            let column = gate * units + unit
            var sum = b[column]
            let row = (step * examples + n) * inputs
            for i in 0..<inputs { sum += v[row + i] * w[i * 4 * units + column] }
            for i in 0..<units { sum += before[n * units + i] * u[i * 4 * units + column] }
            return sum
          }
          let place = n * units + unit
          memory[place] =
            sigmoid(gates[1]) * memory[place] + sigmoid(gates[0]) * Foundation.tanh(gates[2])
          hidden[place] = sigmoid(gates[3]) * Foundation.tanh(memory[place])
        }
      }
      try expectClose(states[step].hidden, hidden)
      try expectClose(states[step].cell, memory)
    }
    #expect(cell.leafNames == ["input", "recurrent", "bias"])
  }

  // MARK: - Batch normalisation

  @Test(arguments: [[40, 3], [6, 4, 5, 3]]) func batchNormalisation(shape: [Int]) throws {
    let layer = BatchNorm(features: 3, epsilon: 1e-5, dtype: .float64)
    let x =
      draw(shape, "features") * Tensor([3.0, 0.1, 20], dtype: .float64)
      + Tensor([5.0, -2, 0], dtype: .float64)
    let y = layer(x)
    let axes = Array(0..<(shape.count - 1))
    let mean = try y.mean(axes: axes).doubles()
    let variance = try y.square().mean(axes: axes).doubles()
    let (given, spread) = layer.statistics(of: x)
    for feature in 0..<3 {
      let own = try spread.doubles()[feature]
      #expect(abs(mean[feature]) < 1e-13)
      // Not quite 1: v / (v + epsilon).
      #expect(abs(variance[feature] - own / (own + 1e-5)) < 1e-12)
    }
    // The statistics are those of the definition.
    let values = try x.doubles()
    for feature in 0..<3 {
      let column = stride(from: feature, to: values.count, by: 3).map { values[$0] }
      let center = column.reduce(0, +) / Double(column.count)
      let width = column.reduce(0) { $0 + ($1 - center) * ($1 - center) } / Double(column.count)
      #expect(abs(try given.doubles()[feature] - center) < 1e-12)
      #expect(abs(try spread.doubles()[feature] / width - 1) < 1e-12)
    }
    // Scale and offset act on the normalised values; kept statistics give the same.
    var moved = layer
    moved.scale = Tensor([2.0, 3, 4], dtype: .float64)
    moved.offset = Tensor([1.0, 0, -1], dtype: .float64)
    try expectClose(moved(x), (y * moved.scale + moved.offset).doubles(), 1e-12)
    try expectClose(layer.infer(x, mean: given, variance: spread), y.doubles(), 1e-14)
  }
}

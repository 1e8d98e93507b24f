internal import OuterloopAutodiff
internal import OuterloopNumerics

/// The network of DPL (Kadra, Janowski, Wistuba and Grabocka 2023), from a configuration x to the power law of its
/// learning curve:
///
///     (alpha, beta, gamma) = leaky(leaky(x A + a) B + b) C + c           2 x 128 units
///     y(x, t) = alpha + silu(beta) t^(-silu(gamma)),   t = epoch / epochs of a full training
///
/// leaky(v) = max(v, v/100), silu(v) = v sigmoid(v). The loss is the mean of |y(x, t) - y|; its derivatives are those of
/// the core. Parameters are one flat vector, A, a, B, b, C, c; programs have a fixed batch size, in which rows may have
/// zero weight.
///
/// - Complexity: O(128 (d + 128)) time a row of d numbers.
struct PowerLawNetwork: Sendable {
  /// The length of an encoded configuration.
  let inputs: Int
  private let step: Compiled<[Tensor], [Tensor]>
  private let final: Compiled<[Tensor], Tensor>

  static let hidden = 128
  /// Rows of a batch, not counting the newest observation.
  static let batch = 64
  private static let rows = batch + 1
  private static let leak = 0.01
  /// The block size of predictions.
  private static let block = 128

  init(inputs: Int) {
    self.inputs = inputs
    step = Compiled { all in
      let (x, logTime, y, share) = (all[6], all[7], all[8], all[9])
      let result = try valueAndGradient(at: Array(all[..<6])) { w in
        (abs(Self.curve(w, x, logTime) - y) * share).sum()
      }
      return [result.value] + result.gradient
    }
    final = Compiled { all in Self.curve(Array(all[..<6]), all[6], all[7]) }
  }

  private static func curve(_ w: [Tensor], _ x: Tensor, _ logTime: Tensor) -> Tensor {
    let first = leaky(matmul(x, w[0]) + w[1])
    let second = leaky(matmul(first, w[2]) + w[3])
    let law = matmul(second, w[4]) + w[5]
    let alpha = law.sliced(axis: 1, 0..<1)
    let (beta, gamma) = (law.sliced(axis: 1, 1..<2), law.sliced(axis: 1, 2..<3))
    return alpha + silu(beta) * exp(-(silu(gamma) * logTime))
  }

  private static func silu(_ x: Tensor) -> Tensor { x * sigmoid(x) }
  private static func leaky(_ x: Tensor) -> Tensor {
    select(x.isGreater(than: 0), x, x * leak)
  }

  private var shapes: [[Int]] {
    let hidden = Self.hidden
    return [[inputs, hidden], [hidden], [hidden, hidden], [hidden], [hidden, 3], [3]]
  }

  var count: Int { shapes.reduce(0) { $0 + $1.reduce(1, *) } }

  /// Uniform in +-1/sqrt(inputs of the layer).
  func initial(_ key: RandomKey) -> [Double] {
    var uniforms = UniformStream(key: key, expecting: count)
    return [(inputs, Self.hidden), (Self.hidden, Self.hidden), (Self.hidden, 3)].flatMap {
      inputs, outputs in
      let limit = 1 / Double(max(inputs, 1)).squareRoot()
      return (0..<(inputs + 1) * outputs).map { _ in limit * (2 * uniforms.next() - 1) }
    }
  }

  private func tensors(_ parameters: [Double]) -> [Tensor] {
    var first = 0
    return shapes.map { shape in
      let count = shape.reduce(1, *)
      defer { first += count }
      return Tensor(Array(parameters[first..<first + count]), shape: shape, dtype: .float64)
    }
  }

  /// The mean absolute error of some rows, weighted by how often each is listed, and its gradient.
  ///
  /// - Parameter rows: at most 65 indices.
  func loss(
    _ parameters: [Double], _ observations: PowerLawRows, at rows: [Int]
  ) throws -> (value: Double, gradient: [Double]) {
    precondition(!rows.isEmpty && rows.count <= Self.rows)
    let padding = Self.rows - rows.count
    let zeros = [Double](repeating: 0, count: padding)
    let x = rows.flatMap { observations.x[$0 * inputs..<($0 + 1) * inputs] }
    let shape = [Self.rows, 1]
    let arguments = [
      Tensor(
        x + [Double](repeating: 0, count: padding * inputs), shape: [Self.rows, inputs],
        dtype: .float64),
      Tensor(rows.map { observations.logTimes[$0] } + zeros, shape: shape, dtype: .float64),
      Tensor(rows.map { observations.y[$0] } + zeros, shape: shape, dtype: .float64),
      Tensor(rows.map { _ in 1 / Double(rows.count) } + zeros, shape: shape, dtype: .float64),
    ]
    let results = try step(tensors(parameters) + arguments)
    return (
      try results[0].item(), try results.dropFirst().flatMap { try $0.scalars(Double.self) }
    )
  }

  /// Values at the end of a full training, or at other times.
  ///
  /// - Parameters:
  ///   - x: (rows, inputs).
  ///   - logTimes: logarithms of fractions of a training; nil: at its end.
  func values(
    _ parameters: [Double], _ x: [Double], count: Int, logTimes: [Double]? = nil
  ) throws -> [Double] {
    let weights = tensors(parameters)
    var result: [Double] = []
    for first in stride(from: 0, to: count, by: Self.block) {
      let used = min(Self.block, count - first)
      let rows = Array(x[first * inputs..<(first + used) * inputs])
      let padding = [Double](repeating: 0, count: (Self.block - used) * inputs)
      let times =
        (logTimes.map { Array($0[first..<first + used]) } ?? [])
        + [Double](repeating: 0, count: logTimes == nil ? Self.block : Self.block - used)
      let all =
        weights + [
          Tensor(rows + padding, shape: [Self.block, inputs], dtype: .float64),
          Tensor(times, shape: [Self.block, 1], dtype: .float64),
        ]
      result += try final(all).scalars(Double.self).prefix(used)
    }
    return result
  }
}

/// Observations of power laws.
struct PowerLawRows: Sendable {
  /// (rows, inputs).
  var x: [Double] = []
  /// Logarithms of the fraction of a full training.
  var logTimes: [Double] = []
  var y: [Double] = []

  var count: Int { y.count }
}

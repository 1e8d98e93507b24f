internal import OuterloopAutodiff
internal import OuterloopNumerics
private import OuterloopPlatform

/// The network of the deep kernel (Wistuba, Kadra and Grabocka 2022), from a configuration x, an epoch b and the
/// curve up to the epoch before to features z:
///
///     h = leaky(norm([x ; b/b_max] A + a))                  64 units
///     c_f = max over t of (u_t C + c)_f                     u_t: three neighbouring values of the curve
///     z = leaky([h ; c] B + b)                              128 features
///
/// leaky(v) = max(v, v/100). norm is over the units of a row (`layer`) or, as published, over the rows of a unit
/// (`batch`), each with a scale and an offset by unit.
///
/// Parameters are one flat vector, so that an optimizer step is a loop; derivatives come from `vjp`.
struct KernelNetwork: Sendable, Hashable {
  enum Norm: Sendable, Hashable { case layer, batch }

  /// Numbers of a row without the curve: those of a configuration, and the epoch.
  let inputs: Int
  let norm: Norm

  static let hidden = 64
  static let features = 128
  static let filters = 4
  /// The width of a filter over the curve.
  static let window = 3
  private static let leak = 0.01
  private static let epsilon = 1e-5

  /// A, a, scale, offset, C, c, B, b.
  var shapes: [[Int]] {
    let (hidden, filters) = (Self.hidden, Self.filters)
    return [
      [inputs, hidden], [hidden], [hidden], [hidden], [Self.window, filters], [filters],
      [hidden + filters, Self.features], [Self.features],
    ]
  }

  var count: Int { shapes.reduce(0) { $0 + $1.reduce(1, *) } }

  /// Weights and biases uniform in +-1/sqrt(inputs of the layer), scales 1 and offsets 0.
  func initial(_ key: RandomKey) -> [Double] {
    var uniforms = UniformStream(key: key, expecting: count)
    func layer(_ inputs: Int, _ outputs: Int) -> [Double] {
      let limit = 1 / Double(inputs).squareRoot()
      return (0..<(inputs + 1) * outputs).map { _ in limit * (2 * uniforms.next() - 1) }
    }
    let hidden = Self.hidden
    let first = layer(inputs, hidden)
    let scales = [Double](repeating: 1, count: hidden) + [Double](repeating: 0, count: hidden)
    let curve = layer(Self.window, Self.filters)
    return first + scales + curve + layer(hidden + Self.filters, Self.features)
  }

  /// The parameters as tensors.
  func tensors(_ parameters: [Double]) -> [Tensor] {
    var first = 0
    return shapes.map { shape in
      let count = shape.reduce(1, *)
      defer { first += count }
      return Tensor(Array(parameters[first..<first + count]), shape: shape, dtype: .float64)
    }
  }

  /// Features (rows, 128), and the mean and variance by unit where rows are normalised together.
  ///
  /// - Parameters:
  ///   - w: the parameters as tensors.
  ///   - rows: as `NetworkRows.tensors`.
  ///   - statistics: mean and variance by unit; nil: those of the rows.
  func features(
    _ w: [Tensor], _ rows: [Tensor], statistics: (mean: Tensor, variance: Tensor)? = nil
  ) -> (features: Tensor, mean: Tensor, variance: Tensor) {
    let (x, windows, inside, hasCurve, share) = (rows[0], rows[1], rows[2], rows[3], rows[4])
    // Batch normalisation cancels the bias: its derivative is exactly 0, not a rounding error.
    let linear = matmul(x, w[0]) + (norm == .batch ? w[1].stoppingGradient() : w[1])
    let (mean, variance): (Tensor, Tensor)
    switch (norm, statistics) {
    case (.batch, let known?): (mean, variance) = known
    case (.batch, nil):
      mean = (linear * share).sum(axes: [0])
      variance = ((linear - mean).square() * share).sum(axes: [0])
    case (.layer, _):
      mean = linear.mean(axes: [1], keeping: true)
      variance = (linear - mean).square().mean(axes: [1], keeping: true)
    }
    let unit = (linear - mean) * (variance + Self.epsilon).reciprocalSquareRoot()
    let hidden = Self.leaky(unit * w[2] + w[3])

    let (n, places) = (windows.shape[0], windows.shape[1] / Self.window)
    let filtered = matmul(windows.reshaped([n * places, Self.window]), w[4]) + w[5]
    // Positions outside the curve are never the maximum.
    let masked = filtered.reshaped([n, places, Self.filters]) + inside.expanded(at: 2)
    let curve = masked.max(axes: [1]) * hasCurve
    let features = Self.leaky(matmul(concatenate([hidden, curve], axis: 1), w[6]) + w[7])
    return (features, mean, variance)
  }

  private static func leaky(_ x: Tensor) -> Tensor {
    select(x.isGreater(than: 0), x, x * leak)
  }
}

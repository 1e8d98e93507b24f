public import OuterloopAutodiff
public import OuterloopLearning
public import OuterloopNumerics

/// The learned optimizer of Andrychowicz et al. (2016), "Learning to learn by gradient descent by
/// gradient descent", sec. 2.1: a stack of LSTM cells, the same for every coordinate of the weights,
/// each coordinate with its own state,
///
///     h_0 = preprocess(g);   (h_l, c_l)' = LSTM_l(h_{l-1}', (h_l, c_l));   w' = w + scale (h_L' V + v)
///
/// with two layers of 20 units and scale 0.01 by default. Whatever the model, it has
/// 4 (features + 20 + 1) 20 + 4 (20 + 20 + 1) 20 + 21 = 5,141 parameters.
///
/// Time of an update: about 10,000 flops per coordinate. Memory: 80 numbers per coordinate.
public struct CoordinatewiseLSTM: LearnedOptimizer {
  /// The layers, from the input on.
  public var cells: [LSTMCell]
  /// From the last layer's units to the update: (units, 1) and (1).
  public var output: Dense
  /// What becomes of the gradient before the first layer.
  public var preprocessing: GradientPreprocessing
  /// What the output is multiplied by.
  public var scale: Double

  /// Random parameters: Glorot-uniform matrices, zero output bias.
  ///
  /// - Parameters:
  ///   - units: of each layer.
  ///   - dtype: that of the weights to be trained.
  /// - Throws: `BilevelError.invalid` for layers without units, or an element type that is not
  ///   floating.
  public init(
    units: [Int] = [20, 20], preprocessing: GradientPreprocessing = .logAndSign,
    scale: Double = 0.01, key: RandomKey, dtype: DType = .float32
  ) throws {
    guard let last = units.last, units.allSatisfy({ (1...Self.unitLimit).contains($0) }) else {
      throw BilevelError.invalid(
        "a learned optimizer with layers of \(units) units",
        remedy: "needs a layer, each of 1...\(Self.unitLimit) units")
    }
    guard dtype.isFloating else {
      throw BilevelError.invalid(
        "a learned optimizer for weights of \(dtype)", remedy: "use a floating type")
    }
    let keys = key.split(units.count + 1)
    let inputs = [preprocessing.count] + units.dropLast()
    cells = zip(zip(inputs, units), keys).map {
      LSTMCell(inputs: $0.0, units: $0.1, key: $1, dtype: dtype)
    }
    output = Dense(last, 1, key: keys[units.count], dtype: dtype)
    self.preprocessing = preprocessing
    self.scale = scale
  }

  private static let unitLimit = 1 << 14

  public func memory(coordinates: Int) -> [LSTMCell.State] {
    cells.map { $0.zeroState(coordinates) }
  }

  public func update(
    _ gradient: Tensor, _ memory: [LSTMCell.State]
  ) -> (update: Tensor, memory: [LSTMCell.State]) {
    guard memory.count == cells.count else {
      let text =
        "the memory of \(memory.count) layers for \(cells.count): use `memory(coordinates:)`"
      return (Tensor(invalid: text), memory)
    }
    var hidden = preprocessing(gradient)
    var next = memory
    for (layer, cell) in cells.enumerated() {
      next[layer] = cell(hidden, memory[layer])
      hidden = next[layer].hidden
    }
    return (scale * output(hidden).reshaped([gradient.count]), next)
  }

  public mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
    try cells.visit(path + ".cells", body)
    try output.visit(path + ".output", body)
  }
}

/// How a gradient is preprocessed for a learned optimizer, coordinate by coordinate: (P) -> (P,
/// features).
public enum GradientPreprocessing: Sendable, Hashable {
  /// The gradient itself: one feature.
  case identity
  /// Magnitude and sign separately, whatever the scale (Andrychowicz et al. 2016, appendix A; in
  /// the form of the authors' code, which clamps both features):
  ///
  ///     ( max(log(|g| + eps) / k, -1),   clamp(g e^k, -1, 1) )
  ///
  /// Above |g| = e^-k the first feature is the magnitude and the second the sign; below, the first
  /// is -1 and the second is linear in g. Both are continuous there. eps is the rounding unit of
  /// the gradient's type. The paper takes k = 10 (as p); the authors' code 5, as does
  /// `.logAndSign`.
  case logarithm(k: Double)

  /// Logarithm and sign with k = 5.
  public static let logAndSign = GradientPreprocessing.logarithm(k: 5)

  /// Features per coordinate.
  public var count: Int {
    switch self {
    case .identity: 1
    case .logarithm: 2
    }
  }

  /// The features of a gradient (P): (P, count).
  public func callAsFunction(_ gradient: Tensor) -> Tensor {
    let g = gradient.reshaped([gradient.count, 1])
    switch self {
    case .identity: return g
    case .logarithm(let k):
      guard k > 0 else {
        return Tensor(invalid: "gradients preprocessed with k = \(k): needs k > 0")
      }
      let epsilon = gradient.dtype == .float64 ? 0x1p-52 : 0x1p-23
      let one = Tensor(1, dtype: gradient.dtype)
      let size = maximum(log(abs(g) + epsilon) / k, -one)
      let sign = minimum(maximum(g * exp(Tensor(k, dtype: gradient.dtype)), -one), one)
      return concatenate([size, sign], axis: 1)
    }
  }
}

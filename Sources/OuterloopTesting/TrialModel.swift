internal import OuterloopAutodiff
public import OuterloopLearning
public import OuterloopNumerics

/// A small model with data, to be trained in a law suite: the first column of the hypergradient
/// table. Weights are a flat list of tensors.
public struct TrialModel: Sendable {
  /// The name of the row.
  public var name: String
  /// The initial weights.
  public var initial: [Tensor]
  /// Training examples, of which a step sees `batch`.
  public var examples: Int
  /// Examples of a batch.
  public var batch: Int
  /// Losses (batch) of the rows (batch, int32) of the training data; invalid for a wrong number of
  /// tensors.
  public var losses: @Sendable ([Tensor], Tensor) -> Tensor
  /// The outer loss; invalid for a wrong number of tensors.
  public var validation: @Sendable ([Tensor]) -> Tensor
  /// Whether the model is smooth, so that differences can be extrapolated.
  public var isSmooth = true

  /// The type of the first weights; float64 where there are none.
  public var dtype: DType { initial.first?.dtype ?? .float64 }

  init(
    name: String, initial: [Tensor], examples: Int, batch: Int,
    losses: @escaping @Sendable ([Tensor], Tensor) -> Tensor,
    validation: @escaping @Sendable ([Tensor]) -> Tensor
  ) {
    self.name = name
    self.initial = initial
    self.examples = examples
    self.batch = batch
    let count = initial.count
    @Sendable func wrong(_ weights: [Tensor]) -> Tensor {
      Tensor(invalid: "\(name) has \(count) tensors of weights, and was given \(weights.count)")
    }
    self.losses = { $0.count == count ? losses($0, $1) : wrong($0) }
    self.validation = { $0.count == count ? validation($0) : wrong($0) }
  }

  /// All models of the table, in an element type.
  public static func all(_ dtype: DType = .float64) -> [TrialModel] {
    [
      quadratic(dtype), softmaxRegression(dtype), perceptron(dtype), convolutional(dtype),
      recurrent(dtype),
    ]
  }

  /// Numbers in +-1 named by a key.
  static func draw(_ name: String, _ shape: [Int], _ dtype: DType) -> Tensor {
    RandomKey(seed: 11, purpose: name).uniform(shape, dtype: dtype) * 2 - 1
  }

  /// A weight near 1 for each training example.
  public static func exampleWeights(_ model: TrialModel) -> Tensor {
    1 + 0.3 * draw("example weights", [model.examples], model.dtype)
  }

  static func labels(_ name: String, _ count: Int, classes: Int) -> Tensor {
    let words = RandomKey(seed: 12, purpose: name).bits(count)
    return Tensor(words.map { Int32($0 % UInt32(classes)) })
  }

  /// `0.5 (x_i . w - y_i)^2`, one vector of weights and a scalar.
  public static func quadratic(_ dtype: DType) -> TrialModel {
    let x = draw("quadratic x", [8, 3], dtype)
    let y = draw("quadratic y", [8], dtype)
    let target = draw("quadratic target", [3], dtype)
    return TrialModel(
      name: "quadratic", initial: [draw("quadratic w", [3], dtype), Tensor(0.3, dtype: dtype)],
      examples: 8, batch: 4,
      losses: { w, rows in
        0.5 * (matmul(x.gathered(at: rows), w[0]) + w[1] - y.gathered(at: rows)).square()
      },
      validation: { w in (w[0] - target).square().sum() + w[1].square() * w[1] })
  }

  /// Linear logits and cross-entropy.
  public static func softmaxRegression(_ dtype: DType) -> TrialModel {
    classifier(
      "softmax regression", inputs: [4], classes: 3, dtype,
      initial: [draw("softmax w", [4, 3], dtype), draw("softmax b", [3], dtype)]
    ) { w, x in matmul(x, w[0]) + w[1] }
  }

  /// Two hidden layers of tanh.
  public static func perceptron(_ dtype: DType) -> TrialModel {
    let network = MultilayerPerceptron(
      [4, 5, 4, 3], activation: .tanh, key: RandomKey(seed: 3, purpose: "perceptron"),
      dtype: dtype)
    return classifier(
      "MLP", inputs: [4], classes: 3, dtype,
      initial: network.leaves.map { $0 + 0.1 * draw("shift", $0.shape, dtype) }
    ) { w, x in network.replacingLeaves(w)(x) }
  }

  /// Convolution, mean pooling, a strided convolution, and a dense layer.
  public static func convolutional(_ dtype: DType) -> TrialModel {
    let keys = RandomKey(seed: 5, purpose: "convolutional").split(3)
    let first = Convolution2D(channels: 1, filters: 3, key: keys[0], dtype: dtype)
    let second = Convolution2D(
      channels: 3, filters: 4, kernel: [2, 2], stride: [2, 2], key: keys[1], dtype: dtype)
    let last = Dense(4 * 2 * 2, 3, key: keys[2], dtype: dtype)
    return classifier(
      "CNN", inputs: [6, 6, 1], classes: 3, dtype,
      initial: first.leaves + second.leaves + last.leaves
    ) { w, x in
      var z = tanh(first.replacingLeaves(w[0..<2])(x))
      z = averagePool(z, window: [2, 2])
      z = tanh(second.replacingLeaves(w[2..<4])(z))
      return last.replacingLeaves(w[4..<6])(z.reshaped([x.shape.first ?? 1, -1]))
    }
  }

  /// The same with rectifiers and max pooling, which have kinks.
  public static func rectified(_ dtype: DType) -> TrialModel {
    var model = convolutional(dtype)
    let keys = RandomKey(seed: 6, purpose: "rectified").split(2)
    let first = Convolution2D(channels: 1, filters: 4, key: keys[0], dtype: dtype)
    let last = Dense(4 * 3 * 3, 3, key: keys[1], dtype: dtype)
    model = classifier(
      "ReLU CNN", inputs: [6, 6, 1], classes: 3, dtype, initial: first.leaves + last.leaves
    ) { w, x in
      let z = maxPool(relu(first.replacingLeaves(w[0..<2])(x)), window: [2, 2])
      return last.replacingLeaves(w[2..<4])(z.reshaped([x.shape.first ?? 1, -1]))
    }
    model.isSmooth = false
    return model
  }

  /// An LSTM over three steps; the last hidden state is classified.
  public static func recurrent(_ dtype: DType) -> TrialModel {
    let keys = RandomKey(seed: 9, purpose: "recurrent").split(2)
    let cell = LSTMCell(inputs: 2, units: 3, key: keys[0], dtype: dtype)
    let last = Dense(3, 3, key: keys[1], dtype: dtype)
    return classifier(
      "LSTM", inputs: [3, 2], classes: 3, dtype, initial: cell.leaves + last.leaves
    ) { w, x in
      let states = cell.replacingLeaves(w[0..<3])(sequence: x.transposed([1, 0, 2]))
      guard let end = states.last else { return x }
      return last.replacingLeaves(w[3..<5])(end.hidden)
    }
  }

  /// Cross-entropy of logits on drawn inputs and labels.
  private static func classifier(
    _ name: String, inputs: [Int], classes: Int, _ dtype: DType, initial: [Tensor],
    logits: @escaping @Sendable ([Tensor], Tensor) -> Tensor
  ) -> TrialModel {
    let x = draw(name + " inputs", [10] + inputs, dtype)
    let y = labels(name + " labels", 10, classes: classes)
    let validationX = draw(name + " validation inputs", [6] + inputs, dtype)
    let validationY = labels(name + " validation labels", 6, classes: classes)
    return TrialModel(
      name: name, initial: initial, examples: 10, batch: 4,
      losses: { w, rows in
        softmaxCrossEntropy(
          logits(w, x.gathered(at: rows)), labels: y.gathered(at: rows))
      },
      validation: { w in Loss.crossEntropy(logits(w, validationX), labels: validationY) })
  }
}

/// An optimizer and its hyperparameters: the second column of the table. A new optimizer is a new
/// row.
public struct TrialOptimizer: Sendable {
  /// The name of the row.
  public var name: String
  /// The rate first, then the others. Missing ones are NaN.
  public var numbers: [Double]
  /// The optimizer at some rates.
  public var make: @Sendable ([Optimizer.Rate]) -> Optimizer

  /// A row of the table.
  public init(
    _ name: String, _ numbers: [Double],
    make: @escaping @Sendable ([Optimizer.Rate]) -> Optimizer
  ) {
    self.name = name
    self.numbers = numbers
    self.make = make
  }

  /// All rows of the table.
  public static let all: [TrialOptimizer] = [
    TrialOptimizer("SGD", [0.2]) { .sgd(rate: $0.number(0)) },
    TrialOptimizer("momentum", [0.1, 0.7]) {
      .momentum(rate: $0.number(0), momentum: $0.number(1))
    },
    TrialOptimizer("Nesterov", [0.1, 0.7]) {
      .nesterov(rate: $0.number(0), momentum: $0.number(1))
    },
    TrialOptimizer("Adam", [0.05, 0.8, 0.95, 0.05]) {
      .adam(rate: $0.number(0), beta1: $0.number(1), beta2: $0.number(2), epsilon: $0.number(3))
    },
    TrialOptimizer("AdamW", [0.05, 0.8, 0.95, 0.05, 0.1]) {
      .adamW(
        rate: $0.number(0), beta1: $0.number(1), beta2: $0.number(2), epsilon: $0.number(3),
        decay: $0.number(4))
    },
    TrialOptimizer("RMSProp", [0.05, 0.9, 0.05]) {
      .rmsProp(rate: $0.number(0), decay: $0.number(1), epsilon: $0.number(2))
    },
  ]
}

extension [Optimizer.Rate] {
  /// NaN where there is none.
  fileprivate func number(_ index: Int) -> Optimizer.Rate {
    index < count ? self[index] : Optimizer.Rate(.nan)
  }
}

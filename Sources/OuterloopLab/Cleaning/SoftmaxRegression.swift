internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopLearning
internal import OuterloopNumerics
internal import OuterloopPlatform

/// Softmax regression trained by full-batch gradient descent with a weight on each example:
/// `mean_i weight_i CE_i`, from zeros. The model of data hyper-cleaning.
struct SoftmaxRegression: Sendable {
  typealias Problem = BilevelProblem<TrainingState<Dense>, Tensor, NoTensors>

  /// The bilevel problem: train on `train` with the weights, evaluate on `validation`.
  static func problem(
    train: LabeledData, validation: LabeledData, steps: Int, rate: Double
  ) -> Problem {
    let x = train.featureTensor(flat: true)
    let y = train.labelTensor
    let held = validation.featureTensor(flat: true)
    let heldLabels = validation.labelTensor
    let start = Dense(
      weights: Tensor.zeros([train.exampleSize, train.classCount]),
      bias: Tensor.zeros([train.classCount]))
    return Problem(
      steps: steps, weights: { _ in start }, optimizer: { _, _ in .sgd(rate: .init(rate)) },
      loss: { model, weights in
        Loss.weightedCrossEntropy(model(x), labels: y, weights: weights)
      },
      outer: { model, _ in Loss.crossEntropy(model(held), labels: heldLabels) })
  }

  /// Trains with fixed weights and returns the model and its mean loss on the test part.
  static func fit(
    _ train: LabeledData, weights: [Float], steps: Int, rate: Double, test: LabeledData
  ) throws -> (model: Dense, testLoss: Double) {
    let result = try problem(train: train, validation: test, steps: steps, rate: rate)
      .solve(at: Tensor(weights))
    return (result.state.weights, result.loss)
  }

  /// Classes predicted for each example.
  static func predictions(_ model: Dense, _ data: LabeledData) throws -> [Int32] {
    let x = data.featureTensor(flat: true)
    return try model(x).argmax(axis: 1).scalars(Int32.self)
  }

  /// The negative log-probability of the label of each example under the model.
  static func exampleLosses(_ model: Dense, _ data: LabeledData) throws -> [Double] {
    let scores = try model(data.featureTensor(flat: true)).scalars(Float.self)
    let classes = data.classCount
    return data.labels.enumerated().map { index, label in
      let row = scores[(index * classes)..<((index + 1) * classes)].map(Double.init)
      let largest = row.max() ?? 0
      let sum = row.reduce(0) { $0 + exp($1 - largest) }
      return largest + log(sum) - row[Int(label)]
    }
  }

  /// Fraction of correct predictions.
  static func accuracy(_ model: Dense, _ data: LabeledData) throws -> Double {
    let hits = zip(try predictions(model, data), data.labels).filter { $0 == $1 }.count
    return Double(hits) / Double(data.count)
  }
}

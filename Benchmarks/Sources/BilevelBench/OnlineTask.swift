import Outerloop

/// A cleaning task of the online benchmark: a two-layer network, one free weight for each training
/// example, batches of either side listed by the data.
///
///     inner: mean over a batch of sigmoid(l_i) CE_i        outer: mean CE over a validation batch
struct OnlineTask {
  /// What one estimator needs of the data, besides the examples.
  struct Plan {
    var estimator: Estimator
    /// Steps of one training, and for each update of the hyperparameters.
    var steps: Int
    var every: Int
    var trainings: Int
    var trainBatches: Batches<Tensor>
    var validationBatches: Batches<Tensor>

    var updates: Int { trainings * (steps / every) }
    /// Weights go on from training to training, as with a Reptile rate of 1.
    var schedule: TrainingSchedule { .online(every: every, start: .reptile(rate: 1)) }
  }

  typealias Problem = BilevelProblem<TrainingState<[Tensor]>, Tensor, Tensor>

  let start: Tensor
  let flipped: [Bool]
  let weights: [Tensor]
  private let data: BenchmarkData
  private let training, validation: (inputs: Tensor, labels: Tensor)
  private let innerRate: Double
  let outerRate: Double

  init(_ data: BenchmarkData) throws {
    self.data = data
    weights = try ["w1", "b1", "w2", "b2"].map(data.tensor)
    start = try data.tensor("hyperparameters")
    flipped = try data.tensor("flipped").scalars(Int32.self).map { $0 != 0 }
    training = (try data.tensor("train_inputs"), try data.tensor("train_labels"))
    validation = (try data.tensor("validation_inputs"), try data.tensor("validation_labels"))
    innerRate = try data.number("inner_rate")
    outerRate = try data.number("outer_rate")
  }

  func plan(_ name: String) throws -> Plan {
    let estimator: Estimator
    switch name {
    case "one-step": estimator = .oneStep
    case "finite-difference": estimator = .finiteDifference()
    case "first-order": estimator = .firstOrder
    case "greedy": estimator = .greedy(gamma: try data.number("greedy.gamma"))
    case "distill":
      estimator = .distill(
        gamma: try data.number("distill.gamma"), period: Int(try data.number("distill.period")))
    default:
      throw BenchmarkError(
        "unknown estimator \(name): one-step, finite-difference, greedy, distill or first-order")
    }
    return Plan(
      estimator: estimator, steps: Int(try data.number("\(name).steps")),
      every: Int(try data.number("\(name).every")),
      trainings: Int(try data.number("trainings")),
      trainBatches: try data.batches("\(name).train_batches"),
      validationBatches: try data.batches("\(name).validation_batches"))
  }

  func problem(steps: Int, _ plan: Plan) throws -> Problem {
    let (initial, rate, training, validation) = (weights, innerRate, training, validation)
    return try BilevelProblem(
      steps: steps, batches: plan.trainBatches, validation: plan.validationBatches,
      weights: { _ in initial }, optimizer: { _, _ in .sgd(rate: .init(rate)) },
      loss: { w, free, rows in
        Loss.weightedCrossEntropy(
          Self.logits(w, training.inputs.gathered(at: rows)),
          labels: training.labels.gathered(at: rows),
          weights: sigmoid(free.gathered(at: rows)))
      },
      outer: { w, _, rows in
        Loss.crossEntropy(
          Self.logits(w, validation.inputs.gathered(at: rows)),
          labels: validation.labels.gathered(at: rows))
      })
  }

  /// The loss on all validation examples.
  var validationLoss: Compiled<[Tensor], Tensor> {
    let validation = validation
    return Compiled {
      Loss.crossEntropy(Self.logits($0, validation.inputs), labels: validation.labels)
    }
  }

  private static func logits(_ w: [Tensor], _ x: Tensor) -> Tensor {
    matmul(relu(matmul(x, w[0]) + w[1]), w[2]) + w[3]
  }
}

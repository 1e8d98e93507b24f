import Outerloop

/// One benchmark, its arrays in memory: the first call of `run` traces, compiles and runs, later ones
/// only run. The gradient is the list of tensors the peers write.
struct Benchmark {
  var steps: Int
  var run: () throws -> (gradient: [Tensor], cost: Cost)
  var plans: () throws -> String
}

enum Problems {
  static func make(_ name: String, _ data: BenchmarkData) throws -> Benchmark {
    switch name {
    case "mlp": try mlp(data)
    case "cleaning": try cleaning(data)
    case "cnn": try cnn(data)
    case "toy": try toy(data)
    case "lstm": try lstm(data)
    case "transformer": try transformer(data)
    case "implicit": try implicit(data)
    default:
      throw BenchmarkError(
        "unknown problem \(name): mlp, cleaning, cnn, lstm, transformer, implicit or toy")
    }
  }

  static func benchmark<State, Hyper, Batch>(
    _ problem: BilevelProblem<State, Hyper, Batch>, at hyper: Hyper,
    by estimator: Estimator = .reverse
  ) -> Benchmark {
    Benchmark(
      steps: problem.dynamics.steps,
      run: {
        let result = try problem.hypergradient(at: hyper, by: estimator)
        return (result.gradient.leaves, result.cost)
      },
      plans: { try problem.plans(at: hyper, by: estimator) })
  }

  /// 784-300-10 tanh, one log decay per weight, heavy ball, batches of 128.
  private static func mlp(_ data: BenchmarkData) throws -> Benchmark {
    let initial = try ["w1", "b1", "w2", "b2"].map(data.tensor)
    let hyper = try split(data.tensor("hyperparameters"), like: initial)
    let (inputs, labels) = (try data.tensor("train_inputs"), try data.tensor("train_labels"))
    let validation = (
      inputs: try data.tensor("validation_inputs"), labels: try data.tensor("validation_labels")
    )
    let rate = try data.number("learning_rate")
    let momentum = try data.number("momentum")
    let steps = Int(try data.number("steps"))
    @Sendable func loss(_ w: [Tensor], _ x: Tensor, _ y: Tensor) -> Tensor {
      Loss.crossEntropy(matmul(tanh(matmul(x, w[0]) + w[1]), w[2]) + w[3], labels: y)
    }
    let problem = BilevelProblem(
      steps: steps, batches: try data.batches("batches"), weights: { (_: [Tensor]) in initial },
      optimizer: { _, _ in .momentum(rate: .init(rate), momentum: .init(momentum)) },
      loss: { w, h, batch in
        let decay = zip(h, w).map { (exp($0) * $1 * $1).sum() }.reduce(Tensor(0), +)
        return loss(w, inputs.gathered(at: batch), labels.gathered(at: batch)) + 0.5 * decay
      },
      outer: { w, _ in loss(w, validation.inputs, validation.labels) })
    return benchmark(problem, at: hyper)
  }

  /// The network of `mlp` at given weights, all examples in one batch: the implicit hypergradient by
  /// so many steps of conjugate gradients, after one step of training.
  private static func implicit(_ data: BenchmarkData) throws -> Benchmark {
    let initial = try ["w1", "b1", "w2", "b2"].map(data.tensor)
    let hyper = try split(data.tensor("hyperparameters"), like: initial)
    let training = (try data.tensor("train_inputs"), try data.tensor("train_labels"))
    let validation = (try data.tensor("validation_inputs"), try data.tensor("validation_labels"))
    let rate = try data.number("learning_rate")
    @Sendable func loss(_ w: [Tensor], _ x: Tensor, _ y: Tensor) -> Tensor {
      Loss.crossEntropy(matmul(tanh(matmul(x, w[0]) + w[1]), w[2]) + w[3], labels: y)
    }
    let problem = BilevelProblem(
      steps: 1, weights: { (_: [Tensor]) in initial },
      optimizer: { _, _ in .sgd(rate: .init(rate)) },
      loss: { w, h in
        let decay = zip(h, w).map { (exp($0) * $1 * $1).sum() }.reduce(Tensor(0), +)
        return loss(w, training.0, training.1) + 0.5 * decay
      },
      outer: { w, _ in loss(w, validation.0, validation.1) })
    // As many steps as the peer's, whatever the residual.
    let rule = StoppingRule(
      relative: 0, absolute: 0, iterations: Int(try data.number("iterations")))
    return benchmark(problem, at: hyper, by: .implicit(.cg(rule)))
  }

  /// Softmax regression with one weight per example, full batch.
  private static func cleaning(_ data: BenchmarkData) throws -> Benchmark {
    let initial = [try data.tensor("w"), try data.tensor("b")]
    let (inputs, labels) = (try data.tensor("train_inputs"), try data.tensor("train_labels"))
    let validation = (
      inputs: try data.tensor("validation_inputs"), labels: try data.tensor("validation_labels")
    )
    let rate = try data.number("learning_rate")
    let steps = Int(try data.number("steps"))
    let problem = BilevelProblem(
      steps: steps, weights: { (_: Tensor) in initial },
      optimizer: { _, _ in .sgd(rate: .init(rate)) },
      loss: { w, h in
        Loss.weightedCrossEntropy(matmul(inputs, w[0]) + w[1], labels: labels, weights: h)
      },
      outer: { w, _ in
        Loss.crossEntropy(matmul(validation.inputs, w[0]) + w[1], labels: validation.labels)
      })
    return benchmark(
      problem, at: try data.tensor("hyperparameters"))
  }

  /// Two 3x3 convolutions with pooling and a dense layer, one log decay per layer.
  private static func cnn(_ data: BenchmarkData) throws -> Benchmark {
    let initial = try ["k1", "b1", "k2", "b2", "w3", "b3"].map(data.tensor)
    let (inputs, labels) = (try data.tensor("train_inputs"), try data.tensor("train_labels"))
    let validation = (
      inputs: try data.tensor("validation_inputs"), labels: try data.tensor("validation_labels")
    )
    let rate = try data.number("learning_rate")
    let steps = Int(try data.number("steps"))
    @Sendable func loss(_ w: [Tensor], _ x: Tensor, _ y: Tensor) -> Tensor {
      var z = relu(convolution(x, w[0], padding: .same) + w[1])
      z = maxPool(z, window: [2, 2])
      z = relu(convolution(z, w[2], padding: .same) + w[3])
      z = maxPool(z, window: [2, 2])
      let logits = matmul(z.reshaped([x.shape[0], 7 * 7 * 16]), w[4]) + w[5]
      return Loss.crossEntropy(logits, labels: y)
    }
    let problem = BilevelProblem(
      steps: steps, batches: try data.batches("batches"), weights: { (_: Tensor) in initial },
      optimizer: { _, _ in .sgd(rate: .init(rate)) },
      loss: { w, h, batch in
        let decay = (0..<3).map { layer in
          (exp(h.sliced(axis: 0, layer..<(layer + 1))).reshaped([]) * w[2 * layer].square().sum())
        }.reduce(Tensor(0), +)
        return loss(w, inputs.gathered(at: batch), labels.gathered(at: batch)) + 0.5 * decay
      },
      outer: { w, _ in loss(w, validation.inputs, validation.labels) })
    return benchmark(
      problem, at: try data.tensor("hyperparameters"))
  }

  /// Two weights, two log decays.
  private static func toy(_ data: BenchmarkData) throws -> Benchmark {
    let (w0, c, d) = (try data.tensor("w"), try data.tensor("c"), try data.tensor("d"))
    let rate = try data.number("learning_rate")
    let problem = BilevelProblem(
      steps: Int(try data.number("steps")), weights: { (_: Tensor) in w0 },
      optimizer: { _, _ in .sgd(rate: .init(rate)) },
      loss: { w, h in 0.5 * (exp(h) * w.square()).sum() + 0.5 * (w - c).square().sum() },
      outer: { w, _ in 0.5 * (w - d).square().sum() })
    return benchmark(problem, at: try data.tensor("hyperparameters"))
  }

  /// Cuts a flat vector into tensors of the given shapes.
  private static func split(_ flat: Tensor, like shapes: [Tensor]) throws -> [Tensor] {
    let values = try flat.scalars(Float.self)
    var offset = 0
    return shapes.map { tensor in
      defer { offset += tensor.count }
      return Tensor(Array(values[offset..<(offset + tensor.count)]), shape: tensor.shape)
    }
  }
}

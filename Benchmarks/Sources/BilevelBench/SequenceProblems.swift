import Outerloop

/// Networks that read a picture as a sequence: an LSTM by rows, a transformer block by tokens.
extension Problems {
  /// 28 rows of 28 pixels through 128 units; a learning rate per step and a log decay per gate.
  static func lstm(_ data: BenchmarkData) throws -> Benchmark {
    let initial = try ["input", "recurrent", "bias", "w", "b"].map(data.tensor)
    let units = initial[1].shape[0]
    let training = (try data.tensor("train_inputs"), try data.tensor("train_labels"))
    let validation = (try data.tensor("validation_inputs"), try data.tensor("validation_labels"))
    let steps = Int(try data.number("steps"))
    let hyper = try data.tensor("hyperparameters")
    let rates = hyper.sliced(axis: 0, 0..<steps)
    let decays = hyper.sliced(axis: 0, steps..<(steps + 4))
    @Sendable func loss(_ w: [Tensor], _ x: Tensor, _ y: Tensor) -> Tensor {
      var cell = LSTMCell(inputs: 0, units: 0, key: RandomKey(seed: 0))
      (cell.input, cell.recurrent, cell.bias, cell.units) = (w[0], w[1], w[2], units)
      let states = cell(sequence: x.transposed([1, 0, 2]))
      return Loss.crossEntropy(matmul(states[states.count - 1].hidden, w[3]) + w[4], labels: y)
    }
    let problem = BilevelProblem(
      steps: steps, batches: try data.batches("batches"), weights: { (_: [Tensor]) in initial },
      optimizer: { h, time in .sgd(rate: .init(exp(Schedule.perStep(h[0], time)))) },
      loss: { w, h, batch in
        let squares = w[0].square().sum(axes: [0]) + w[1].square().sum(axes: [0])
        let decay = (exp(h[1]) * squares.reshaped([4, units]).sum(axes: [1])).sum()
        let (x, y) = (training.0.gathered(at: batch), training.1.gathered(at: batch))
        return loss(w, x, y) + 0.5 * decay
      },
      outer: { w, _ in loss(w, validation.0, validation.1) })
    return benchmark(problem, at: [rates, decays])
  }

  /// 64 tokens of 12 pixels through a block of width 128 with 4 heads; a log decay per matrix.
  static func transformer(_ data: BenchmarkData) throws -> Benchmark {
    let names = ["embed", "query", "key", "value", "mix", "expand", "contract", "w", "place", "b"]
    let initial = try names.map(data.tensor)
    let training = (try data.tensor("train_inputs"), try data.tensor("train_labels"))
    let validation = (try data.tensor("validation_inputs"), try data.tensor("validation_labels"))
    let rate = try data.number("learning_rate")
    let heads = Int(try data.number("heads"))

    @Sendable func normalized(_ x: Tensor) -> Tensor {
      let centred = x - x.mean(axes: [-1], keeping: true)
      return centred
        * (centred.square().mean(axes: [-1], keeping: true) + 1e-5).reciprocalSquareRoot()
    }
    @Sendable func attention(_ x: Tensor, _ w: [Tensor]) -> Tensor {
      let (examples, tokens, width) = (x.shape[0], x.shape[1], x.shape[2])
      func split(_ m: Tensor) -> Tensor {
        matmul(x, m).reshaped([examples, tokens, heads, width / heads]).transposed([0, 2, 1, 3])
      }
      let scores = matmul(split(w[1]), split(w[2]).transposedMatrix())
      let shares = softmax(scores / Double(width / heads).squareRoot())
      let mixed = matmul(shares, split(w[3])).transposed([0, 2, 1, 3])
      return matmul(mixed.reshaped([examples, tokens, width]), w[4])
    }
    @Sendable func loss(_ w: [Tensor], _ inputs: Tensor, _ y: Tensor) -> Tensor {
      var x = matmul(inputs, w[0]) + w[8]
      x = x + attention(normalized(x), w)
      x = x + matmul(relu(matmul(normalized(x), w[5])), w[6])
      return Loss.crossEntropy(matmul(normalized(x).mean(axes: [1]), w[7]) + w[9], labels: y)
    }
    let problem = BilevelProblem(
      steps: Int(try data.number("steps")), batches: try data.batches("batches"),
      weights: { (_: Tensor) in initial },
      optimizer: { _, _ in .sgd(rate: .init(rate)) },
      loss: { w, h, batch in
        let squares = stack((0..<8).map { w[$0].square().sum() })
        let (x, y) = (training.0.gathered(at: batch), training.1.gathered(at: batch))
        return loss(w, x, y) + 0.5 * (exp(h) * squares).sum()
      },
      outer: { w, _ in loss(w, validation.0, validation.1) })
    return benchmark(problem, at: try data.tensor("hyperparameters"))
  }
}

internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopLearning
internal import OuterloopNumerics
internal import Synchronization

/// Inputs and targets of a batch of tasks: each (tasks, points, 1).
struct TaskBatch: Structure {
  var x, y: Tensor

  mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
    try x.visit(path + ".x", body)
    try y.visit(path + ".y", body)
  }
}

/// Sinusoid regression (Finn et al. 2017): `y = A sin(x + phase)`, A in U(.1, 5), phase in U(0, pi), x in
/// U(-5, 5); a task is an amplitude and a phase.
struct SinusoidTasks: Sendable {
  /// The number of tasks in a batch.
  let tasks: Int
  /// Points of each task.
  let points: Int
  let seed: UInt64
  /// Names the stream of points: support, query.
  let part: String

  /// The points of task batch `index`: the same amplitudes and phases in every part.
  func batch(_ index: Int) -> TaskBatch {
    let keys = RandomKey(seed: seed, purpose: "sinusoid tasks", index: UInt64(index)).split(2)
    let amplitude = keys[0].uniform([tasks, 1, 1]) * 4.9 + 0.1
    let phase = keys[1].uniform([tasks, 1, 1]) * Double.pi
    let points = RandomKey(seed: seed, purpose: "sinusoid \(part)", index: UInt64(index))
      .uniform([tasks, points, 1])
    let x = points * 10 - 5
    return TaskBatch(x: x, y: amplitude * sin(x + phase))
  }

  /// One task batch for every `steps` steps of training.
  func batches(steps: Int) -> Batches<TaskBatch> {
    let last = LatestBatch()
    return Batches { step in
      let index = step / steps
      return last.value.withLock { last in
        if let last, last.index == index { return last.batch }
        let batch = self.batch(index)
        last = (index, batch)
        return batch
      }
    }
  }
}

/// A cache of the latest batch, since steps come in order.
private final class LatestBatch: Sendable {
  let value = Mutex<(index: Int, batch: TaskBatch)?>(nil)
}

/// Almost no inner loop (ANIL, Raghu et al. 2020): three hidden layers are shared by all tasks and are
/// the hyperparameters; only the last layer is trained for each task.
struct SinusoidModel {
  /// (1, 100), (100, 100), (100, 100) with ReLU.
  typealias Features = [Dense]

  /// The last layer of every task: weights (tasks, 100, 1), bias (tasks, 1, 1).
  struct Head: Structure {
    var weights, bias: Tensor

    mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
      try weights.visit(path + ".weights", body)
      try bias.visit(path + ".bias", body)
    }

    /// The same last layer for other numbers of tasks: the mean over the tasks, repeated.
    func mean(repeated tasks: Int) -> Head {
      func spread(_ x: Tensor) -> Tensor {
        x.mean(axes: [0], keeping: true).broadcast(to: [tasks] + x.shape.dropFirst())
      }
      return Head(weights: spread(weights), bias: spread(bias))
    }
  }

  static let width = 100

  /// Uniform in +-1/sqrt(inputs), weights and biases: the default of the framework that the paper's
  /// authors use.
  static func features(seed: UInt64) -> Features {
    let keys = RandomKey(seed: seed, purpose: "sinusoid features").split(6)
    return [(1, width), (width, width), (width, width)].enumerated().map { index, size in
      let limit = 1 / Double(size.0).squareRoot()
      func draw(_ key: RandomKey, _ shape: [Int]) -> Tensor {
        key.uniform(shape) * (2 * limit) - limit
      }
      return Dense(
        weights: draw(keys[2 * index], [size.0, size.1]),
        bias: draw(keys[2 * index + 1], [size.1]))
    }
  }

  static func head(tasks: Int, seed: UInt64) -> Head {
    let keys = RandomKey(seed: seed, purpose: "sinusoid head").split(2)
    let limit = 1 / Double(width).squareRoot()
    let weights = keys[0].uniform([1, width, 1]) * (2 * limit) - limit
    let bias = keys[1].uniform([1, 1, 1]) * (2 * limit) - limit
    return Head(
      weights: weights.broadcast(to: [tasks, width, 1]), bias: bias.broadcast(to: [tasks, 1, 1]))
  }

  /// Mean squared error of each task, summed over the tasks.
  static func loss(_ head: Head, _ features: Features, _ batch: TaskBatch) -> Tensor {
    let (tasks, points) = (batch.x.shape[0], batch.x.shape[1])
    var z = batch.x.reshaped([tasks * points, 1])
    for layer in features { z = relu(layer(z)) }
    let y = matmul(z.reshaped([tasks, points, width]), head.weights) + head.bias
    return (y - batch.y).square().sum() * (1 / Double(points))
  }
}

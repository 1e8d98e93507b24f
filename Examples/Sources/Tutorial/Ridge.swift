import Outerloop

/// A small problem, stated twice: two weights, fitted with a weight decay exp(l) to a few noisy
/// examples, and judged on others. Training is 30 steps of momentum from 0.
enum Ridge {
  static let steps = 30
  static let (rate, momentum) = (0.05, 0.9)
  static let inputs = [[1.0, 0.5], [0.3, -1.2], [-0.7, 0.8], [1.5, 1.1]]
  static let targets = [1.9, -1.6, 0.4, 3.4]
  static let held = [[0.4, 0.4], [-1.0, 0.6], [0.9, -0.3]]
  static let heldTargets = [0.9, -0.2, 0.4]

  static func error(_ w: [Value], _ rows: [[Double]], _ targets: [Double]) -> Value {
    let squares = zip(rows, targets).map { row, target in
      let residual = row[0] * w[0] + row[1] * w[1] + -target
      return residual * residual
    }
    return 1 / Double(rows.count) * squares.dropFirst().reduce(squares[0], +)
  }

  /// L(w, l)
  static func loss(_ w: [Value], _ l: Value) -> Value {
    error(w, inputs, targets) + exp(l) * (w[0] * w[0] + w[1] * w[1])
  }

  /// E(w)
  static func outer(_ w: [Value]) -> Value { error(w, held, heldTargets) }

  /// The next state (w, m) from this one: m' = mu m + grad L, w' = w - eta m'.
  static func step(_ state: [Value], _ l: Value) -> [Value] {
    let w = Array(state[..<2])
    let m = zip(state[2...], gradient(of: loss(w, l), by: w)).map { momentum * $0 + $1 }
    return zip(w, m).map { $0 - rate * $1 } + m
  }

  /// The same for Outerloop.
  static func problem() -> BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors> {
    let x = Tensor(inputs.flatMap { $0 }, shape: [4, 2], dtype: .float64)
    let y = Tensor(targets, dtype: .float64)
    let held = Tensor(Self.held.flatMap { $0 }, shape: [3, 2], dtype: .float64)
    let heldY = Tensor(heldTargets, dtype: .float64)
    return BilevelProblem(
      steps: steps, weights: { (_: Tensor) in Tensor.zeros([2], dtype: .float64) },
      optimizer: { _, _ in .momentum(rate: .init(rate), momentum: .init(momentum)) },
      loss: { w, l in (matmul(x, w) - y).square().mean() + exp(l) * w.square().sum() },
      outer: { w, _ in (matmul(held, w) - heldY).square().mean() })
  }
}

func compiledStep() throws {
  let traced = Traced(inputs: 5) { Ridge.step(Array($0[..<4]), $0[4]) }
  let step = Program(traced)
  print(
    "  \(traced.graph.nodes.count) nodes; \(step.instructionCount) instructions on "
      + "\(step.slotCount) slots")
  var state = [0.0, 0, 0, 0]
  for _ in 1...Ridge.steps { state = step.run(state + [-3]) }

  let theirs = try Ridge.problem().solve(at: Tensor(-3, dtype: .float64)).state
  let (w, m) = (try theirs.weights.doubles(), try theirs.slots[0].doubles())
  check("programs: weights and momentum after training", state, w + m)
}

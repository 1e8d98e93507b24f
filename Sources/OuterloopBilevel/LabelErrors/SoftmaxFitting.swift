internal import OuterloopAutodiff
internal import OuterloopLearning
internal import OuterloopNumerics

/// Softmax regression, cross-fitted.
///
/// Labels may be wrong: row i comes with an *evidence* a_i, a_i[k] = P(label of i | its class is k),
/// and fold f minimises
///
///     L_f(W, b) = -1/n_f sum_(i outside f) log sum_k a_i[k] softmax(W' x_i + b)[k] + decay/2 |W|^2
///
/// which is cross entropy where a_i is an indicator, and the forward correction of Patrini et al.
/// (2017) where a_i is a column of a noise transition matrix.
///
/// All folds are one product: the models stand side by side in one matrix of (features, folds x
/// classes), so that the rows are read once for all of them. The sum of their losses is minimised by
/// L-BFGS; each has its own minimum, because they share nothing.
///
/// - Time: an evaluation is two products of (n, d) with (d, folds x classes).
/// - Memory: the rows, and 3 n x folds x classes numbers.
struct SoftmaxFitting: CrossFitted {
  let given: GivenLabels
  private let rows, features, classes: Int
  private let folds: Int
  /// The fold of each row.
  let foldOfRow: [Int32]
  private let x: Tensor
  private let mask: Tensor
  private let evaluate: Compiled<Arguments, Pair<Tensor, Models>>
  private let score: Compiled<Pair<Models, Tensor>, Tensor>

  /// The models of all folds: weights (features, folds x classes) and biases (folds x classes).
  struct Models: Structure {
    var weights, bias: Tensor

    mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
      try weights.visit(path + ".weights", body)
      try bias.visit(path + ".bias", body)
    }
  }

  private struct Arguments: Structure {
    var models: Models
    var x, evidence, mask, decay: Tensor

    mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
      try models.visit(path + ".models", body)
      try x.visit(path + ".x", body)
      try evidence.visit(path + ".evidence", body)
      try mask.visit(path + ".mask", body)
      try decay.visit(path + ".decay", body)
    }
  }

  /// More iterations change the result less than other folds do.
  var iterations = 25

  /// - Parameters:
  ///   - x: (n, d), float32.
  ///   - foldOfRow: from 0 to `folds` - 1.
  init(_ x: Tensor, _ given: GivenLabels, folds: Int, foldOfRow: [Int32]) {
    self.given = given
    rows = x.shape[0]
    features = x.shape[1]
    classes = given.classes
    self.folds = folds
    self.x = x
    self.foldOfRow = foldOfRow
    var sizes = [Int](repeating: 0, count: folds)
    for fold in foldOfRow { sizes[Int(fold)] += 1 }
    var values = [Float](repeating: 0, count: rows * folds)
    for row in 0..<rows {
      for fold in 0..<folds where fold != Int(foldOfRow[row]) {
        values[row * folds + fold] = 1 / Float(max(1, rows - sizes[fold]))
      }
    }
    mask = Tensor(values, shape: [rows * folds, 1])
    let domain = [rows * folds, classes]
    let score = Compiled<Pair<Models, Tensor>, Tensor> { pair in
      (matmul(pair.second, pair.first.weights) + pair.first.bias).reshaped(domain)
    }
    self.score = score
    evaluate = Compiled { arguments in
      let (value, gradient) = try valueAndGradient(at: arguments.models) { models in
        let z = (matmul(arguments.x, models.weights) + models.bias).reshaped(domain)
        let misfit =
          logSumExp(z, axis: 1, keeping: true)
          - logSumExp(z + arguments.evidence, axis: 1, keeping: true)
        return (arguments.mask * misfit).sum()
          + 0.5 * arguments.decay * models.weights.square().sum()
      }
      return Pair(value.cast(to: .float64), gradient)
    }
  }

  var start: Models {
    Models(
      weights: Tensor.zeros([features, folds * classes]), bias: Tensor.zeros([folds * classes]))
  }

  func fit(
    _ belief: GivenLabels.Belief, smoothing: Double, from models: Models
  ) throws -> (models: Models, logits: [Double]) {
    if case .trusted = belief { return try fitTrusted(smoothing, from: models) }
    let trained = try train(given.evidence(belief), decay: smoothing, from: models)
    return (trained, try heldOut(trained))
  }

  /// Trusted rows are few, so fitting them alone is fast.
  private func fitTrusted(
    _ smoothing: Double, from models: Models
  ) throws -> (models: Models, logits: [Double]) {
    let part = (0..<rows).filter { given.trusted[$0] }
    let trusted = GivenLabels(
      labels: part.map { given.labels[$0] }, trusted: part.map { _ in true }, classes: classes)
    let fitting = SoftmaxFitting(
      x.gathered(at: Tensor(part.map(Int32.init), shape: [part.count])), trusted, folds: folds,
      foldOfRow: part.map { foldOfRow[$0] })
    let trained = try fitting.train(trusted.evidence(.all), decay: smoothing, from: models)
    return (trained, try heldOut(trained))
  }

  private func train(
    _ evidence: [Float], decay: Double, from models: Models
  ) throws -> Models {
    var arguments = Arguments(
      models: models, x: x, evidence: repeated(evidence), mask: mask,
      decay: Tensor([Float(decay)], shape: []))
    let method = LBFGS(
      tolerance: 2e-4, memory: 8, iterations: iterations, rounding: 0x1p-20)
    let flat = try models.leaves.flatMap { try $0.doubles() }
    let found = try method.minimize(from: flat) { point, gradient in
      arguments.models = models.holding(point)
      let result = try evaluate(arguments)
      gradient = try result.second.leaves.flatMap { try $0.doubles() }
      return try result.first.item()
    }
    return models.holding(found.point)
  }

  /// The logits of each row by the model that has not seen it, (n, classes).
  private func heldOut(_ models: Models) throws -> [Double] {
    let all = try score(Pair(models, x)).scalars(Float.self)
    var logits = [Double](repeating: 0, count: rows * classes)
    for row in 0..<rows {
      let start = (row * folds + Int(foldOfRow[row])) * classes
      for k in 0..<classes { logits[row * classes + k] = Double(all[start + k]) }
    }
    return logits
  }

  /// The evidence of each row, once for every fold.
  private func repeated(_ evidence: [Float]) -> Tensor {
    var values: [Float] = []
    values.reserveCapacity(rows * folds * classes)
    for row in 0..<rows {
      let part = evidence[row * classes..<(row + 1) * classes]
      for _ in 0..<folds { values.append(contentsOf: part) }
    }
    return Tensor(values, shape: [rows * folds, classes])
  }
}

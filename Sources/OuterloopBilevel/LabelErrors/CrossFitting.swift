internal import OuterloopAutodiff
internal import OuterloopLearning
internal import OuterloopNumerics

/// Softmax regression that is trained once for each fold, on the rows outside that fold, so that every
/// row gets logits from a model that has not seen its label.
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
struct CrossFitting: Sendable {
  let rows: Int
  let features: Int
  let classes: Int
  let folds: Int
  /// The fold of each row.
  let foldOfRow: [Int32]
  private let x: Tensor
  private let mask: Tensor
  private let evaluate: Compiled<Arguments, Pair<Tensor, Models>>
  private let score: Compiled<Pair<Models, Tensor>, Tensor>

  /// The models of all folds: weights (features, folds x classes) and biases (folds x classes).
  struct Models: Structure {
    var weights, bias: Tensor

    mutating func visit(
      _ path: String, _ body: (String, inout Tensor) throws -> Void
    ) rethrows {
      try weights.visit(path + ".weights", body)
      try bias.visit(path + ".bias", body)
    }
  }

  private struct Arguments: Structure {
    var models: Models
    var x, evidence, mask, decay: Tensor

    mutating func visit(
      _ path: String, _ body: (String, inout Tensor) throws -> Void
    ) rethrows {
      try models.visit(path + ".models", body)
      try x.visit(path + ".x", body)
      try evidence.visit(path + ".evidence", body)
      try mask.visit(path + ".mask", body)
      try decay.visit(path + ".decay", body)
    }
  }

  /// - Parameters:
  ///   - x: (n, d), float32.
  ///   - labels: what the folds are balanced over.
  ///   - key: which rows go to which fold.
  init(_ x: Tensor, labels: [Int32], classes: Int, folds: Int, key: RandomKey) {
    rows = x.shape[0]
    features = x.shape[1]
    self.classes = classes
    self.folds = folds
    self.x = x
    let foldOfRow = Self.stratified(labels, classes: classes, folds: folds, key: key)
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

  /// Trains all folds.
  ///
  /// - Parameter evidence: log a_i[k], (n, classes), row-major.
  /// - Returns: the models, and the logits of each row by the model that has not seen it, (n, classes).
  func fit(
    evidence: [Float], decay: Double, from models: Models, iterations: Int
  ) throws -> (models: Models, logits: [Double]) {
    var arguments = Arguments(
      models: models, x: x, evidence: repeated(evidence), mask: mask,
      decay: Tensor([Float(decay)], shape: []))
    let method = LBFGS(tolerance: 2e-4, memory: 8, iterations: iterations, rounding: 0x1p-20)
    let flat = try models.leaves.flatMap { try $0.doubles() }
    let found = try method.minimize(from: flat) { point, gradient in
      arguments.models = models.holding(point)
      let result = try evaluate(arguments)
      gradient = try result.second.leaves.flatMap { try $0.doubles() }
      return try result.first.item()
    }
    let trained = models.holding(found.point)
    return (trained, try heldOut(trained))
  }

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

  /// Folds in which every label is as frequent as elsewhere, up to one row.
  private static func stratified(
    _ labels: [Int32], classes: Int, folds: Int, key: RandomKey
  ) -> [Int32] {
    var next = key.split(1)[0].permutation(classes).map { $0 % folds }
    var result = [Int32](repeating: 0, count: labels.count)
    for row in key.permutation(labels.count) {
      let label = Int(labels[row])
      result[row] = Int32(next[label])
      next[label] = (next[label] + 1) % folds
    }
    return result
  }
}

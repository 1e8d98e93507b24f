internal import OuterloopAutodiff
internal import OuterloopLearning
internal import OuterloopNumerics

/// Sparse examples of two classes in a random order, split into training and validation parts.
struct SparseSplit: Sendable {
  /// Examples as a list of their stored values. The scores of a linear model are X w + b, where a product with X
  /// gathers a weight for each stored value and adds up by rows: time and memory O(stored values).
  struct Part: Sendable {
    let count: Int
    /// The row and the column of each stored value, int32 (stored).
    let rows, columns: Tensor
    /// (stored, 1), float64
    let values: Tensor
    /// +1 and -1, float64 (count).
    let signs: Tensor

    init(_ data: SparseData, _ examples: ArraySlice<Int>, positives: Set<Int32>) {
      var (rows, columns): ([Int32], [Int32]) = ([], [])
      var values: [Double] = []
      for (row, example) in examples.enumerated() {
        for at in data.rowStarts[example]..<data.rowStarts[example + 1] {
          rows.append(Int32(row))
          columns.append(data.columns[at])
          values.append(Double(data.values[at]))
        }
      }
      count = examples.count
      self.rows = Tensor(rows, shape: [rows.count])
      self.columns = Tensor(columns, shape: [columns.count])
      self.values = Tensor(values, shape: [values.count, 1])
      let signs = examples.map { positives.contains(data.labels[$0]) ? 1.0 : -1 }
      self.signs = Tensor(signs, shape: [signs.count])
    }

    /// The mean logistic loss of a model with one score.
    func loss(_ model: Dense) -> Tensor {
      let products = model.weights.gathered(at: columns) * values
      let scores = products.scatterAdded(at: rows, rows: count) + model.bias
      return Loss.logistic(scores.reshaped([count]), signs: signs)
    }
  }

  let features: Int
  let train, heldOut: Part

  init(_ data: SparseData, _ experiment: HOAGExperiment) throws {
    try Self.check(data, experiment)
    let order = RandomKey(seed: experiment.seed, purpose: "sparse split").permutation(data.count)
    let positives = Set(experiment.positives.map(Int32.init))
    features = data.featureCount
    let (train, end) = (experiment.train, experiment.train + experiment.validation)
    self.train = Part(data, order[..<train], positives: positives)
    heldOut = Part(data, order[train..<end], positives: positives)
  }

  /// - Throws: `LabError` for more examples than there are, or for missing classes.
  static func check(_ data: SparseData, _ experiment: HOAGExperiment) throws {
    guard experiment.train <= data.count, experiment.validation <= data.count - experiment.train
    else {
      throw LabError(
        .setting,
        "--train \(experiment.train) and --validation \(experiment.validation) are more than the "
          + "\(data.count) examples of \(data.source)", remedy: "lower one of them")
    }
    let classes = 0..<data.classNames.count
    if let strange = experiment.positives.first(where: { !classes.contains($0) }) {
      throw LabError(
        .setting, "--positives: \(data.source) has no class \(strange)",
        remedy:
          "its classes are 0 to \(classes.count - 1): \(data.classNames.joined(separator: ", "))")
    }
    guard Set(experiment.positives).count < classes.count else {
      throw LabError(
        .setting, "--positives are all classes of \(data.source)", remedy: "leave out some of them")
    }
  }
}

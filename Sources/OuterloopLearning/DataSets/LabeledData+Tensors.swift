public import OuterloopNumerics

extension LabeledData {
  /// The examples as a float32 tensor (count, shape...), or (count, exampleSize) if `flat`.
  /// - Complexity: O(count x exampleSize).
  public func featureTensor(flat: Bool = false) -> Tensor {
    Tensor(features, shape: flat ? [count, exampleSize] : [count] + shape)
  }

  /// The labels as an int32 tensor (count).
  public var labelTensor: Tensor { Tensor(labels) }

  /// Some of the examples, in the order given.
  /// - Throws: `DataError` for an index outside the data or for no index at all.
  /// - Complexity: O(indices.count x exampleSize).
  public func selecting(_ indices: [Int]) throws -> LabeledData {
    let size = exampleSize
    var chosen: [Float] = []
    if let total = product([indices.count, size]) { chosen.reserveCapacity(total) }
    for index in indices {
      guard index >= 0, index < count else {
        throw DataError(
          .mismatch, file: source, what: "example \(index) of \(count)",
          remedy: "choose examples in 0..<\(count)")
      }
      chosen.append(contentsOf: features[(index * size)..<((index + 1) * size)])
    }
    return try LabeledData(
      shape: shape, features: chosen, labels: indices.map { labels[$0] }, classNames: classNames,
      featureNames: featureNames, kind: kind, source: source, rows: indices.map { rows[$0] },
      lines: lines.isEmpty ? [] : indices.map { lines[$0] })
  }

  /// The same examples with other labels.
  ///
  /// - Throws: `DataError` for another number of labels, or one outside the classes.
  public func relabeled(_ labels: [Int32]) throws -> LabeledData {
    try LabeledData(
      shape: shape, features: features, labels: labels, classNames: classNames,
      featureNames: featureNames, kind: kind, source: source, rows: rows, lines: lines)
  }

  /// These examples followed by others of the same shape and classes, each with the row number that
  /// it has in its own file.
  ///
  /// - Throws: `DataError` for examples of another shape or other classes.
  public func joined(_ other: LabeledData) throws -> LabeledData {
    guard shape == other.shape, classNames == other.classNames else {
      throw DataError(
        .mismatch, file: other.source, what: "other shape or classes than \(source)",
        remedy: "join parts of one data set")
    }
    return try LabeledData(
      shape: shape, features: features + other.features, labels: labels + other.labels,
      classNames: classNames, featureNames: featureNames, kind: kind, source: source,
      rows: rows + other.rows,
      lines: lines.isEmpty || other.lines.isEmpty ? [] : lines + other.lines)
  }
}

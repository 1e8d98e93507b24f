/// Examples with class labels, as plain values: the result of every reader of this module.
///
/// `features` holds the examples one after another, row-major, as in the file: nothing is scaled
/// (see `Scaling`). Label `i` belongs to the values `features[i * exampleSize ..< (i + 1) *
/// exampleSize]`.
public struct LabeledData: Sendable, Equatable {
  /// The type of the numbers in the file, which determines the best scaling.
  public enum Kind: Sendable, Equatable {
    /// Unsigned bytes, 0...255.
    case bytes
    /// Any finite numbers.
    case numbers
  }

  /// The shape of one example: `[28, 28]`, or `[64]` for a table of 64 columns.
  public let shape: [Int]
  /// All values, `count * exampleSize` of them, finite.
  public let features: [Float]
  /// One class per example, in `0 ..< classNames.count`.
  public let labels: [Int32]
  /// The name of each class, by its number.
  public let classNames: [String]
  /// The name of each feature, where the file has a header row; empty otherwise.
  public let featureNames: [String]
  /// Whether examples are images or rows of a table.
  public let kind: Kind
  /// The file that the examples came from.
  public let source: String
  /// The number of each example in its file, from 1: rows of a table without its header, images of
  /// an IDX file. Selecting examples keeps their numbers.
  public let rows: [Int]
  /// The line on which each example begins in its file, from 1; empty where it is not text.
  public let lines: [Int]

  /// The number of examples.
  public var count: Int { labels.count }
  /// The number of classes.
  public var classCount: Int { classNames.count }
  /// The number of values in one example: the product of `shape`.
  public var exampleSize: Int { labels.isEmpty ? 0 : features.count / labels.count }

  /// A data set from values in memory.
  ///
  /// - Parameters:
  ///   - shape: the shape of one example, sizes at least 1.
  ///   - features: `labels.count` examples, row-major.
  ///   - labels: classes in `0 ..< classNames.count`.
  ///   - source: a name for messages.
  ///   - rows: the number of each example in its file; by default 1, 2, ...
  ///   - lines: the line of each example, empty where there are none.
  /// - Throws: `DataError` when there is no example, the sizes disagree, a label has no class, or a
  ///   value is not finite.
  /// - Complexity: O(`features.count`).
  public init(
    shape: [Int], features: [Float], labels: [Int32], classNames: [String],
    featureNames: [String] = [], kind: Kind = .numbers, source: String, rows: [Int]? = nil,
    lines: [Int] = []
  ) throws {
    self.init(
      unchecked: shape, features: features, labels: labels, classNames: classNames,
      featureNames: featureNames, kind: kind, source: source, rows: rows, lines: lines)
    try check()
  }

  /// The same for a reader that has checked its values already.
  init(
    unchecked shape: [Int], features: [Float], labels: [Int32], classNames: [String],
    featureNames: [String], kind: Kind, source: String, rows: [Int]? = nil, lines: [Int] = []
  ) {
    self.shape = shape
    self.features = features
    self.labels = labels
    self.classNames = classNames
    self.featureNames = featureNames
    self.kind = kind
    self.source = source
    self.rows = rows ?? labels.indices.map { $0 + 1 }
    self.lines = lines
  }

  /// How many examples each class has.
  ///
  /// - Complexity: O(`count`).
  public var countPerClass: [Int] {
    var counts = [Int](repeating: 0, count: classCount)
    for label in labels { counts[Int(label)] += 1 }
    return counts
  }

  /// The same examples with other names for the classes, one for each.
  ///
  /// - Throws: `DataError` when their number differs.
  public func named(_ names: [String]) throws -> LabeledData {
    guard names.count == classCount else {
      throw DataError(
        .mismatch, file: source, what: "\(names.count) names for \(classCount) classes",
        remedy: "give one name to each class")
    }
    return LabeledData(
      unchecked: shape, features: features, labels: labels, classNames: names,
      featureNames: featureNames, kind: kind, source: source, rows: rows, lines: lines)
  }

  private func check() throws(DataError) {
    func refuse(_ cause: DataError.Cause, _ what: String, _ remedy: String) -> DataError {
      DataError(cause, file: source, what: what, remedy: remedy)
    }
    guard !labels.isEmpty else { throw refuse(.empty, "no examples", "give at least one") }
    guard let size = product(shape), size > 0 else {
      throw refuse(.header, "examples of shape \(shape)", "sizes are at least 1")
    }
    guard let total = product([size, labels.count]), features.count == total else {
      throw refuse(
        .mismatch, "\(grouped(features.count)) values for \(grouped(labels.count)) of \(shape)",
        "give \(grouped(size)) values for each label")
    }
    guard featureNames.isEmpty || featureNames.count == size else {
      throw refuse(
        .mismatch, "\(featureNames.count) names for \(size) features", "name all or none")
    }
    guard rows.count == labels.count, lines.isEmpty || lines.count == labels.count else {
      throw refuse(
        .mismatch,
        "\(grouped(rows.count)) row numbers and \(grouped(lines.count)) lines for"
          + " \(grouped(labels.count)) examples", "give one of each for every example")
    }
    if let row = labels.firstIndex(where: { $0 < 0 || Int($0) >= classNames.count }) {
      throw refuse(
        .label, "label \(labels[row]) of example \(row) has no class",
        "labels run from 0 to \(classNames.count - 1)")
    }
    if let index = features.firstIndex(where: { !$0.isFinite }) {
      throw refuse(
        .nonFinite, "value \(index % size) of example \(index / size) is \(features[index])",
        "replace or leave out such examples")
    }
  }
}

/// The product of sizes, nil when one is negative or the product does not fit.
func product(_ sizes: [Int]) -> Int? {
  var total = 1
  for size in sizes {
    let (next, overflow) = total.multipliedReportingOverflow(by: size)
    guard size >= 0, !overflow else { return nil }
    total = next
  }
  return total
}

/// Sparse examples, in compressed sparse rows (CSR): the result of the LIBSVM reader.
///
/// The stored values of example `i` are `values[rowStarts[i] ..< rowStarts[i + 1]]`, and `columns`
/// has the feature, from 0 and ascending, of each.
public struct SparseData: Sendable, Equatable {
  /// The number of features; every column is below it.
  public let featureCount: Int
  /// `count + 1` offsets into `columns` and `values`.
  public let rowStarts: [Int]
  /// The column of each value, from 0.
  public let columns: [Int32]
  /// The values that are not 0, row by row.
  public let values: [Float]
  /// One class per example, in `0 ..< classNames.count`.
  public let labels: [Int32]
  /// The name of each class, by its number.
  public let classNames: [String]
  /// The file that the examples came from.
  public let source: String
  /// The line of each example in its file, from 1.
  public let lines: [Int]

  /// The number of examples.
  public var count: Int { labels.count }
  /// The number of stored values.
  public var storedCount: Int { values.count }

  /// The same examples with at least `features` features; the new ones are all 0.
  ///
  /// - Complexity: O(1).
  public func widened(to features: Int) -> SparseData {
    SparseData(
      featureCount: max(featureCount, features), rowStarts: rowStarts, columns: columns,
      values: values, labels: labels, classNames: classNames, source: source, lines: lines)
  }

  /// All values, zeros included.
  ///
  /// - Parameter limit: the limit on the size of the result in bytes.
  /// - Throws: `DataError` when it would take more.
  /// - Complexity: O(`count * featureCount`) time; memory 4 bytes a value.
  public func dense(limit: Int = standardDataLimit) throws -> LabeledData {
    let size = "\(grouped(count)) examples of \(grouped(featureCount)) features"
    guard let total = product([count, featureCount]), total <= limit / 4 else {
      throw DataError(
        .tooLarge, file: source, what: "\(size) do not fit \(grouped(limit)) bytes when dense",
        remedy: "keep them sparse, or raise the limit")
    }
    var features = [Float](repeating: 0, count: total)
    for row in 0..<count {
      for at in rowStarts[row]..<rowStarts[row + 1] {
        features[row * featureCount + Int(columns[at])] = values[at]
      }
    }
    return LabeledData(
      unchecked: [featureCount], features: features, labels: labels, classNames: classNames,
      featureNames: [], kind: .numbers, source: source, lines: lines)
  }
}

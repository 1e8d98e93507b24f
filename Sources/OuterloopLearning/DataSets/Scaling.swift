/// Division of features by constants, so that they lie in [0, 1] or [-1, 1].
///
/// Readers never scale. Choose a scaling on the training part and apply the same one to the test
/// part:
///
/// ```swift
/// let scaling = Scaling.suggested(for: parts.train)
/// let train = try scaling.applied(to: parts.train)
/// let test = try parts.test.map { try scaling.applied(to: $0) }
/// ```
public struct Scaling: Sendable, Equatable {
  /// One divisor for every feature, or a single one for all.
  public let divisors: [Float]

  /// Every value divided by the same number, which is finite and not 0 (otherwise by 1).
  public static func dividing(by divisor: Float) -> Scaling {
    Scaling(divisors: [divisor.isFinite && divisor != 0 ? divisor : 1])
  }

  /// Bytes 0...255 to [0, 1].
  public static let pixels = dividing(by: 255)

  /// Each feature divided by its largest magnitude in `data`, to [-1, 1]; features that are all 0
  /// stay 0, and zeros stay zeros.
  ///
  /// - Complexity: O(`data.features.count`).
  public static func maxAbs(of data: LabeledData) -> Scaling {
    let size = data.exampleSize
    var largest = [Float](repeating: 0, count: size)
    for start in stride(from: 0, to: data.features.count, by: max(size, 1)) {
      for feature in 0..<size {
        largest[feature] = max(largest[feature], abs(data.features[start + feature]))
      }
    }
    return Scaling(divisors: largest.map { $0 == 0 ? 1 : $0 })
  }

  /// `pixels` for bytes, `maxAbs` for all other numbers.
  public static func suggested(for data: LabeledData) -> Scaling {
    data.kind == .bytes ? pixels : maxAbs(of: data)
  }

  /// `data` divided; its kind becomes `.numbers`.
  ///
  /// - Throws: `DataError` when the scaling was made for another number of features, or a quotient
  ///   does not fit a float.
  /// - Complexity: O(`data.features.count`) time and memory.
  public func applied(to data: LabeledData) throws -> LabeledData {
    let size = data.exampleSize
    guard divisors.count == 1 || divisors.count == size else {
      throw DataError(
        .mismatch, file: data.source,
        what: "\(size) features, but the scaling was made for \(divisors.count)",
        remedy: "use the scaling of data with the same columns")
    }
    var features = data.features
    if divisors.count == 1 {
      let divisor = divisors[0]
      for index in features.indices { features[index] /= divisor }
    } else {
      for start in stride(from: 0, to: features.count, by: size) {
        for feature in 0..<size { features[start + feature] /= divisors[feature] }
      }
    }
    return try LabeledData(
      shape: data.shape, features: features, labels: data.labels, classNames: data.classNames,
      featureNames: data.featureNames, kind: .numbers, source: data.source, rows: data.rows,
      lines: data.lines)
  }
}

internal import OuterloopAutodiff
internal import OuterloopLearning
internal import OuterloopNumerics
internal import OuterloopPlatform

/// The features that label experts are trained on, (rows, features) in float32 with mean 0 and about
/// unit variance, so that one grid of decays fits every data set.
enum LabelFeatures {
  /// Columns of a table each by their own mean and standard deviation; those that do not vary are left
  /// out. Images, and data of which most values are 0, by the mean of each column and one standard
  /// deviation for all, so that the borders of images and rare words, which hardly vary, do not weigh
  /// as much as the rest.
  static func standardized(_ data: LabeledData) -> Tensor {
    let (rows, columns) = (data.count, data.exampleSize)
    var means = [Double](repeating: 0, count: columns)
    var variances = means
    data.features.withUnsafeBufferPointer { x in
      for row in 0..<rows {
        for column in 0..<columns { means[column] += Double(x[row * columns + column]) }
      }
      for column in 0..<columns { means[column] /= Double(rows) }
      for row in 0..<rows {
        for column in 0..<columns {
          let d = Double(x[row * columns + column]) - means[column]
          variances[column] += d * d
        }
      }
    }
    for column in 0..<columns { variances[column] /= Double(rows) }
    // A spread below the rounding error of the values counts as zero.
    let varying = (0..<columns).filter {
      variances[$0] > 1e-12 * max(means[$0] * means[$0], 1e-60)
    }
    var scales = variances.map { $0 > 0 ? 1 / $0.squareRoot() : 0 }
    let zeros = data.features.count { $0 == 0 }
    let isSparse = Double(zeros) > 0.8 * Double(data.features.count)
    if data.kind == .bytes || data.shape.count == 2 || isSparse {
      let mean = variances.reduce(0, +) / Double(max(1, varying.count))
      scales = scales.map { _ in mean > 0 ? 1 / mean.squareRoot() : 0 }
    }
    var values = [Float](repeating: 0, count: rows * varying.count)
    data.features.withUnsafeBufferPointer { x in
      for row in 0..<rows {
        for (place, column) in varying.enumerated() {
          values[row * varying.count + place] = Float(
            (Double(x[row * columns + column]) - means[column]) * scales[column])
        }
      }
    }
    return Tensor(values, shape: [rows, varying.count])
  }

  /// Random Fourier features of a Gaussian kernel (Rahimi & Recht 2007): for w ~ N(0, I / width^2) and
  /// b uniform in [0, 2 pi), sqrt(2) cos(w'x + b). The width is the median distance of two rows.
  static func fourier(_ x: Tensor, count: Int, key: RandomKey) throws -> Tensor {
    let (rows, columns) = (x.shape[0], x.shape[1])
    let keys = key.split(3)
    let values = try x.scalars(Float.self)
    let sample = Array(keys[0].permutation(rows).prefix(400))
    var distances: [Double] = []
    for pair in stride(from: 0, to: sample.count - 1, by: 2) {
      var sum = 0.0
      for column in 0..<columns {
        let d =
          Double(values[sample[pair] * columns + column])
          - Double(values[sample[pair + 1] * columns + column])
        sum += d * d
      }
      distances.append(sum)
    }
    let median = distances.isEmpty ? 1 : distances.sorted()[distances.count / 2]
    let width = max(median, 1e-12).squareRoot()
    let w = keys[1].normal([columns, count]) * (2.0.squareRoot() / width)
    let b = keys[2].uniform([count]) * (2 * Double.pi)
    return cos(matmul(x, w) + b) * 2.0.squareRoot()
  }
}

import OuterloopLearning

@testable import OuterloopLab

/// Small data sets made of arithmetic alone.
enum SampleData {
  /// Pictures of 6 by 6 pixels in three classes: a bright pair of rows, with some noise.
  static func pictures(_ count: Int) throws -> LabeledData {
    var noise = UInt32(12_345)
    func draw() -> Float {
      noise = noise &* 1_664_525 &+ 1_013_904_223
      return Float(noise >> 8) / Float(1 << 24)
    }
    var features: [Float] = []
    var labels: [Int32] = []
    for index in 0..<count {
      let label = index % 3
      labels.append(Int32(label))
      for pixel in 0..<36 {
        let isBright = pixel / 12 == label
        features.append((isBright ? 0.6 : 0) + 0.4 * draw())
      }
    }
    return try LabeledData(
      shape: [6, 6], features: features, labels: labels, classNames: ["top", "mid,dle", "low"],
      source: "pictures")
  }

  static func parts(_ count: Int, test: Int? = nil) throws -> DataParts {
    try DataParts(train: pictures(count), test: test.map { try pictures($0) })
  }

  static let files = CleaningReport.Files(
    suspicious: "s", losses: "l", weights: "w", images: nil, result: "r")
}

import Outerloop

/// Images with their classes, in three parts: to train on, to choose hyperparameters by, and to see what the
/// choice is worth.
public struct ImageSplit: Sendable {
  /// Examples as rows (count, pixels) between 0 and 1, and their classes (count).
  struct Part: Sendable {
    let pixels, labels: Tensor
    var count: Int { pixels.shape[0] }

    init(_ data: LabeledData, brightest: Double) {
      pixels = data.featureTensor(flat: true) / brightest
      labels = data.labelTensor
    }
  }

  let train, validation, test: Part
  let pixels, classes: Int
  public let name: String

  /// The 1,797 digits of 8x8 pixels that come with the package: 700 to train on, 548 to validate and 549 to
  /// test with.
  public static func digits() throws -> ImageSplit {
    try ImageSplit("digits", Digits.load(), train: 700, validation: 548)
  }

  /// A data set in a folder, such as MNIST in its four files: so many examples to train on, half as many to
  /// validate with, both of its training part, and at most as many as to train on of its test part.
  ///
  /// - Throws: `DataError` where there is no such data set, or too little of it.
  public static func load(_ folder: String, train: Int) throws -> ImageSplit {
    let parts = try LabeledData.load(folder)
    return try ImageSplit(
      folder.split(separator: "/").last.map(String.init) ?? folder, parts.train, train: train,
      validation: train / 2, test: parts.test)
  }

  private init(
    _ name: String, _ data: LabeledData, train: Int, validation: Int, test: LabeledData? = nil
  ) throws {
    let order = RandomKey(seed: 1, purpose: "split").permutation(data.count)
    guard train > 0, train + validation < data.count else {
      throw DataError(
        .mismatch, file: data.source,
        what:
          "\(data.count) examples, of which \(train) + \(validation) are wanted, and some to test",
        remedy: "train on fewer: --examples")
    }
    let rest = try test ?? data.selecting(Array(order[(train + validation)...]))
    let brightest = Double(data.features.max() ?? 1)
    func part(_ range: Range<Int>) throws -> Part {
      Part(try data.selecting(Array(order[range])), brightest: brightest)
    }
    self.name = name
    self.train = try part(0..<train)
    self.validation = try part(train..<train + validation)
    self.test = Part(
      try rest.selecting(Array(0..<min(rest.count, train))), brightest: brightest)
    (pixels, classes) = (data.exampleSize, data.classNames.count)
  }
}

internal import OuterloopLearning
internal import OuterloopNumerics

/// Images in three parts, drawn with a seed: training, validation and test.
struct ImageSplit: Sendable {
  /// Images as rows of numbers in [0, 1], and their classes.
  struct Part: Sendable {
    /// (n, height width)
    var x: Tensor
    /// (n), int32
    var y: Tensor
    var data: LabeledData

    var count: Int { data.count }

    init(_ data: LabeledData) {
      x = data.featureTensor(flat: true)
      y = data.labelTensor
      self.data = data
    }
  }

  /// The number of images in each part.
  struct Sizes: Sendable {
    var train, validation, test: Int
  }

  let train, validation, test: Part
  var pixels: Int { train.data.exampleSize }
  var classes: Int { train.data.classCount }
  var height: Int { train.data.shape[0] }
  var width: Int { train.data.shape[1] }

  /// The parts of `data`, or of the bundled digits; the test part is the data's own if there is one.
  static func parts(of data: String?, _ context: ExperimentContext) throws -> DataParts {
    try data.map(context.load) ?? DataParts(train: Digits.load(), test: nil)
  }

  /// The key of runs: a fingerprint of the settings that a single run depends on and of the data's
  /// contents, whatever their path.
  static func key(of experiment: some Experiment, _ parts: DataParts) throws -> String {
    var hash = try Fingerprint(of: experiment)
    hash.add(parts.train)
    if let test = parts.test { hash.add(test) }
    return hash.text
  }

  /// Checks that the data are images and that there are enough of them.
  /// - Throws: `LabError` otherwise.
  static func check(_ parts: DataParts, _ sizes: Sizes) throws {
    let source = parts.train
    guard source.shape.count == 2, source.shape.allSatisfy({ $0 >= 8 }) else {
      throw LabError(
        .data, "\(source.source): examples of shape \(source.shape)",
        remedy: "use pictures of at least 8x8, such as MNIST or the bundled digits")
    }
    let needed = sizes.train + sizes.validation + (parts.test == nil ? sizes.test : 0)
    guard source.count >= needed else {
      throw LabError(
        .data, "\(source.source): \(needed) examples are needed, but there are \(source.count)",
        remedy: "lower --train or --validation")
    }
    if let test = parts.test, test.count < sizes.test {
      throw LabError(
        .data, "\(test.source): \(sizes.test) examples are needed, but there are \(test.count)",
        remedy: "lower --test")
    }
  }

  /// - Throws: `LabError` for data that are not images or too few.
  init(_ parts: DataParts, _ sizes: Sizes, seed: UInt64) throws {
    try Self.check(parts, sizes)
    let source = parts.train
    let keys = RandomKey(seed: seed, purpose: "image split").split(2)
    let order = keys[0].permutation(source.count)
    let fixed = sizes.train + sizes.validation
    let scaling = Self.scaling(source)
    func part(_ data: LabeledData, _ indices: ArraySlice<Int>) throws -> Part {
      Part(try scaling.applied(to: data.selecting(Array(indices))))
    }
    train = try part(source, order[..<sizes.train])
    validation = try part(source, order[sizes.train..<fixed])
    if let own = parts.test {
      test = try part(own, keys[1].permutation(own.count)[..<sizes.test])
    } else {
      test = try part(source, order[fixed..<(fixed + sizes.test)])
    }
  }

  /// One divisor for all pixels, to preserve the images.
  private static func scaling(_ data: LabeledData) -> Scaling {
    data.kind == .bytes
      ? .pixels : .dividing(by: data.features.reduce(0) { Swift.max($0, abs($1)) })
  }

  /// The first images of the data, scaled.
  static func first(_ count: Int, of data: LabeledData) throws -> Part {
    Part(try scaling(data).applied(to: data.selecting(Array(0..<count))))
  }
}

public import OuterloopLearning
internal import OuterloopNumerics

/// The three parts of a cleaning run, scaled, with the labels that were corrupted on purpose.
public struct CleaningData: Sendable {
  /// The examples to clean, with the labels as given to the method.
  public let train: LabeledData
  public let validation: LabeledData
  public let test: LabeledData
  /// Position of each training example in the source.
  public let sourceIndex: [Int]
  /// Number of each training example in its file, from 1.
  public var rows: [Int] { sourceIndex.map { sourceRows[$0] } }
  private let sourceRows: [Int]
  /// How many rows belong to none of the three parts.
  public let leftOut: Int
  /// Labels before corruption; nil where nothing was corrupted.
  public let trueLabels: [Int32]?

  /// Positions in `train` whose label was changed.
  public var corrupted: Set<Int> {
    guard let trueLabels else { return [] }
    return Set(trueLabels.indices.filter { trueLabels[$0] != train.labels[$0] })
  }

  /// Whether an example is a picture: two sizes, both above 1.
  public var isPictures: Bool { train.shape.count == 2 && train.shape.allSatisfy { $0 > 1 } }

  /// Draws the parts by the seed, scales all by the training examples, and moves exactly
  /// `round(corrupt n)` training labels to a class chosen uniformly among the others.
  ///
  /// The test part is the data's own if it has one, otherwise it is drawn from what is left.
  /// - Throws: `LabError` if there are too few examples or only one class.
  public init(_ parts: DataParts, settings: CleaningSettings) throws {
    try settings.validate()
    let source = parts.train
    let own = parts.test
    let fixed = settings.train + settings.validation
    let needed = fixed + (own == nil ? 1 : 0)
    guard source.count >= needed else {
      throw LabError(
        .data,
        "\(source.source): \(needed) examples are needed for training, validation and test, "
          + "but there are \(source.count)",
        remedy: "lower --train or --validation")
    }
    guard source.classCount >= 2 else {
      throw LabError(
        .data, "\(source.source): all examples are of one class, so no label can be wrong",
        remedy: "check the label column (--label)")
    }
    let order = RandomKey(seed: settings.seed, purpose: "split").permutation(source.count)
    sourceIndex = Array(order[..<settings.train])
    sourceRows = source.rows
    leftOut = Swift.max(0, source.count - fixed - (own == nil ? settings.test : 0))
    let clean = try source.selecting(sourceIndex)
    let scaling = Self.scaling(for: clean)
    validation = try scaling.applied(to: source.selecting(Array(order[settings.train..<fixed])))
    if let own {
      let count = Swift.min(settings.test, own.count)
      test = try scaling.applied(to: own.selecting(Array(0..<count)))
    } else {
      let end = Swift.min(source.count, fixed + settings.test)
      test = try scaling.applied(to: source.selecting(Array(order[fixed..<end])))
    }

    let scaled = try scaling.applied(to: clean)
    let corrupted = LabelCorruption.corrupted(
      scaled.labels, share: settings.corrupt, classes: source.classCount, seed: settings.seed)
    guard let corrupted else {
      train = scaled
      trueLabels = nil
      return
    }
    train = try scaled.relabeled(corrupted)
    trueLabels = scaled.labels
  }

  /// Images are divided by one number, to preserve them; other features by the largest magnitude of
  /// each.
  private static func scaling(for data: LabeledData) -> Scaling {
    guard data.kind == .numbers, data.shape.count == 2 else { return .suggested(for: data) }
    return .dividing(by: data.features.reduce(0) { Swift.max($0, abs($1)) })
  }

  /// A hash of all features, labels and class names of the three parts, as 16 hexadecimal digits:
  /// equal for the same data, and different for other data with near certainty.
  /// - Complexity: O(features).
  public var fingerprint: String {
    var hash = Fingerprint()
    for part in [train, validation, test] { hash.add(part) }
    return hash.text
  }
}

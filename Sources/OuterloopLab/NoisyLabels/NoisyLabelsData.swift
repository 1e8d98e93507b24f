internal import OuterloopAutodiff
public import OuterloopLearning
internal import OuterloopNumerics

/// Training images, some mislabelled, and clean validation images.
public struct NoisyLabelsData: Sendable {
  /// The training part with the noisy labels, scaled to [-1, 1].
  let train: LabeledData
  let validation: LabeledData
  let isWrong: [Bool]

  /// A training example of a fixed choice: its position in the source and the label to train with.
  public struct Choice: Sendable, Equatable {
    public var index: Int
    public var label: Int32
  }

  /// - Parameters:
  ///   - parts: data with a test part, or a single set, of which the first part of a random order
  ///     is for training and the rest for validation.
  ///   - choices: a fixed choice; else `count` examples are drawn, and with probability `noise`
  ///     each gets a label drawn from all classes, possibly its own.
  /// - Throws: `LabError` for data that are not images or too few.
  public init(
    _ parts: DataParts, choices: [Choice]?, count: Int, noise: Double, seed: UInt64
  ) throws {
    let source = parts.train
    guard source.shape.count == 2, source.shape.allSatisfy({ $0 >= 8 }) else {
      throw LabError(
        .data, "\(source.source): examples of shape \(source.shape)",
        remedy: "use pictures of at least 8x8, such as MNIST or the bundled digits")
    }
    let chosen: [Choice]
    let validationPart: LabeledData
    if let choices {
      chosen = choices
      guard choices.allSatisfy({ (0..<source.count).contains($0.index) }),
        choices.allSatisfy({ (0..<Int32(source.classCount)).contains($0.label) })
      else {
        throw LabError(
          .data, "the choice names examples or labels that \(source.source) does not have",
          remedy: "choose examples in 0..<\(source.count)")
      }
      guard let test = parts.test else {
        throw LabError(
          .data, "\(source.source): no test part", remedy: "use data with a test part, as MNIST")
      }
      validationPart = test
    } else {
      let needed = parts.test == nil ? count + 1 : count
      guard source.count >= needed else {
        throw LabError(
          .data, "\(source.source): \(needed) examples are needed, there are \(source.count)",
          remedy: "lower --train")
      }
      let keys = RandomKey(seed: seed, purpose: "noisy labels").split(3)
      let order = keys[0].permutation(source.count)
      let moved = try keys[1].uniform([count], dtype: .float64).doubles()
      let other = keys[2].bits(count)
      chosen = order[..<count].enumerated().map { place, index in
        let label = Int32(other[place] % UInt32(source.classCount))
        return Choice(index: index, label: moved[place] < noise ? label : source.labels[index])
      }
      validationPart = try parts.test ?? source.selecting(Array(order[count...]))
    }
    let clean = try source.selecting(chosen.map(\.index))
    isWrong = zip(clean.labels, chosen).map { $0 != $1.label }
    let largest = source.features.max() ?? 1
    func scaled(_ data: LabeledData) throws -> LabeledData {
      try LabeledData(
        shape: data.shape, features: data.features.map { $0 / largest * 2 - 1 },
        labels: data.labels, classNames: data.classNames, source: data.source)
    }
    train = try scaled(clean.relabeled(chosen.map(\.label)))
    validation = try scaled(validationPart)
  }

  /// (n, h, w, 1)
  static func pictures(_ data: LabeledData) -> Tensor {
    data.featureTensor().reshaped([data.count] + data.shape + [1])
  }

  /// Reads `index,...,label` lines under a header row.
  /// - Throws: `LabError` naming the line that cannot be read.
  public static func choices(_ text: String, file: String) throws -> [Choice] {
    let lines = text.split(separator: "\n").dropFirst()
    return try lines.enumerated().map { number, line in
      let fields = line.split(separator: ",").map { $0.filter { !$0.isWhitespace } }
      guard let first = fields.first.flatMap({ Int($0) }), fields.count > 1,
        let label = fields.last.flatMap({ Int32($0) })
      else {
        throw LabError(
          .data, "\(file), line \(number + 2): '\(line)'",
          remedy: "each line is the position of an example, anything, and its label")
      }
      return Choice(index: first, label: label)
    }
  }
}

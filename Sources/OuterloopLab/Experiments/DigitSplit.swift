internal import OuterloopAutodiff
internal import OuterloopLearning
internal import OuterloopNumerics

/// The bundled digits in a random order, split into training and validation parts.
struct DigitSplit: Sendable {
  /// (n, 64), pixels in 0...1, and labels (n).
  let x, y: Tensor
  let heldX, heldY: Tensor

  init(train: Int, validation: Int, seed: UInt64, dtype: DType = .float64) throws {
    let digits = try Digits.load()
    let order = RandomKey(seed: seed, purpose: "digit split").permutation(digits.count)
    func part(_ range: Range<Int>) throws -> (Tensor, Tensor) {
      let data = try digits.selecting(Array(order[range]))
      return ((data.featureTensor(flat: true) * (1 / 16)).cast(to: dtype), data.labelTensor)
    }
    (x, y) = try part(0..<train)
    (heldX, heldY) = try part(train..<(train + validation))
  }

  /// - Throws: `LabError` for more digits than there are.
  static func check(train: Int, validation: Int) throws {
    let count = try Digits.load().count
    guard train <= count, validation <= count - train else {
      throw LabError(
        .setting, "--train \(train) and --validation \(validation) are more digits than there are",
        remedy: "there are \(count)")
    }
  }

  /// Softmax regression of the digits from zero weights.
  func zeroModel(_ dtype: DType = .float64) -> Dense {
    Dense(weights: Tensor.zeros([64, 10], dtype: dtype), bias: Tensor.zeros([10], dtype: dtype))
  }
}

import OuterloopNumerics

/// Values at the edges of their types, and some inside.
enum Edges {
  static let integers: [Int] = [
    .min, .min + 1, -(1 << 33), -2, -1, 0, 1, 2, 3, 7, 1 << 31, 1 << 33, 1 << 62, .max - 1, .max,
  ]
  /// Sizes that are not 1, 2, 3: for functions of several sizes.
  static let sizes: [Int] = [.min, -1, 0, 1, 3, 1 << 33, .max]
  static let numbers: [Double] = [
    -.infinity, -.greatestFiniteMagnitude, -1, -0.0, 0, .leastNonzeroMagnitude, 0.5, 1, 2, 1e19,
    .greatestFiniteMagnitude, .infinity, .nan,
  ]
  static let seeds: [UInt64] = [0, 1, 1 << 63, .max]
  static let types: [DType] = DType.allCases
  static let shapes: [[Int]] = [
    [], [0], [1], [2], [-1], [.min], [.max], [1 << 33], [2, 3], [3, 0], [0, .max], [-1, -1],
    [-2, -3], [.max, 2], [1 << 32, 1 << 32], [1 << 62, 1 << 62, 0], [1 << 40, 1], [2, 3, 4],
    [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
  ]
  static let axes: [[Int]] = [
    [], [0], [1], [-1], [0, 1], [1, 0], [0, 0], [0, -2], [5], [-5], [.max], [.min], [0, 1, 2],
  ]

  /// Tensors of each rank and element type, empty ones, one that carries an error, and one too large
  /// for any memory.
  static let tensors: [Tensor] = [
    Tensor(2), Tensor(.nan), Tensor(-.infinity), Tensor(3, dtype: .float64),
    Tensor([1, -2, 3] as [Float]), Tensor([0.5, .nan, .infinity] as [Double]),
    Tensor([0, 1, -1] as [Int32]), Tensor([.min, .max, 0] as [Int32]), Tensor([] as [Float]),
    Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3]),
    Tensor([4, 1, 1, 3] as [Double], shape: [2, 2]), Tensor.zeros([3, 0]), Tensor.zeros([0, 3]),
    RandomKey(seed: 1).normal([1, 4, 4, 2]), Tensor.zeros([2, 0, 3, 1]),
    Tensor.ones([1, 1, 1, 1, 1, 1, 1, 1, 1, 1]), Tensor.ones([1 << 40]),
    Tensor.ones([1 << 20, 1 << 20]),
    broken,
  ]

  /// The result of an operation that could not be applied.
  static let broken = Tensor([1, 2, 3] as [Float], shape: [7])
}

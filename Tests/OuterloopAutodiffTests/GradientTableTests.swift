import OuterloopAutodiff
import OuterloopNumerics
import OuterloopTesting
import Testing

/// Every primitive at order 2, forward and reverse, in float64, at ordinary and special points. A new
/// primitive is a new row.
@Suite struct GradientTableTests {
  @Test(arguments: table) func derivatives(_ test: DerivativeCase) throws {
    try DerivativeLaws.check(test)
  }

  @Test(arguments: table) func batching(_ test: DerivativeCase) throws {
    try DerivativeLaws.checkBatching(test)
  }

  /// Numbers away from kinks, drawn by name.
  static func draw(_ shape: [Int], _ name: String, in range: ClosedRange<Double> = -1...1) -> Tensor
  {
    let u = RandomKey(seed: 7, purpose: name).uniform(shape, dtype: .float64)
    return u * (range.upperBound - range.lowerBound) + range.lowerBound
  }

  static func positiveDefinite(_ n: Int, _ name: String, batch: [Int] = []) -> Tensor {
    let a = draw(batch + [n, n], name)
    return matmul(a, a, transposeB: true) + Tensor.eye(n, dtype: .float64) * 2
  }

  static let x = draw([3, 4], "x")
  static let y = draw([3, 4], "y")
  static let positive = draw([3, 4], "positive", in: 0.2...2)

  static let table: [DerivativeCase] = unary + binary + moves + reductions + linear + convolutions

  static let unary: [DerivativeCase] = [
    DerivativeCase("negate", [x]) { -$0[0] },
    DerivativeCase("exp", [x]) { exp($0[0]) },
    DerivativeCase("exp far below", [x - 40]) { exp($0[0]) },
    DerivativeCase("expm1", [x]) { expm1($0[0]) },
    DerivativeCase("expm1 at 0", [x * 0]) { expm1($0[0]) },
    DerivativeCase("log", [positive]) { log($0[0]) },
    DerivativeCase("log1p", [positive]) { log1p($0[0]) },
    DerivativeCase("log1p at 0", [x * 0]) { log1p($0[0]) },
    DerivativeCase("sqrt", [positive]) { sqrt($0[0]) },
    DerivativeCase("rsqrt", [positive]) { $0[0].reciprocalSquareRoot() },
    DerivativeCase("reciprocal", [positive]) { $0[0].reciprocal() },
    DerivativeCase("square", [x]) { $0[0].square() },
    DerivativeCase("square at 0", [x * 0]) { $0[0].square() },
    DerivativeCase("sin", [x * 3]) { sin($0[0]) },
    DerivativeCase("cos", [x * 3]) { cos($0[0]) },
    DerivativeCase("tan", [x]) { tan($0[0]) },
    DerivativeCase("tanh", [x * 2]) { tanh($0[0]) },
    DerivativeCase("tanh at 0", [x * 0]) { tanh($0[0]) },
    DerivativeCase("tanh saturated", [x + 20]) { tanh($0[0]) },
    DerivativeCase("sigmoid", [x * 3]) { sigmoid($0[0]) },
    DerivativeCase("sigmoid far out", [x * 500]) { sigmoid($0[0]) },
    DerivativeCase("softplus", [x * 3]) { softplus($0[0]) },
    DerivativeCase("softplus at 0", [x * 0]) { softplus($0[0]) },
    DerivativeCase("erf", [x]) { erf($0[0]) },
    DerivativeCase("abs", [positive]) { abs(-$0[0]) },
    DerivativeCase("relu", [x + y.sign() * 2]) { relu($0[0]) },
    DerivativeCase("floor", [positive + 0.1]) { $0[0].floor() * $0[0] },
    DerivativeCase("cube", [x]) { pow($0[0], 3) },
    DerivativeCase("cube at 0", [x * 0]) { pow($0[0], 3) },
    DerivativeCase("power -2", [positive]) { pow($0[0], -2) },
    DerivativeCase("stop gradient", [x]) { $0[0] * $0[0].stoppingGradient().sum() * 0 + $0[0] },
    DerivativeCase("cast there and back", [x], tolerance: 1e-2) {
      ($0[0] * $0[0]).cast(to: .float64)
    },
  ]

  static let binary: [DerivativeCase] = [
    DerivativeCase("add", [x, y]) { $0[0] + $0[1] },
    DerivativeCase("add to itself", [x]) { $0[0] + $0[0] },
    DerivativeCase("subtract", [x, y]) { $0[0] - $0[1] },
    DerivativeCase("subtract from itself", [x]) { $0[0] * 3 - $0[0] },
    DerivativeCase("multiply", [x, y]) { $0[0] * $0[1] },
    DerivativeCase("multiply with itself", [x]) { $0[0] * $0[0] },
    DerivativeCase("divide", [x, positive]) { $0[0] / $0[1] },
    DerivativeCase("power", [positive, y]) { pow($0[0], $0[1]) },
    DerivativeCase("power at exponent 1", [positive, y * 0 + 1]) { pow($0[0], $0[1]) },
    DerivativeCase("maximum", [x, y]) { maximum($0[0], $0[1]) },
    DerivativeCase("minimum", [x, y]) { minimum($0[0], $0[1]) },
    DerivativeCase("atan2", [x, positive]) { atan2($0[0], $0[1]) },
    DerivativeCase("select", [x, y]) { select($0[0].isGreater(than: $0[1]), $0[0] * $0[1], $0[1]) },
    DerivativeCase("row vector", [x, draw([4], "row")]) { $0[0] * $0[1] + $0[1] },
    DerivativeCase("column vector", [x, draw([3, 1], "column")]) { $0[0] * $0[1] / ($0[1] + 3) },
    DerivativeCase("row and column", [draw([3, 1], "c"), draw([4], "r")]) { $0[0] * $0[1] },
    DerivativeCase("outer product of one vector", [draw([4], "v")]) {
      $0[0].reshaped([4, 1]) * $0[0]
    },
    DerivativeCase("scalar", [x, draw([], "scalar")]) { $0[0] * $0[1] + exp($0[1]) },
    DerivativeCase("middle axis", [draw([2, 3, 4], "cube"), draw([3, 1], "m")]) { $0[0] * $0[1] },
  ]

  static let moves: [DerivativeCase] = [
    DerivativeCase("reshape", [x]) { $0[0].reshaped([2, 6]).square() },
    DerivativeCase("transpose", [x, draw([4, 3], "t")]) { $0[0].transposed() * $0[1] },
    DerivativeCase("transpose 3", [draw([2, 3, 4], "t3")]) {
      $0[0].transposed([1, 2, 0]).square()
    },
    DerivativeCase("slice", [x]) { $0[0].sliced(axis: 1, 1..<3).square() },
    DerivativeCase("slice by 2", [draw([7], "s")]) { $0[0].sliced(axis: 0, 1..<7, by: 2).square() },
    DerivativeCase("pad", [x]) { $0[0].padded(low: [1, 0], high: [0, 2]).square() },
    DerivativeCase("concatenate", [x, y]) { concatenate([$0[0], $0[1], $0[0]], axis: 1).square() },
    DerivativeCase("stack", [x, y]) { stack([$0[0], $0[1] * $0[0]]) },
    DerivativeCase("reverse", [x]) { $0[0].reversed(axes: [0, 1]) * $0[0] },
    DerivativeCase("gather", [x]) { $0[0].gathered(at: Tensor([Int32(2), 0, 2])).square() },
    DerivativeCase("scatterAdd", [x]) {
      $0[0].square().scatterAdded(at: Tensor([Int32(1), 1, 4]), rows: 5)
    },
    DerivativeCase("broadcast", [draw([1, 4], "b")]) { $0[0].broadcast(to: [2, 3, 4]).square() },
    DerivativeCase("iota", [x]) { $0[0] * Tensor.iota([3, 4], axis: 1, dtype: .float64) },
    DerivativeCase("one-hot", [x]) {
      $0[0] * Tensor([Int32(3), 0, 1]).oneHot(4, dtype: .float64) + $0[0].square()
    },
  ]

  static let reductions: [DerivativeCase] = [
    DerivativeCase("sum", [x]) { $0[0].square().sum() },
    DerivativeCase("sum rows", [x]) { $0[0].square().sum(axes: [1]) },
    DerivativeCase("sum columns", [x]) { $0[0].square().sum(axes: [0]) * 2 },
    DerivativeCase("sum middle", [draw([2, 3, 4], "sm")]) { $0[0].square().sum(axes: [1]) },
    DerivativeCase("sum outer", [draw([2, 3, 4], "so")]) { $0[0].square().sum(axes: [0, 2]) },
    DerivativeCase("mean", [x]) { $0[0].square().mean(axes: [0]) },
    DerivativeCase("max", [x]) { $0[0].max(axes: [1]).square() },
    DerivativeCase("max of all", [x]) { $0[0].max() * $0[0].max() },
    DerivativeCase("log-sum-exp", [x * 3]) { logSumExp($0[0]) },
    DerivativeCase("log-sum-exp large", [x + 700]) { logSumExp($0[0]) },
    DerivativeCase("softmax", [x * 2]) { softmax($0[0]) },
    DerivativeCase("softmax over rows", [x * 2]) { softmax($0[0], axis: 0) },
    DerivativeCase("cross-entropy", [x * 2]) {
      softmaxCrossEntropy($0[0], labels: Tensor([Int32(1), 3, 0]))
    },
    DerivativeCase("normalised", [x]) {
      ($0[0] - $0[0].mean(axes: [0])) / sqrt($0[0].square().sum(axes: [1], keeping: true) + 1)
    },
  ]

  static let linear: [DerivativeCase] = [
    DerivativeCase("matmul", [draw([3, 4], "a"), draw([4, 2], "b")]) { matmul($0[0], $0[1]) },
    DerivativeCase("matmul transposed", [draw([4, 3], "a"), draw([2, 4], "b")]) {
      matmul($0[0], $0[1], transposeA: true, transposeB: true)
    },
    DerivativeCase("matmul with itself", [draw([3, 3], "a")]) { matmul($0[0], $0[0]) },
    DerivativeCase("matmul batched", [draw([2, 3, 4], "a"), draw([2, 4, 2], "b")]) {
      matmul($0[0], $0[1])
    },
    DerivativeCase("matmul broadcast", [draw([2, 3, 4], "a"), draw([4, 2], "b")]) {
      matmul($0[0], $0[1])
    },
    DerivativeCase("matrix vector", [draw([3, 4], "a"), draw([4], "b")]) { matmul($0[0], $0[1]) },
    DerivativeCase("vector matrix", [draw([3], "b"), draw([3, 4], "a")]) { matmul($0[0], $0[1]) },
    DerivativeCase("cholesky", [positiveDefinite(4, "spd")], tolerance: 1e-5) {
      cholesky($0[0]) * Tensor.iota([4, 4], axis: 0, dtype: .float64)
    },
    DerivativeCase("cholesky batched", [positiveDefinite(3, "spd", batch: [2])], tolerance: 1e-5) {
      cholesky($0[0])
    },
    DerivativeCase("triangular solve", [positiveDefinite(3, "tri"), draw([3, 2], "b")]) {
      triangularSolve($0[0], $0[1])
    },
    DerivativeCase("triangular solve transposed", [positiveDefinite(3, "tri"), draw([3, 2], "b")]) {
      triangularSolve($0[0], $0[1], transposed: true)
    },
    DerivativeCase("log determinant", [positiveDefinite(4, "spd")]) { logDeterminant($0[0]) },
    DerivativeCase("diagonal", [draw([3, 3], "d")]) { diagonal($0[0]).square() },
  ]

  static let image = draw([2, 6, 5, 2], "image")
  static let filter = draw([3, 2, 2, 3], "filter")

  static let convolutions: [DerivativeCase] = [
    DerivativeCase("convolution", [image, filter]) { convolution($0[0], $0[1]) },
    DerivativeCase("convolution same", [image, filter]) {
      convolution($0[0], $0[1], padding: .same)
    },
    DerivativeCase("convolution strided", [image, filter]) {
      convolution($0[0], $0[1], stride: [2, 2], padding: .same)
    },
    DerivativeCase("convolution dilated", [image, filter]) {
      convolution($0[0], $0[1], dilation: [2, 1])
    },
    DerivativeCase("convolution squared", [image, filter]) {
      tanh(convolution($0[0], $0[1], padding: .same)).square().sum(axes: [1, 2])
    },
    DerivativeCase("average pool", [image]) { averagePool($0[0].square(), window: [2, 2]) },
    DerivativeCase("average pool overlapping", [image]) {
      averagePool($0[0].square(), window: [3, 2], stride: [1, 1])
    },
    DerivativeCase("max pool", [image]) { maxPool($0[0], window: [2, 2]).square() },
    DerivativeCase("max pool overlapping", [image]) {
      maxPool($0[0], window: [3, 3], stride: [2, 2]).square()
    },
  ]
}

import OuterloopAutodiff
import OuterloopNumerics

extension AbuseRoom {
  static let autodiff = AbuseRoom("OuterloopAutodiff") { room in
    room.addArithmetic()
    room.addShapes()
    room.addReductions()
    room.addMatrices()
    room.addImages()
    room.addStructures()
    room.addDerivatives()
  }

  private mutating func addArithmetic() {
    let all = Edges.tensors
    add("Tensor.+", all, all) { [$0 + $1, $0 + 1.5, -.infinity + $0] }
    add("Tensor.-", all, all) { [$0 - $1, $0 - 1.5, .nan - $0, -$0] }
    add("Tensor.*", all, all) { [$0 * $1, $0 * 1e300, 0 * $0] }
    add("Tensor./", all, all) { [$0 / $1, $0 / 0, 0 / $0] }
    for (name, change, changeByOne) in Self.changes {
      add(name, all, all) { a, b in
        changed(a) {
          change(&$0, b)
          changeByOne(&$0, 1)
        }
      }
    }
    add("Tensor.equals", all, all) { [$0.equals($1), $0.equals(.nan)] }
    add("Tensor.differs", all, all) { $0.differs(from: $1) }
    add("Tensor.isLess", all, all) { [$0.isLess(than: $1), $0.isLess(than: .nan)] }
    add("Tensor.isAtMost", all, all) { [$0.isAtMost($1), $0.isAtMost(.infinity)] }
    add("Tensor.isGreater", all, all) { [$0.isGreater(than: $1), $0.isGreater(than: 0)] }
    add("Tensor.isAtLeast", all, all) { [$0.isAtLeast($1), $0.isAtLeast(0)] }
    for (name, function) in Self.functions { add(name, all) { function($0) } }
    for (name, function) in Self.functionsOfTwo { add(name, all, all) { function($0, $1) } }
    add("pow", all, Edges.integers) { pow($0, $1) }
    add("maximum", all, Edges.numbers) { [maximum($0, $1), minimum($0, $1), pow($0, $1)] }
    add("select", all, all, [Tensor(1), Tensor.zeros([2, 3]), Edges.broken]) { select($0, $1, $2) }
    add("Tensor.cast", all, Edges.types) { $0.cast(to: $1) }
    // The first error stays, whatever is done.
    let broken = Edges.broken
    refuse("Tensor.+", [2, 2.5]) { (broken + $0).square() * 0 }
    refuse("Tensor.zeros", [broken]) { Tensor.zeros(like: $0) }
    refuse("pow", [0, 1, -1]) { pow(broken, $0) }
  }

  private typealias Change<Other> = @Sendable (inout Tensor, Other) -> Void

  private static let changes: [(String, Change<Tensor>, Change<Double>)] = [
    ("Tensor.+=", { $0 += $1 }, { $0 += $1 }), ("Tensor.-=", { $0 -= $1 }, { $0 -= $1 }),
    ("Tensor.*=", { $0 *= $1 }, { $0 *= $1 }), ("Tensor./=", { $0 /= $1 }, { $0 /= $1 }),
  ]

  private static let functions: [(String, @Sendable (Tensor) -> Tensor)] = [
    ("exp", { exp($0) }), ("expm1", { expm1($0) }), ("log", { log($0) }), ("log1p", { log1p($0) }),
    ("sqrt", { sqrt($0) }), ("sin", { sin($0) }), ("cos", { cos($0) }), ("tan", { tan($0) }),
    ("tanh", { tanh($0) }), ("erf", { erf($0) }), ("sigmoid", { sigmoid($0) }),
    ("softplus", { softplus($0) }), ("relu", { relu($0) }), ("abs", { abs($0) }),
    ("Tensor.square", { $0.square() }), ("Tensor.sign", { $0.sign() }),
    ("Tensor.floor", { $0.floor() }), ("Tensor.ceil", { $0.ceil() }),
    ("Tensor.rounded", { $0.rounded() }), ("Tensor.reciprocal", { $0.reciprocal() }),
    ("Tensor.reciprocalSquareRoot", { $0.reciprocalSquareRoot() }),
    ("Tensor.stoppingGradient", { $0.stoppingGradient() }),
    ("Tensor.transposedMatrix", { $0.transposedMatrix() }), ("cholesky", { cholesky($0) }),
    ("logDeterminant", { logDeterminant($0) }), ("diagonal", { diagonal($0) }),
  ]

  private static let functionsOfTwo: [(String, @Sendable (Tensor, Tensor) -> Tensor)] = [
    ("pow", { pow($0, $1) }), ("atan2", { atan2($0, $1) }), ("maximum", { maximum($0, $1) }),
    ("minimum", { minimum($0, $1) }), ("triangularSolve", { triangularSolve($0, $1) }),
    ("softmaxCrossEntropy", { softmaxCrossEntropy($0, labels: $1) }),
    ("softmaxCrossEntropy", { softmaxCrossEntropy($0, targets: $1) }),
    ("Tensor.gathered", { $0.gathered(at: $1) }),
  ]

  private mutating func addReductions() {
    let all = Edges.tensors
    add("Tensor.sum", all, Edges.axes, [false, true]) { $0.sum(axes: $1, keeping: $2) }
    add("Tensor.mean", all, Edges.axes, [false, true]) { $0.mean(axes: $1, keeping: $2) }
    add("Tensor.max", all, Edges.axes, [false, true]) { $0.max(axes: $1, keeping: $2) }
    add("Tensor.argmax", all, Edges.integers) { $0.argmax(axis: $1) }
    add("logSumExp", all, Edges.integers) { logSumExp($0, axis: $1, keeping: $1 % 2 == 0) }
    add("softmax", all, Edges.integers) { softmax($0, axis: $1) }
    add("logSoftmax", all, Edges.integers) { logSoftmax($0, axis: $1) }
    let matrix = Tensor.ones([2, 3])
    refuse("Tensor.sum", [[0, 0], [0, -2], [2], [-3], [.max], [.min]]) { matrix.sum(axes: $0) }
    refuse("Tensor.argmax", [2, -3, .max, .min]) { matrix.argmax(axis: $0) }
    refuse("softmax", [2, -3, .max, .min]) { softmax(matrix, axis: $0) }
  }

  private mutating func addMatrices() {
    add("matmul", Edges.tensors, Edges.tensors, [false, true]) {
      matmul($0, $1, transposeA: $2, transposeB: $2)
    }
    add(
      "matmul", [[3], [2, 3], [4, 2, 3], [0, 3], [2, 0]],
      [[3], [3, 2], [4, 3, 2], [3, 0], [0, 3]]
    ) {
      matmul(Tensor.ones($0), Tensor.ones($1))
    }
    add("matmul", [1 << 31, 1 << 33, 1 << 40]) {
      matmul(Tensor.ones([$0, 1]), Tensor.ones([1, $0]))
    }
    add("triangularSolve", Edges.tensors, Edges.tensors) {
      triangularSolve($0, $1, transposed: true)
    }
  }
}

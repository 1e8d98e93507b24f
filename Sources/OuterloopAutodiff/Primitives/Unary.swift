package import OuterloopNumerics
internal import OuterloopPlatform

/// A function of one number, applied to every element. Floating types only.
package enum Unary: String, Primitive, CaseIterable {
  case negate, abs, sign, exp, expm1, log, log1p, sqrt, rsqrt, reciprocal, square
  case sin, cos, tan, tanh, sigmoid, softplus, erf, floor, ceil, round

  package var label: String { rawValue }

  package func type(of operands: [TensorType]) throws(TensorError) -> TensorType {
    guard operands[0].dtype.isFloating else {
      throw TensorError(
        "\(rawValue) of \(operands[0])", remedy: "cast it to float32 or float64 first")
    }
    return operands[0]
  }

  /// dy = f'(x) dx, with f' written in x or, where cheaper, in y = f(x).
  package func tangent(_ x: [Tensor], _ y: Tensor, _ dx: [Tensor?]) -> Tensor? {
    guard let dx = dx[0] else { return nil }
    let x = x[0]
    return switch self {
    case .negate: -dx
    case .abs: dx * x.sign()
    case .sign, .floor, .ceil, .round: nil
    case .exp: dx * y
    case .expm1: dx * (y + 1)
    case .log: dx / x
    case .log1p: dx / (x + 1)
    case .sqrt: dx * 0.5 / y
    case .rsqrt: dx * (y * -0.5) / x
    case .reciprocal: -(dx * y.square())
    case .square: dx * (x * 2)
    case .sin: dx * OuterloopAutodiff.cos(x)
    case .cos: -(dx * OuterloopAutodiff.sin(x))
    case .tan: dx * (1 + y.square())
    case .tanh: dx * (1 - y.square())
    case .sigmoid: dx * (y * (1 - y))
    case .softplus: dx * OuterloopAutodiff.sigmoid(x)
    case .erf: dx * (OuterloopAutodiff.exp(-x.square()) * (2 / Double.pi.squareRoot()))
    }
  }

  /// Only negation is linear.
  package func transpose(_ ct: Tensor, _ x: [Tensor], linear: [Bool]) -> [Tensor?] {
    self == .negate ? [-ct] : [Tensor(invalid: "\(rawValue) is not linear")]
  }

  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor {
    Tensor.apply(.unary(self), x)
  }

  /// The value at a constant, where the host's function is as good as the kernel's.
  func folded(_ x: Double) -> Double? {
    switch self {
    case .negate: -x
    case .abs: Swift.abs(x)
    case .square: x * x
    case .sqrt: x.squareRoot()
    case .reciprocal: 1 / x
    case .rsqrt: 1 / x.squareRoot()
    case .exp: CLibrary.exp(x)
    case .log: CLibrary.log(x)
    case .floor: x.rounded(.down)
    case .ceil: x.rounded(.up)
    default: nil
    }
  }
}

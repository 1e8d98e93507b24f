package import OuterloopNumerics

/// The closed set of primitives. A graph consists of nothing else, so an executor (the CPU one
/// here, XLA some day) only needs to support these; shapes are static and no primitive calls back
/// to the host.
package enum Operation: Hashable, Sendable {
  case input(Input)
  case constant(Constant)
  case fill(Fill)
  case unary(Unary)
  case binary(Binary)
  case select(Select)
  case cast(Cast)
  case broadcast(Broadcast)
  case reshape(Reshape)
  case transpose(Transpose)
  case slice(Slice)
  case pad(Pad)
  case concatenate(Concatenate)
  case reverse(Reverse)
  case sum(Sum)
  case max(Max)
  case argmax(ArgMax)
  case product(MatrixProduct)
  case gather(Gather)
  case scatterAdd(ScatterAdd)
  case oneHot(OneHot)
  case iota(Iota)
  case random(Random)
  case convolution(Convolution)
  case convolutionInput(ConvolutionInput)
  case convolutionFilter(ConvolutionFilter)
  case windows(Windows)
  case windowsTranspose(WindowsTranspose)
  case poolArgMax(PoolArgMax)
  case poolSelect(PoolSelect)
  case poolSpread(PoolSpread)
  case cholesky(Cholesky)
  case triangularSolve(TriangularSolve)
  case stopGradient(StopGradient)
  case alias(Alias)

  /// The rules of the primitive.
  package var primitive: any Primitive {
    switch self {
    case .input(let p): p
    case .constant(let p): p
    case .fill(let p): p
    case .unary(let p): p
    case .binary(let p): p
    case .select(let p): p
    case .cast(let p): p
    case .broadcast(let p): p
    case .reshape(let p): p
    case .transpose(let p): p
    case .slice(let p): p
    case .pad(let p): p
    case .concatenate(let p): p
    case .reverse(let p): p
    case .sum(let p): p
    case .max(let p): p
    case .argmax(let p): p
    case .product(let p): p
    case .gather(let p): p
    case .scatterAdd(let p): p
    case .oneHot(let p): p
    case .iota(let p): p
    case .random(let p): p
    case .convolution(let p): p
    case .convolutionInput(let p): p
    case .convolutionFilter(let p): p
    case .windows(let p): p
    case .windowsTranspose(let p): p
    case .poolArgMax(let p): p
    case .poolSelect(let p): p
    case .poolSpread(let p): p
    case .cholesky(let p): p
    case .triangularSolve(let p): p
    case .stopGradient(let p): p
    case .alias(let p): p
    }
  }
}

/// The rules of one primitive: its type rule and how it is differentiated and batched. All rules
/// are written in traced operations, so derivatives compose to any order.
package protocol Primitive: Hashable, Sendable {
  /// Name and attributes, for printed graphs.
  var label: String { get }

  /// The type of the result.
  /// - Throws: `TensorError` naming the operation and the offending types.
  func type(of operands: [TensorType]) throws(TensorError) -> TensorType

  /// Forward rule: the tangent of the result `y` for operand tangents `dx` (nil is zero).
  func tangent(_ x: [Tensor], _ y: Tensor, _ dx: [Tensor?]) -> Tensor?

  /// Transpose rule of an operation that is linear in the operands marked `linear` (whose values
  /// must not be used): their cotangents for the result's cotangent `ct`, nil for the others.
  func transpose(_ ct: Tensor, _ x: [Tensor], linear: [Bool]) -> [Tensor?]

  /// Batch rule: the operands marked `batched` have a leading axis of length `size`; so has the
  /// result.
  func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor
}

extension Primitive {
  package func tangent(_ x: [Tensor], _ y: Tensor, _ dx: [Tensor?]) -> Tensor? { nil }

  package func transpose(_ ct: Tensor, _ x: [Tensor], linear: [Bool]) -> [Tensor?] {
    x.map { _ in Tensor(invalid: "\(label) was transposed but is not linear") }
  }

  /// The fallback for a primitive without a batch rule: one application per example.
  func batchByUnrolling(
    _ operation: Operation, _ x: [Tensor], batched: [Bool], size: Int
  ) -> Tensor {
    let examples = (0..<size).map { i in
      let operands = zip(x, batched).map { tensor, isBatched in
        isBatched ? tensor.example(i) : tensor
      }
      return Tensor.apply(operation, operands).expanded(at: 0)
    }
    return concatenate(examples, axis: 0)
  }
}

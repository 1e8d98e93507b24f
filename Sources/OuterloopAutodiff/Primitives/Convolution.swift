package import COuterloopKernels
package import OuterloopNumerics

/// Strides, zero padding and dilation of a two-dimensional convolution, per axis (height, width).
public struct ConvolutionGeometry: Sendable, Hashable {
  /// The stride along each axis.
  public var stride: [Int]
  /// Zeros before each axis.
  public var low: [Int]
  /// Zeros after each axis.
  public var high: [Int]
  /// The distance of neighbouring filter elements along each axis; 1 without dilation.
  public var dilation: [Int]

  /// A geometry; by default stride 1, no padding, no dilation.
  public init(
    stride: [Int] = [1, 1], low: [Int] = [0, 0], high: [Int] = [0, 0], dilation: [Int] = [1, 1]
  ) {
    self.stride = stride
    self.low = low
    self.high = high
    self.dilation = dilation
  }

  /// Output size along one axis; nil if the window does not fit, or a number is missing, negative or
  /// beyond every image.
  func output(_ input: Int, kernel: Int, axis: Int) -> Int? {
    let most = Int(Int32.max)
    guard [stride, low, high, dilation].allSatisfy({ $0.count == 2 }), kernel > 0, kernel <= most,
      stride[axis] > 0, (1...most).contains(dilation[axis]), (0...most).contains(low[axis]),
      (0...most).contains(high[axis])
    else { return nil }
    let room = input + low[axis] + high[axis] - dilation[axis] * (kernel - 1) - 1
    guard room >= 0 else { return nil }
    return room / stride[axis] + 1
  }

  /// The kernels' description for x (n, h, w, c), filter (kh, kw, c, o), y (n, oh, ow, o).
  package func descriptor(_ x: [Int], _ filter: [Int], _ y: [Int], _ dtype: DType) -> ol_convolution
  {
    ol_convolution(
      dtype: Int32(dtype.kernel.rawValue), n: Int64(x[0]), h: Int64(x[1]), w: Int64(x[2]),
      c: Int64(x[3]), kh: Int64(filter[0]), kw: Int64(filter[1]), o: Int64(filter[3]),
      oh: Int64(y[1]), ow: Int64(y[2]), stride_h: Int64(stride[0]), stride_w: Int64(stride[1]),
      pad_top: Int64(low[0]), pad_left: Int64(low[1]), dilation_h: Int64(dilation[0]),
      dilation_w: Int64(dilation[1]))
  }
}

// The three maps of one trilinear form <g, conv(x, f)>: each is bilinear in its two operands and the
// transpose of each is another of the three, so convolutions have derivatives of every order.

/// (x, filter) -> y.
package struct Convolution: Primitive {
  package let geometry: ConvolutionGeometry
  package var label: String { "convolution" }

  package func type(of operands: [TensorType]) throws(TensorError) -> TensorType {
    let (x, filter) = (operands[0], operands[1])
    guard x.rank == 4, filter.rank == 4, x.dtype == filter.dtype, x.dtype.isFloating,
      x.shape[3] == filter.shape[2],
      let height = geometry.output(x.shape[1], kernel: filter.shape[0], axis: 0),
      let width = geometry.output(x.shape[2], kernel: filter.shape[1], axis: 1)
    else {
      throw TensorError(
        "convolution of \(x) with \(filter)",
        remedy: "needs (n, h, w, c) and (kh, kw, c, o) that fits")
    }
    return TensorType([x.shape[0], height, width, filter.shape[3]], x.dtype)
  }

  package func tangent(_ x: [Tensor], _ y: Tensor, _ dx: [Tensor?]) -> Tensor? {
    bilinear(.convolution(self), x, dx)
  }
  package func transpose(_ ct: Tensor, _ x: [Tensor], linear: [Bool]) -> [Tensor?] {
    if linear[0] {
      let input = ConvolutionInput(geometry: geometry, shape: x[0].shape)
      return [Tensor.apply(.convolutionInput(input), [ct, x[1]]), nil]
    }
    let filter = ConvolutionFilter(geometry: geometry, shape: x[1].shape)
    return [nil, Tensor.apply(.convolutionFilter(filter), [x[0], ct])]
  }
  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor {
    guard !batched[1] else {
      return batchByUnrolling(.convolution(self), x, batched: batched, size: size)
    }
    return Tensor.apply(.convolution(self), [x[0].mergedLeading(), x[1]]).splitLeading(size)
  }
}

/// (g, filter) -> x-shaped: the transpose of a convolution in its input.
package struct ConvolutionInput: Primitive {
  package let geometry: ConvolutionGeometry
  package let shape: [Int]
  package var label: String { "convolutionInput" }

  package func type(of operands: [TensorType]) throws(TensorError) -> TensorType {
    let x = TensorType(shape, operands[0].dtype)
    let y = try Convolution(geometry: geometry).type(of: [x, operands[1]])
    guard y == operands[0] else { throw TensorError("convolutionInput of \(operands[0])") }
    return x
  }
  package func tangent(_ x: [Tensor], _ y: Tensor, _ dx: [Tensor?]) -> Tensor? {
    bilinear(.convolutionInput(self), x, dx)
  }
  package func transpose(_ ct: Tensor, _ x: [Tensor], linear: [Bool]) -> [Tensor?] {
    if linear[0] {
      return [Tensor.apply(.convolution(Convolution(geometry: geometry)), [ct, x[1]]), nil]
    }
    let filter = ConvolutionFilter(geometry: geometry, shape: x[1].shape)
    return [nil, Tensor.apply(.convolutionFilter(filter), [ct, x[0]])]
  }
  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor {
    guard !batched[1] else {
      return batchByUnrolling(.convolutionInput(self), x, batched: batched, size: size)
    }
    let merged = ConvolutionInput(
      geometry: geometry, shape: [size * shape[0]] + shape.dropFirst())
    return Tensor.apply(.convolutionInput(merged), [x[0].mergedLeading(), x[1]])
      .splitLeading(size)
  }
}

/// (x, g) -> filter-shaped: the transpose of a convolution in its filter.
package struct ConvolutionFilter: Primitive {
  package let geometry: ConvolutionGeometry
  package let shape: [Int]
  package var label: String { "convolutionFilter" }

  package func type(of operands: [TensorType]) throws(TensorError) -> TensorType {
    let filter = TensorType(shape, operands[0].dtype)
    let y = try Convolution(geometry: geometry).type(of: [operands[0], filter])
    guard y == operands[1] else { throw TensorError("convolutionFilter of \(operands[1])") }
    return filter
  }
  package func tangent(_ x: [Tensor], _ y: Tensor, _ dx: [Tensor?]) -> Tensor? {
    bilinear(.convolutionFilter(self), x, dx)
  }
  package func transpose(_ ct: Tensor, _ x: [Tensor], linear: [Bool]) -> [Tensor?] {
    if linear[0] {
      let input = ConvolutionInput(geometry: geometry, shape: x[0].shape)
      return [Tensor.apply(.convolutionInput(input), [x[1], ct]), nil]
    }
    return [nil, Tensor.apply(.convolution(Convolution(geometry: geometry)), [x[0], ct])]
  }
  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor {
    batchByUnrolling(.convolutionFilter(self), x, batched: batched, size: size)
  }
}

/// The tangent of a bilinear operation: one term per moving operand.
private func bilinear(_ operation: Operation, _ x: [Tensor], _ dx: [Tensor?]) -> Tensor? {
  let first = dx[0].map { Tensor.apply(operation, [$0, x[1]]) }
  let second = dx[1].map { Tensor.apply(operation, [x[0], $0]) }
  if let first, let second { return first + second }
  return first ?? second
}

extension Tensor {
  /// (b, n, ...) -> (b n, ...).
  func mergedLeading() -> Tensor { reshaped([shape[0] * shape[1]] + shape.dropFirst(2)) }
  /// (b n, ...) -> (b, n, ...).
  func splitLeading(_ size: Int) -> Tensor {
    guard let first = shape.first else { return self }
    return reshaped([size, first / size] + shape.dropFirst())
  }
}

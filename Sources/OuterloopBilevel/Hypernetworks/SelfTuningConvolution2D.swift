public import OuterloopAutodiff
public import OuterloopLearning
public import OuterloopNumerics

/// A convolution whose filters respond to hyperparameters l (Self-Tuning Networks, MacKay et al.
/// 2019, sec. 3.4), filter by filter as `SelfTuningDense` does output by output:
///
///     y = x * W + b + s_w(l) . (x * U) + s_b(l) . c,      s_w(l) = l S_w,  s_b(l) = l S_b
///
/// Time: two convolutions. Memory: twice the filters and 2 Q numbers a filter.
public struct SelfTuningConvolution2D: Structure {
  /// W and b: the layer at l = 0.
  public var base: Convolution2D
  /// U, shaped like W.
  public var responseFilter: Tensor
  /// c (filters)
  public var responseBias: Tensor
  /// S_w and S_b, (Q, filters) each.
  public var weightScales, biasScales: Tensor

  /// He-normal W and U, zero b and c; scales normal with standard deviation 0.01.
  public init(
    channels: Int, filters: Int, kernel: [Int] = [3, 3], stride: [Int] = [1, 1],
    padding: Padding = .same, hyperparameters: Int, key: RandomKey, dtype: DType = .float32
  ) {
    let keys = key.split(4)
    base = Convolution2D(
      channels: channels, filters: filters, kernel: kernel, stride: stride, padding: padding,
      key: keys[0], dtype: dtype)
    responseFilter = Initializer.he(
      kernel + [channels, filters], fanIn: (kernel + [channels]).saturatingProduct, key: keys[1],
      dtype: dtype)
    responseBias = Tensor.zeros([filters], dtype: dtype)
    weightScales = keys[2].normal([hyperparameters, filters], dtype: dtype) * 0.01
    biasScales = keys[3].normal([hyperparameters, filters], dtype: dtype) * 0.01
  }

  /// x: (n, h, w, channels); l: (Q) for all images, or (n, Q), a row for each.
  /// Result: (n, h', w', filters).
  public func callAsFunction(_ x: Tensor, _ l: Tensor) -> Tensor {
    if let error = hyperError(l, [weightScales, biasScales], examples: x.shape.first) {
      return error
    }
    // A row for each image acts on all its pixels.
    func scales(_ matrix: Tensor) -> Tensor {
      let scale = matmul(l, matrix)
      return l.rank == 1 ? scale : scale.reshaped([l.shape[0], 1, 1, matrix.shape[1]])
    }
    let response = convolution(x, responseFilter, stride: base.stride, padding: base.padding)
    return base(x) + scales(weightScales) * response + scales(biasScales) * responseBias
  }

  /// The convolution at one l (Q).
  public func convolution2D(at l: Tensor) -> Convolution2D {
    var layer = base
    layer.filter = base.filter + matmul(l, weightScales) * responseFilter
    layer.bias = base.bias + matmul(l, biasScales) * responseBias
    return layer
  }

  public mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
    try base.visit(path + ".base", body)
    try responseFilter.visit(path + ".responseFilter", body)
    try responseBias.visit(path + ".responseBias", body)
    try weightScales.visit(path + ".weightScales", body)
    try biasScales.visit(path + ".biasScales", body)
  }
}

extension [Int] {
  /// The product, or the largest number where it is larger: shapes that are refused for their size.
  fileprivate var saturatingProduct: Int {
    reduce(1) {
      let (product, overflow) = $0.multipliedReportingOverflow(by: $1)
      return overflow ? .max : product
    }
  }
}

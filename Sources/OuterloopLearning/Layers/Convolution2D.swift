public import OuterloopAutodiff
public import OuterloopNumerics

/// A two-dimensional convolution layer: (n, h, w, channels) -> (n, h', w', filters).
public struct Convolution2D: Structure {
  /// (kh, kw, channels, filters)
  public var filter: Tensor
  /// (filters)
  public var bias: Tensor
  /// The stride along height and width.
  public var stride: [Int]
  /// What is added around the image.
  public var padding: Padding

  /// He-normal filters and zero bias.
  public init(
    channels: Int, filters: Int, kernel: [Int] = [3, 3], stride: [Int] = [1, 1],
    padding: Padding = .same, key: RandomKey, dtype: DType = .float32
  ) {
    let fanIn = TensorType(kernel + [channels]).count
    filter = Initializer.he(kernel + [channels, filters], fanIn: fanIn, key: key, dtype: dtype)
    bias = Tensor.zeros([filters], dtype: dtype)
    self.stride = stride
    self.padding = padding
  }

  /// The layer's output: x (n, height, width, channels) to (n, height', width', filters).
  public func callAsFunction(_ x: Tensor) -> Tensor {
    convolution(x, filter, stride: stride, padding: padding) + bias
  }

  public mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
    try filter.visit(path + ".filter", body)
    try bias.visit(path + ".bias", body)
  }
}

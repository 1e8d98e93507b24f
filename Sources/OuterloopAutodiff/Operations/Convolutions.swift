public import OuterloopNumerics

/// Zero padding of a convolution or pooling.
public enum Padding: Sendable, Hashable {
  /// No padding: windows lie inside the image.
  case valid
  /// Padding for ceil(size / stride) outputs; odd amounts put more after than before.
  case same
  /// So many zeros before and after each axis (height, width).
  case explicit(low: [Int], high: [Int])

  func geometry(_ size: [Int], kernel: [Int], stride: [Int], dilation: [Int])
    -> ConvolutionGeometry
  {
    var geometry = ConvolutionGeometry(stride: stride, dilation: dilation)
    switch self {
    case .valid: break
    case .same:
      for axis in 0..<2 where stride[axis] > 0 {
        // The primitive's own rule rejects larger sizes.
        guard dilation[axis] >= 0, dilation[axis] <= Int32.max, kernel[axis] <= Int32.max else {
          continue
        }
        let window = dilation[axis] * (kernel[axis] - 1) + 1
        let outputs = size[axis] > 0 ? (size[axis] - 1) / stride[axis] + 1 : 0
        let total = Swift.max(0, (outputs - 1) * stride[axis] + window - size[axis])
        geometry.low[axis] = total / 2
        geometry.high[axis] = total - total / 2
      }
    case .explicit(let low, let high):
      geometry.low = low
      geometry.high = high
    }
    return geometry
  }
}

/// Two-dimensional convolution (correlation, as in every deep learning library).
///
/// x: (n, h, w, c), filter: (kh, kw, c, o) -> (n, oh, ow, o). Cost: 2 kh kw c o flops per output
/// pixel.
public func convolution(
  _ x: Tensor, _ filter: Tensor, stride: [Int] = [1, 1], padding: Padding = .valid,
  dilation: [Int] = [1, 1]
) -> Tensor {
  guard x.rank == 4, filter.rank == 4, stride.count == 2, dilation.count == 2 else {
    return Tensor(
      invalid: "convolution of \(x.type) with \(filter.type): needs (n, h, w, c), (kh, kw, c, o), "
        + "two strides and two dilations", operands: x, filter)
  }
  let geometry = padding.geometry(
    Array(x.shape[1...2]), kernel: Array(filter.shape[0...1]), stride: stride, dilation: dilation)
  return Tensor.apply(.convolution(Convolution(geometry: geometry)), [x, filter])
}

/// The mean over windows of (n, h, w, c), without padding.
public func averagePool(_ x: Tensor, window: [Int], stride: [Int]? = nil) -> Tensor {
  guard let windows = Windows(x, window, stride ?? window) else { return poolError(x) }
  let (h, w) = (x.shape[1], x.shape[2])
  if stride == nil || stride == window, h >= window[0], w >= window[1] {
    // Windows that tile the image are a reshape: (n, oh, kh, ow, kw, c).
    let (oh, ow) = (h / window[0], w / window[1])
    let inside = x.sliced(axis: 1, 0..<(oh * window[0])).sliced(axis: 2, 0..<(ow * window[1]))
    let tiles = inside.reshaped([x.shape[0], oh, window[0], ow, window[1], x.shape[3]])
    return tiles.mean(axes: [2, 4])
  }
  return Tensor.apply(.windows(windows), [x]).mean(axes: [3, 4])
}

/// The largest element over windows of (n, h, w, c), without padding; the first of equals is taken.
public func maxPool(_ x: Tensor, window: [Int], stride: [Int]? = nil) -> Tensor {
  guard let windows = Windows(x, window, stride ?? window) else { return poolError(x) }
  let choice = Tensor.apply(.poolArgMax(PoolArgMax(windows: windows)), [x])
  return Tensor.apply(.poolSelect(PoolSelect(windows: windows)), [x, choice])
}

private func poolError(_ x: Tensor) -> Tensor {
  Tensor(
    invalid: "pooling of \(x.type): needs (n, h, w, c), two window sizes and two strides",
    operands: x)
}

extension Windows {
  fileprivate init?(_ x: Tensor, _ window: [Int], _ stride: [Int]) {
    guard x.rank == 4, window.count == 2, stride.count == 2, window.allSatisfy({ $0 > 0 }) else {
      return nil
    }
    self.init(kernel: window, geometry: ConvolutionGeometry(stride: stride))
  }
}

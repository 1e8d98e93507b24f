internal import OuterloopAutodiff
public import OuterloopNumerics

/// An operation that an edge of a cell may hold (Liu et al. 2019, sec. 2.1): images
/// (n, h, w, channels) to (n, ceil(h / stride), ceil(w / stride), channels).
///
/// Convolutions are ReLU, convolution, batch normalisation; pooling is followed by batch
/// normalisation; both use the batch's own statistics and learn no scale, as in the search of DARTS.
/// Plain convolutions replace the depthwise separable ones of DARTS.
public enum CandidateOperation: Sendable, Hashable, Codable {
  /// Zero: the edge is absent.
  case none
  /// The identity; with a stride, two concatenated 1x1 convolutions of every other pixel.
  case skip
  /// The mean over a square window, of the pixels inside the image.
  case averagePool(Int)
  /// The largest over a square window, of the pixels inside the image.
  case maxPool(Int)
  /// A convolution of so many pixels a side; `dilation` spreads them.
  case convolution(Int, dilation: Int = 1)

  /// The filters of the operation, He-normal; empty where there is nothing to learn.
  public func filters(
    channels: Int, stride: Int = 1, key: RandomKey, dtype: DType = .float32
  ) -> [Tensor] {
    func he(_ side: Int, _ filters: Int, _ key: RandomKey) -> Tensor {
      Initializer.he(
        [side, side, channels, filters], fanIn: TensorType([side, side, channels]).count, key: key,
        dtype: dtype)
    }
    switch self {
    case .none, .averagePool, .maxPool: return []
    case .skip:
      guard stride > 1 else { return [] }
      let keys = key.split(2)
      return [he(1, channels / 2, keys[0]), he(1, channels - channels / 2, keys[1])]
    case .convolution(let side, _): return [he(side, channels, key)]
    }
  }

  /// The operation applied to x with its filters.
  public func callAsFunction(_ x: Tensor, filters: [Tensor] = [], stride: Int = 1) -> Tensor {
    guard x.rank == 4, (1...Int(Int32.max)).contains(stride) else {
      return Tensor(
        invalid: "\(self) of \(x.type) with stride \(stride): needs (n, h, w, c)", operands: x)
    }
    guard x.shape[1] > 0, x.shape[2] > 0 else {
      return Tensor(invalid: "\(self) of \(x.type): there are no pixels")
    }
    let steps = [stride, stride]
    switch self {
    case .none:
      let (h, w) = ((x.shape[1] + stride - 1) / stride, (x.shape[2] + stride - 1) / stride)
      return Tensor.zeros([x.shape[0], h, w, x.shape[3]], dtype: x.dtype)
    case .skip:
      return stride == 1 ? x : reduced(x, filters, steps)
    case .averagePool(let side):
      guard let window = PaddedWindow(x, side, stride) else { return invalid }
      // The share of each window that lies inside the image.
      let share = OuterloopAutodiff.averagePool(
        window.inside, window: [side, side], stride: steps)
      let mean = OuterloopAutodiff.averagePool(window.x, window: [side, side], stride: steps)
      return Self.normalised(mean / share)
    case .maxPool(let side):
      guard let window = PaddedWindow(x, side, stride) else { return invalid }
      let lowest = Tensor(
        x.dtype == .float64
          ? -Double.greatestFiniteMagnitude : -Double(Float.greatestFiniteMagnitude),
        dtype: x.dtype)
      let filled = select(window.inside.equals(1), window.x, lowest)
      return Self.normalised(
        OuterloopAutodiff.maxPool(filled, window: [side, side], stride: steps))
    case .convolution(_, let dilation):
      guard filters.count == 1 else { return invalid }
      return Self.normalised(
        OuterloopAutodiff.convolution(
          relu(x), filters[0], stride: steps, padding: .same, dilation: [dilation, dilation]))
    }
  }

  /// Half the filters see the pixels at even positions, half those at odd ones, so that none is
  /// lost.
  private func reduced(_ x: Tensor, _ filters: [Tensor], _ steps: [Int]) -> Tensor {
    guard filters.count == 2 else { return invalid }
    let active = relu(x)
    let odd = active.sliced(axis: 1, 1..<x.shape[1]).sliced(axis: 2, 1..<x.shape[2])
      .padded(low: [0, 0, 0, 0], high: [0, 1, 1, 0])
    let halves = zip([active, odd], filters).map {
      OuterloopAutodiff.convolution($0, $1, stride: steps)
    }
    return Self.normalised(concatenate(halves, axis: 3))
  }

  /// Batch normalisation with the batch's statistics and nothing to learn.
  static func normalised(_ x: Tensor) -> Tensor {
    guard x.rank > 0 else { return x }
    return BatchNorm(features: x.shape[x.rank - 1], dtype: x.dtype)(x)
  }

  private var invalid: Tensor {
    Tensor(invalid: "\(self): its window must be positive and its filters those of filters(...)")
  }
}

extension CandidateOperation: CustomStringConvertible {
  public var description: String {
    switch self {
    case .none: "none"
    case .skip: "skip"
    case .averagePool(let side): "averagePool\(side)x\(side)"
    case .maxPool(let side): "maxPool\(side)x\(side)"
    case .convolution(let side, 1): "convolution\(side)x\(side)"
    case .convolution(let side, let dilation):
      "convolution\(side)x\(side) dilation \(dilation)"
    }
  }
}

/// An image padded so that pooling gives ceil(size / stride) outputs, and where the image is.
private struct PaddedWindow {
  let x: Tensor
  /// (1, h, w, 1): 1 inside the image, 0 on the padding.
  let inside: Tensor

  init?(_ x: Tensor, _ side: Int, _ stride: Int) {
    guard side > 0, side <= Int32.max else { return nil }
    let totals = x.shape[1...2].map { size in
      Swift.max(0, ((size + stride - 1) / stride - 1) * stride + side - size)
    }
    let low = [0] + totals.map { $0 / 2 } + [0]
    let high = [0] + totals.map { $0 - $0 / 2 } + [0]
    self.x = x.padded(low: low, high: high)
    inside = Tensor.ones([1, x.shape[1], x.shape[2], 1], dtype: x.dtype)
      .padded(low: low, high: high)
  }
}

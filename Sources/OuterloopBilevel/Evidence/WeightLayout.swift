public import OuterloopAutodiff
public import OuterloopNumerics

/// A structure of weights as one vector and back: what methods need that treat all weights alike.
public struct WeightLayout<Weights: Structure>: Sendable {
  private let template: Weights
  public let dtype: DType
  /// P, the number of weights.
  public let count: Int

  /// The layout of weights like these.
  /// - Throws: `BilevelError` if there are none, or of several element types.
  public init(_ weights: Weights) throws {
    if let error = weights.leaves.lazy.compactMap(\.error).first { throw error }
    let types = Set(weights.leaves.map(\.dtype))
    guard let dtype = types.first, types.count == 1, dtype.isFloating,
      weights.elementCount > 0
    else {
      throw BilevelError.invalid(
        "weights \(weights.leafTypes) as one vector", remedy: "they need one floating element type")
    }
    template = weights.mapLeaves { $0.isConcrete ? $0 : Tensor.zeros(like: $0) }
    self.dtype = dtype
    count = weights.elementCount
  }

  /// All elements, tensor by tensor: (P). Differentiable.
  public func vector(_ weights: Weights) -> Tensor {
    let rows = weights.leaves.map { $0.rank == 1 ? $0 : $0.reshaped([$0.count]) }
    return rows.count == 1 ? rows[0] : concatenate(rows)
  }

  /// The structure of a vector (P). Differentiable.
  public func weights(_ vector: Tensor) -> Weights {
    guard vector.shape == [count] else {
      return template.mapLeaves { _ in
        Tensor(invalid: "\(vector.type) as a vector of \(count) weights")
      }
    }
    var start = 0
    let whole = template.leaves.count == 1
    return template.mapLeaves { leaf in
      defer { start += leaf.count }
      let part = whole ? vector : vector.sliced(axis: 0, start..<(start + leaf.count))
      return leaf.rank == 1 ? part : part.reshaped(leaf.shape)
    }
  }
}

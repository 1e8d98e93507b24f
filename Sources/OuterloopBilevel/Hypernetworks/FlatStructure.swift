public import OuterloopAutodiff
public import OuterloopNumerics

extension Structure {
  /// All tensors as one vector, in order: l as a hypernetwork reads it.
  public var flattened: Tensor {
    let parts = leaves.map { $0.reshaped([-1]) }
    return parts.count == 1 ? parts[0] : concatenate(parts)
  }

  /// The structure of this shape with the elements of a vector, in order.
  public func unflattened(_ vector: Tensor) -> Self {
    guard vector.shape == [elementCount] else {
      return mapLeaves { _ in
        Tensor(invalid: "\(vector.type) for a structure of \(elementCount) elements")
      }
    }
    var start = 0
    return mapLeaves { leaf in
      defer { start += leaf.count }
      return vector.sliced(axis: 0, start..<(start + leaf.count)).reshaped(leaf.shape)
    }
  }
}

public import OuterloopNumerics

// Moving data: shapes, slices, joins, look-ups.

extension Tensor {
  /// The same elements in row-major order under another shape; one size may be -1 (the rest).
  public func reshaped(_ shape: [Int]) -> Tensor {
    var shape = shape
    if let open = shape.firstIndex(of: -1) {
      let others = shape.enumerated().reduce(1) { $1.offset == open ? $0 : $0 * $1.element }
      shape[open] = others > 0 ? count / others : 0
    }
    return Self.apply(.reshape(Reshape(shape: shape)), [self])
  }

  /// Axes in another order; without arguments, reversed.
  public func transposed(_ permutation: [Int]? = nil) -> Tensor {
    let order = permutation ?? Array((0..<rank).reversed())
    return Self.apply(.transpose(Transpose(permutation: order)), [self])
  }

  /// The last two axes exchanged.
  public func transposedMatrix() -> Tensor {
    guard rank >= 2 else { return Tensor(invalid: "transposed matrix of \(type)") }
    return transposed(Array(0..<(rank - 2)) + [rank - 1, rank - 2])
  }

  /// Repeated to a larger shape by NumPy's rules.
  public func broadcast(to target: [Int]) -> Tensor {
    guard shape != target else { return self }
    let offset = target.count - rank
    guard offset >= 0,
      (0..<rank).allSatisfy({ shape[$0] == target[offset + $0] || shape[$0] == 1 })
    else { return Tensor(invalid: "broadcast of \(type) to \(target): the sizes do not fit") }
    // Axes of size 1 that grow are dropped first: a broadcast only adds axes.
    let kept = (0..<rank).filter { shape[$0] == target[offset + $0] }
    let squeezed = reshaped(kept.map { shape[$0] })
    return Self.apply(
      .broadcast(Broadcast(shape: target, axes: kept.map { offset + $0 })), [squeezed])
  }

  /// With a new axis of size 1.
  public func expanded(at axis: Int) -> Tensor {
    var shape = shape
    shape.insert(1, at: Swift.min(Swift.max(axis, 0), rank))
    return reshaped(shape)
  }

  /// `size` copies along a new leading axis.
  func repeated(_ size: Int) -> Tensor {
    Self.apply(.broadcast(Broadcast(shape: [size] + shape, axes: Array(1..<(rank + 1)))), [self])
  }

  /// Elements of one axis.
  public func sliced(axis: Int, _ range: Range<Int>, by stride: Int = 1) -> Tensor {
    guard axis >= 0, axis < rank else { return Tensor(invalid: "slice of \(type) on axis \(axis)") }
    var start = [Int](repeating: 0, count: rank)
    var limit = shape
    var steps = [Int](repeating: 1, count: rank)
    start[axis] = range.lowerBound
    limit[axis] = range.upperBound
    steps[axis] = stride
    return Self.apply(.slice(Slice(start: start, limit: limit, stride: steps)), [self])
  }

  /// Entry i of the leading axis.
  public func example(_ i: Int) -> Tensor {
    sliced(axis: 0, i..<(i + 1)).reshaped(Array(shape.dropFirst()))
  }

  /// Zeros before and after the elements of each axis.
  public func padded(low: [Int], high: [Int]) -> Tensor {
    Self.apply(
      .pad(Pad(low: low, high: high, interior: [Int](repeating: 0, count: rank))), [self])
  }

  public func reversed(axes: [Int]) -> Tensor {
    Self.apply(.reverse(Reverse(axes: axes.sorted())), [self])
  }

  /// Rows at int32 indices (n): shape (n, ...). An index outside the rows is an error at run time.
  public func gathered(at index: Tensor) -> Tensor { Self.apply(.gather(Gather()), [self, index]) }

  /// Zeros (rows, ...) with row i of this tensor added at index[i].
  public func scatterAdded(at index: Tensor, rows: Int) -> Tensor {
    Self.apply(.scatterAdd(ScatterAdd(rows: rows)), [self, index])
  }

  /// Rows with 1 at this int32 index and 0 elsewhere.
  public func oneHot(_ depth: Int, dtype: DType = .float32) -> Tensor {
    Self.apply(.oneHot(OneHot(depth: depth, dtype: dtype)), [self])
  }

  /// The index along one axis, at every element.
  public static func iota(_ shape: [Int], axis: Int, dtype: DType = .float32) -> Tensor {
    guard axis >= 0, axis < shape.count else { return Tensor(invalid: "iota on axis \(axis)") }
    return apply(.iota(Iota(axis: axis, type: TensorType(shape, dtype))), [])
  }

  /// The identity matrix.
  public static func eye(_ n: Int, dtype: DType = .float32) -> Tensor {
    iota([n, n], axis: 0, dtype: dtype).equals(iota([n, n], axis: 1, dtype: dtype))
  }
}

/// Tensors one after another along an axis.
public func concatenate(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
  Tensor.apply(.concatenate(Concatenate(axis: axis)), tensors)
}

/// Tensors of one shape along a new leading axis.
public func stack(_ tensors: [Tensor]) -> Tensor {
  concatenate(tensors.map { $0.expanded(at: 0) }, axis: 0)
}

public import OuterloopNumerics

// Moving data: shapes, slices, concatenation, look-ups.

extension Tensor {
  /// The same elements in row-major order under another shape; one size may be -1 (the rest).
  public func reshaped(_ shape: [Int]) -> Tensor {
    var shape = shape
    if let open = shape.firstIndex(of: -1) {
      var others = shape
      others.remove(at: open)
      let known = TensorType(others).count
      // The size cannot be inferred where the others hold no elements.
      if known > 0 { shape[open] = count / known } else if count == 0 { shape[open] = 0 }
    }
    return Self.apply(.reshape(Reshape(shape: shape)), [self])
  }

  /// Axes in another order; without arguments, reversed. Negative numbers count from the last axis.
  public func transposed(_ permutation: [Int]? = nil) -> Tensor {
    let order = (permutation ?? Array((0..<rank).reversed())).map { type.axis($0) ?? $0 }
    return Self.apply(.transpose(Transpose(permutation: order)), [self])
  }

  /// The last two axes exchanged.
  public func transposedMatrix() -> Tensor {
    guard rank >= 2 else {
      return Tensor(invalid: "transposed matrix of \(type)", operands: self)
    }
    return transposed(Array(0..<(rank - 2)) + [rank - 1, rank - 2])
  }

  /// Repeated to a larger shape by NumPy's rules.
  public func broadcast(to target: [Int]) -> Tensor {
    guard error == nil, shape != target else { return self }
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

  /// With a new axis of size 1, which is axis number `axis` of the result; negative numbers count
  /// from the last.
  public func expanded(at axis: Int) -> Tensor {
    guard let place = TensorType(shape + [1]).axis(axis) else {
      return Tensor(
        invalid: "\(type) expanded at axis \(axis): the result has axes 0...\(rank)", operands: self
      )
    }
    var shape = shape
    shape.insert(1, at: place)
    return reshaped(shape)
  }

  /// `size` copies along a new leading axis.
  func repeated(_ size: Int) -> Tensor {
    Self.apply(.broadcast(Broadcast(shape: [size] + shape, axes: Array(1..<(rank + 1)))), [self])
  }

  /// Elements of one axis, counted from the last one if negative; every `stride`-th of the range.
  public func sliced(axis number: Int, _ range: Range<Int>, by stride: Int = 1) -> Tensor {
    guard let axis = type.axis(number) else {
      return Tensor(invalid: "slice of \(type) on axis \(number)", operands: self)
    }
    var start = [Int](repeating: 0, count: rank)
    var limit = shape
    var steps = [Int](repeating: 1, count: rank)
    start[axis] = range.lowerBound
    limit[axis] = range.upperBound
    // A stride beyond the range takes its first element, however large.
    steps[axis] = Swift.min(stride, Swift.max(shape[axis], 1))
    return Self.apply(.slice(Slice(start: start, limit: limit, stride: steps)), [self])
  }

  /// Entry i of the leading axis.
  public func example(_ i: Int) -> Tensor {
    guard let count = shape.first, i >= 0, i < count else {
      return Tensor(invalid: "entry \(i) of the leading axis of \(type)", operands: self)
    }
    return sliced(axis: 0, i..<(i + 1)).reshaped(Array(shape.dropFirst()))
  }

  /// Zeros before and after the elements of each axis.
  public func padded(low: [Int], high: [Int]) -> Tensor {
    Self.apply(
      .pad(Pad(low: low, high: high, interior: [Int](repeating: 0, count: rank))), [self])
  }

  /// Elements in reverse order along axes, each given once; negative numbers count from the last.
  public func reversed(axes: [Int]) -> Tensor {
    Self.apply(.reverse(Reverse(axes: axes.map { type.axis($0) ?? $0 }.sorted())), [self])
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

  /// The index along one axis, at every element; a negative axis counts from the last.
  public static func iota(_ shape: [Int], axis number: Int, dtype: DType = .float32) -> Tensor {
    let type = TensorType(shape, dtype)
    guard let axis = type.axis(number) else {
      return Tensor(invalid: "iota of \(type) on axis \(number)")
    }
    return apply(.iota(Iota(axis: axis, type: type)), [])
  }

  /// The identity matrix.
  public static func eye(_ n: Int, dtype: DType = .float32) -> Tensor {
    iota([n, n], axis: 0, dtype: dtype).equals(iota([n, n], axis: 1, dtype: dtype))
  }
}

/// Tensors one after another along an axis, counted from the last one if negative.
public func concatenate(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
  if let broken = tensors.first(where: { $0.error != nil }) { return broken }
  let place = tensors.first?.type.axis(axis) ?? axis
  return Tensor.apply(.concatenate(Concatenate(axis: place)), Tensor.agreeing(tensors))
}

/// Tensors of one shape along a new leading axis.
public func stack(_ tensors: [Tensor]) -> Tensor {
  concatenate(Tensor.agreeing(tensors).map { $0.expanded(at: 0) }, axis: 0)
}

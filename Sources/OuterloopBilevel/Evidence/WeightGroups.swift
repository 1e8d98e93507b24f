public import OuterloopAutodiff
public import OuterloopNumerics

/// Which precision of the prior each weight has: one of its own (automatic relevance determination),
/// one for a group, one for all.
public struct WeightGroups: Sendable, Hashable {
  /// The group of each weight, from 0.
  public let indices: [Int]
  /// G, the number of groups.
  public let count: Int
  /// Weights in each group.
  public let sizes: [Int]

  /// - Throws: `BilevelError` unless the groups are 0..<G, each with a weight.
  public init(_ indices: [Int]) throws {
    guard !indices.isEmpty else {
      throw BilevelError.invalid(
        "there are no weights to group", remedy: "give the group of each weight")
    }
    guard let least = indices.min(), let most = indices.max(), least >= 0, most < indices.count
    else {
      throw BilevelError.invalid(
        "the groups of \(indices.count) weights reach from \(indices.min() ?? 0) to "
          + "\(indices.max() ?? 0)", remedy: "number them from 0 without gaps")
    }
    var sizes = [Int](repeating: 0, count: most + 1)
    for index in indices { sizes[index] += 1 }
    if let empty = sizes.firstIndex(of: 0) {
      throw BilevelError.invalid(
        "group \(empty) has no weight", remedy: "number groups without gaps")
    }
    self.init(indices: indices, sizes: sizes)
  }

  private init(indices: [Int], sizes: [Int]) {
    self.indices = indices
    self.sizes = sizes
    count = sizes.count
  }

  /// A precision for each weight.
  /// - Throws: `BilevelError` for fewer than one weight, and more than there is room for.
  public static func each(_ weights: Int) throws -> WeightGroups {
    try requireCount(weights)
    return WeightGroups(
      indices: Array(0..<weights), sizes: [Int](repeating: 1, count: weights))
  }

  /// One precision for all weights.
  /// - Throws: as `each`.
  public static func shared(_ weights: Int) throws -> WeightGroups {
    try requireCount(weights)
    return WeightGroups(indices: [Int](repeating: 0, count: weights), sizes: [weights])
  }

  private static func requireCount(_ weights: Int) throws {
    guard weights >= 1, weights <= 1 << 28 else {
      throw BilevelError.invalid("groups of \(weights) weights", remedy: "use 1...\(1 << 28)")
    }
  }

  /// A precision for each tensor of a structure of weights.
  ///
  /// - Throws: `BilevelError` for a structure without tensors.
  public static func tensors(of weights: some Structure) throws -> WeightGroups {
    try WeightGroups(
      weights.leaves.enumerated().flatMap { [Int](repeating: $0, count: $1.count) })
  }

  /// The number of each weight's group: (G) -> (P). Differentiable.
  public func expanded(_ values: Tensor) -> Tensor {
    guard values.shape == [count] || (values.rank == 0 && count == 1) else {
      return Tensor(invalid: "\(values.type) as the numbers of \(count) groups of weights")
    }
    let row = values.reshaped([count])
    if isIdentity { return row }
    return count == 1
      ? row.broadcast(to: [indices.count]) : row.gathered(at: indexTensor)
  }

  /// The sum over each group: (P) -> (G). Differentiable.
  public func sums(_ values: Tensor) -> Tensor {
    guard values.shape == [indices.count] else {
      return Tensor(invalid: "\(values.type) as the numbers of \(indices.count) weights")
    }
    if isIdentity { return values }
    if count == 1 { return values.sum(keeping: true) }
    return values.scatterAdded(at: indexTensor, rows: count)
  }

  private var isIdentity: Bool { count == indices.count && indices == Array(0..<count) }
  private var indexTensor: Tensor { Tensor(indices.map { Int32($0) }) }
}

/// A structure of weights as one vector and back: what methods need that treat all weights alike.
public struct WeightLayout<Weights: Structure>: Sendable {
  private let template: Weights
  /// The element type of all tensors.
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

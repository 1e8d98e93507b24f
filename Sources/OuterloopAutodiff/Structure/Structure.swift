public import OuterloopNumerics

/// What a visit does with each tensor of a structure: it gets the name and may replace the tensor.
public typealias TensorVisit = (_ name: String, _ tensor: inout Tensor) throws -> Void

/// A value composed of tensors: parameters, optimizer states, hyperparameters, batches.
///
/// One method serves both reading and rebuilding: it calls `body` with every tensor and its name,
/// always in the same order. No reflection is involved.
///
///     struct Layer: Structure {
///       var weights, bias: Tensor
///       mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
///         try weights.visit(path + ".weights", body)
///         try bias.visit(path + ".bias", body)
///       }
///     }
public protocol Structure: Sendable {
  /// Calls `body` with each tensor and its path, in an order that depends on the shapes alone.
  ///
  /// - Parameter path: the name of this structure, which the names of its members are appended to.
  mutating func visit(_ path: String, _ body: TensorVisit) rethrows
}

extension Structure {
  /// The tensors in order.
  public var leaves: [Tensor] {
    var copy = self
    var result: [Tensor] = []
    copy.visit("") { result.append($1) }
    return result
  }

  /// The tensors' names in order, for messages: `layers[0].weights`.
  public var leafNames: [String] {
    var copy = self
    var names: [String] = []
    copy.visit("") { name, _ in
      names.append(name.first == "." ? String(name.dropFirst()) : name)
    }
    return names
  }

  /// Types of the tensors in order.
  public var leafTypes: [TensorType] { leaves.map(\.type) }

  /// Total number of elements; `.max` on overflow.
  public var elementCount: Int { leaves.reduce(0) { sum($0, $1.count) } }

  /// Total bytes; `.max` on overflow.
  public var byteCount: Int { leaves.reduce(0) { sum($0, $1.type.byteCount) } }

  private func sum(_ a: Int, _ b: Int) -> Int {
    let (sum, overflows) = a.addingReportingOverflow(b)
    return overflows ? .max : sum
  }

  /// The same structure with each tensor replaced.
  public func mapLeaves(_ transform: (Tensor) throws -> Tensor) rethrows -> Self {
    var copy = self
    try copy.visit("") { $1 = try transform($1) }
    return copy
  }

  /// The same structure with other tensors, in order. There must be one for each: otherwise every
  /// tensor of the result is invalid.
  public func replacingLeaves(_ tensors: some Sequence<Tensor>) -> Self {
    let tensors = Array(tensors)
    let count = leaves.count
    guard tensors.count == count else {
      return mapLeaves { _ in
        Tensor(invalid: "a structure of \(count) tensors was rebuilt from \(tensors.count)")
      }
    }
    var index = 0
    return mapLeaves { old in
      defer { index += 1 }
      return index < count ? tensors[index] : old
    }
  }

  /// Combines the tensors of two equal structures, in order. If one has more tensors than the other,
  /// every tensor of the result is invalid.
  public func zipLeaves(_ other: Self, _ combine: (Tensor, Tensor) throws -> Tensor) rethrows
    -> Self
  {
    let others = other.leaves
    let count = leaves.count
    guard others.count == count else {
      return mapLeaves { _ in
        Tensor(invalid: "structures of \(count) and of \(others.count) tensors side by side")
      }
    }
    var index = 0
    return try mapLeaves { tensor in
      defer { index += 1 }
      return index < count ? try combine(tensor, others[index]) : tensor
    }
  }

  /// Zeros of the same shapes.
  public var zeros: Self { mapLeaves { Tensor.zeros(like: $0) } }
}

extension Tensor: Structure {
  public mutating func visit(_ path: String, _ body: TensorVisit) rethrows { try body(path, &self) }
}

extension Array: Structure where Element: Structure {
  public mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
    for index in indices { try self[index].visit("\(path)[\(index)]", body) }
  }
}

extension Optional: Structure where Wrapped: Structure {
  public mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
    try self?.visit(path, body)
  }
}

/// Two structures side by side.
public struct Pair<First: Structure, Second: Structure>: Structure {
  /// The first structure.
  public var first: First
  /// The second structure.
  public var second: Second

  /// Two structures, of which the first is visited first.
  public init(_ first: First, _ second: Second) {
    self.first = first
    self.second = second
  }

  public mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
    try first.visit(path + ".first", body)
    try second.visit(path + ".second", body)
  }
}

/// A structure without tensors: no hyperparameters, no batch.
public struct NoTensors: Structure {
  /// No tensors.
  public init() {}
  public mutating func visit(_ path: String, _ body: TensorVisit) rethrows {}
}

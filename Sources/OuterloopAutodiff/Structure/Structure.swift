public import OuterloopNumerics

/// A value made of tensors: parameters, optimizer states, hyperparameters, batches.
///
/// One method serves to read and to rebuild: it calls `body` with every tensor and its name, always
/// in the same order. No reflection is involved.
///
///     struct Layer: Structure {
///       var weights, bias: Tensor
///       mutating func visit(_ path: String, _ body: (String, inout Tensor) throws -> Void) rethrows {
///         try weights.visit(path + ".weights", body)
///         try bias.visit(path + ".bias", body)
///       }
///     }
public protocol Structure: Sendable {
  mutating func visit(
    _ path: String, _ body: (String, inout Tensor) throws -> Void) rethrows
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

  /// Total number of elements.
  public var elementCount: Int { leaves.reduce(0) { $0 + $1.count } }

  /// Total bytes.
  public var byteCount: Int { leaves.reduce(0) { $0 + $1.type.byteCount } }

  /// The same structure with each tensor replaced.
  public func mapLeaves(_ transform: (Tensor) throws -> Tensor) rethrows -> Self {
    var copy = self
    try copy.visit("") { $1 = try transform($1) }
    return copy
  }

  /// The same structure with other tensors, in order; there must be one for each.
  public func replacingLeaves(_ tensors: some Sequence<Tensor>) -> Self {
    var iterator = tensors.makeIterator()
    return mapLeaves { old in
      iterator.next() ?? Tensor(invalid: "too few tensors to rebuild a structure (at \(old.type))")
    }
  }

  /// Combines the tensors of two equal structures, in order.
  public func zipLeaves(_ other: Self, _ combine: (Tensor, Tensor) throws -> Tensor) rethrows
    -> Self
  {
    let others = other.leaves
    var index = 0
    return try mapLeaves { tensor in
      defer { index += 1 }
      guard index < others.count else { return Tensor(invalid: "structures of different size") }
      return try combine(tensor, others[index])
    }
  }

  /// Zeros of the same shapes.
  public var zeros: Self { mapLeaves { Tensor.zeros(like: $0) } }
}

extension Tensor: Structure {
  public mutating func visit(
    _ path: String, _ body: (String, inout Tensor) throws -> Void
  ) rethrows { try body(path, &self) }
}

extension Array: Structure where Element: Structure {
  public mutating func visit(
    _ path: String, _ body: (String, inout Tensor) throws -> Void
  ) rethrows {
    for index in indices { try self[index].visit("\(path)[\(index)]", body) }
  }
}

extension Optional: Structure where Wrapped: Structure {
  public mutating func visit(
    _ path: String, _ body: (String, inout Tensor) throws -> Void
  ) rethrows { try self?.visit(path, body) }
}

/// Two structures side by side.
public struct Pair<First: Structure, Second: Structure>: Structure {
  public var first: First
  public var second: Second

  public init(_ first: First, _ second: Second) {
    self.first = first
    self.second = second
  }

  public mutating func visit(
    _ path: String, _ body: (String, inout Tensor) throws -> Void
  ) rethrows {
    try first.visit(path + ".first", body)
    try second.visit(path + ".second", body)
  }
}

/// A structure without tensors: no hyperparameters, no batch.
public struct NoTensors: Structure {
  public init() {}
  public mutating func visit(
    _ path: String, _ body: (String, inout Tensor) throws -> Void
  ) rethrows {}
}

/// Named tensors in a fixed order, for structures that are not known at compile time.
public struct NamedTensors: Structure {
  public private(set) var names: [String]
  public private(set) var tensors: [Tensor]

  public init(_ pairs: KeyValuePairs<String, Tensor>) {
    names = pairs.map(\.key)
    tensors = pairs.map(\.value)
  }

  /// The tensor of that name; an invalid tensor if there is none.
  public subscript(name: String) -> Tensor {
    get {
      guard let index = names.firstIndex(of: name) else {
        return Tensor(invalid: "there is no tensor '\(name)' among \(names)")
      }
      return tensors[index]
    }
    set {
      if let index = names.firstIndex(of: name) {
        tensors[index] = newValue
      } else {
        names.append(name)
        tensors.append(newValue)
      }
    }
  }

  public mutating func visit(
    _ path: String, _ body: (String, inout Tensor) throws -> Void
  ) rethrows {
    for index in tensors.indices { try tensors[index].visit("\(path).\(names[index])", body) }
  }
}

public import OuterloopNumerics

/// Named tensors in a fixed order, for structures that are not known at compile time.
///
///     var weights: NamedTensors = ["slope": Tensor.zeros([3]), "offset": 0.5 * Tensor.ones([1])]
///     weights["slope"] = Tensor([1, 2, 3])
public struct NamedTensors: Structure, ExpressibleByDictionaryLiteral {
  /// The names, in the order of `tensors`.
  public private(set) var names: [String]
  /// The tensors, in the order of `names`.
  public private(set) var tensors: [Tensor]

  /// The tensors in the order of the pairs; a repeated name makes its tensor invalid.
  public init(_ pairs: some Sequence<(String, Tensor)>) {
    names = []
    tensors = []
    for (name, tensor) in pairs {
      let isNew = !names.contains(name)
      names.append(name)
      tensors.append(isNew ? tensor : Tensor(invalid: "there are two tensors '\(name)'"))
    }
  }

  /// Tensors under the names given, in their order.
  public init(_ pairs: KeyValuePairs<String, Tensor>) {
    self.init(pairs.map { ($0.key, $0.value) })
  }

  public init(dictionaryLiteral pairs: (String, Tensor)...) { self.init(pairs) }

  /// The tensors of a dictionary in the order of their names.
  public init(_ tensors: [String: Tensor]) {
    self.init(tensors.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
  }

  /// The tensor of that name; an invalid tensor if there is none.
  public subscript(name: String) -> Tensor {
    get {
      let found = names.indices.filter { names[$0] == name }
      guard let last = found.last else {
        return Tensor(invalid: "there is no tensor '\(name)' among \(names)")
      }
      return tensors[last]
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

  public mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
    for index in tensors.indices { try tensors[index].visit("\(path).\(names[index])", body) }
  }
}

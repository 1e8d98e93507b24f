internal import OuterloopNumerics

extension Graph {
  /// Turns sums that end in a large matrix product into accumulating products:
  ///
  ///     out = x + (A B + y)   becomes   out = A B + (x + y)
  ///
  /// when nothing reads the terms between. The product then updates `x + y` in place, and a pass that
  /// reads and writes the whole result is saved. Sums read by other elementwise operations are left
  /// alone: those operations and the sum are one pass already. Results of fewer than `least` elements
  /// stay in the cache between passes anyway.
  ///
  /// A sum of three products and more, such as the gradient of weights that every step of a sequence
  /// uses, adds each product to those before it, whoever reads the sum: their results would leave the
  /// cache before one pass could add them.
  func accumulatingProducts(least: Int) throws(TensorError) -> Graph {
    let sums = SumsOfTerms(self)
    var chosen: [Int: (product: Int, rest: [Int])] = [:]
    var chains: [Int: [Int]] = [:]
    /// The product that one of a chain is added to.
    var previous: [Int: Int] = [:]
    for (index, node) in nodes.enumerated() where sums.isWholeSum(index) {
      let all = sums.terms(of: index)
      let products = all.filter { term in
        guard sums.isPrivate(term) else { return false }
        if case .product(let product) = nodes[term].operation { return !product.accumulates }
        return false
      }
      if products.count >= Self.leastChain, node.type.count * products.count >= least {
        chains[index] = products
        for (first, second) in zip(products.sorted(), products.sorted().dropFirst()) {
          previous[second] = first
        }
        continue
      }
      guard node.type.count >= least, let product = products.last, all.count > 1,
        sums.readers(of: index).allSatisfy({ !nodes[$0].operation.isElementwise })
      else { continue }
      chosen[index] = (product, all.filter { $0 != product })
    }
    guard !chosen.isEmpty || !chains.isEmpty else { return self }

    var result = Graph()
    var place = [Int](repeating: -1, count: nodes.count)
    for input in inputs { place[input] = result.input(nodes[input].type) }
    for (index, node) in nodes.enumerated() where place[index] < 0 {
      if let first = previous[index], case .product(var operation) = node.operation {
        operation.accumulates = true
        place[index] = try result.insert(
          .product(operation), node.operands.map { place[$0] } + [place[first]])
      } else if let products = chains[index], let last = products.max() {
        var sum = place[last]
        for term in sums.terms(of: index) where !products.contains(term) {
          sum = try result.emit(.binary(.add), [sum, place[term]])
        }
        place[index] = sum
      } else if let (product, rest) = chosen[index] {
        var sum = place[rest[0]]
        for term in rest.dropFirst() { sum = try result.emit(.binary(.add), [sum, place[term]]) }
        guard case .product(var operation) = nodes[product].operation else { continue }
        operation.accumulates = true
        place[index] = try result.insert(
          .product(operation), nodes[product].operands.map { place[$0] } + [sum])
      } else if case .constant(let constant) = node.operation {
        place[index] = try result.constant(constants[constant.number])
      } else {
        place[index] = try result.emit(node.operation, node.operands.map { place[$0] })
      }
    }
    result.outputs = outputs.map { place[$0] }
    return result.pruned()
  }

  /// Products in a sum from which on they are added one to the other.
  private static let leastChain = 3
}

extension Operation {
  fileprivate var isElementwise: Bool {
    switch self {
    case .unary, .binary, .select, .broadcast, .reshape, .sum, .max: true
    default: false
    }
  }
}

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
  /// uses, adds each product to those before it, whatever reads the sum: their results would leave the
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

    return try rewritten { (index, result, place) throws(TensorError) in
      if let first = previous[index] {
        return try result.addInPlace(nodes[index], to: place[first], place)
      }
      if let products = chains[index], let last = products.max() {
        let rest = sums.terms(of: index).filter { !products.contains($0) }
        return try result.sum(([last] + rest).map { place[$0] })
      }
      if let (product, rest) = chosen[index] {
        let sum = try result.sum(rest.map { place[$0] })
        return try result.addInPlace(nodes[product], to: sum, place)
      }
      return nil
    }
  }

  /// A product of another graph, whose nodes are at `place` here, that adds to a sum.
  private mutating func addInPlace(
    _ node: Node, to sum: Int, _ place: [Int]
  ) throws(TensorError) -> Int? {
    guard case .product(var product) = node.operation else { return nil }
    product.accumulates = true
    return try insert(.product(product), node.operands.map { place[$0] } + [sum])
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

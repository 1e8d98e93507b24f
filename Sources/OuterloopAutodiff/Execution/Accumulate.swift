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
  func accumulatingProducts(least: Int) throws(TensorError) -> Graph {
    var readers = [[Int]](repeating: [], count: nodes.count)
    for (index, node) in nodes.enumerated() {
      for operand in node.operands { readers[operand].append(index) }
    }
    let isOutput = Set(outputs)
    func isSum(_ node: Int) -> Bool {
      if case .binary(.add) = nodes[node].operation { return true }
      return false
    }
    /// Terms of a sum, looking through sums that only it reads.
    func terms(_ node: Int) -> [Int] {
      var result: [Int] = []
      // An explicit stack: sums of unrolled loops are deep.
      var pending = Array(nodes[node].operands.reversed())
      while let operand = pending.popLast() {
        if isSum(operand), readers[operand].count == 1, !isOutput.contains(operand) {
          pending += nodes[operand].operands.reversed()
        } else {
          result.append(operand)
        }
      }
      return result
    }
    var chosen: [Int: (product: Int, rest: [Int])] = [:]
    for (index, node) in nodes.enumerated() where isSum(index) {
      guard node.type.count >= least,
        readers[index].allSatisfy({ !nodes[$0].operation.isElementwise })
      else { continue }
      let all = terms(index)
      let product = all.last { term in
        guard readers[term].count == 1, !isOutput.contains(term) else { return false }
        if case .product(let product) = nodes[term].operation { return !product.accumulates }
        return false
      }
      guard let product, all.count > 1 else { continue }
      chosen[index] = (product, all.filter { $0 != product })
    }
    guard !chosen.isEmpty else { return self }

    var result = Graph()
    var place = [Int](repeating: -1, count: nodes.count)
    for input in inputs { place[input] = result.input(nodes[input].type) }
    for (index, node) in nodes.enumerated() where place[index] < 0 {
      if let (product, rest) = chosen[index] {
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
}

extension Operation {
  fileprivate var isElementwise: Bool {
    switch self {
    case .unary, .binary, .select, .broadcast, .reshape, .sum, .max: true
    default: false
    }
  }
}

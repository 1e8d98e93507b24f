internal import OuterloopNumerics

/// The sums of a graph as lists of terms, looking through sums that only one other reads.
struct SumsOfTerms {
  private let graph: Graph
  private let readers: [[Int]]
  private let isOutput: Set<Int>

  init(_ graph: Graph) {
    self.graph = graph
    var readers = [[Int]](repeating: [], count: graph.nodes.count)
    for (index, node) in graph.nodes.enumerated() {
      for operand in node.operands { readers[operand].append(index) }
    }
    self.readers = readers
    isOutput = Set(graph.outputs)
  }

  private func isSum(_ node: Int) -> Bool {
    if case .binary(.add) = graph.nodes[node].operation { return true }
    return false
  }

  /// Whether a node is read in one place and nowhere else.
  func isPrivate(_ node: Int) -> Bool { readers[node].count == 1 && !isOutput.contains(node) }

  /// Whether a node is a sum, and not a term of another one that only that one reads.
  func isWholeSum(_ node: Int) -> Bool {
    isSum(node) && !(isPrivate(node) && isSum(readers[node][0]))
  }

  /// The operations that read a node, once for each operand.
  func readers(of node: Int) -> [Int] { readers[node] }

  /// Terms of a sum, looking through sums that only it reads.
  func terms(of node: Int) -> [Int] {
    var result: [Int] = []
    // An explicit stack: sums of unrolled loops are deep.
    var pending = Array(graph.nodes[node].operands.reversed())
    while let operand = pending.popLast() {
      if isSum(operand), isPrivate(operand) {
        pending += graph.nodes[operand].operands.reversed()
      } else {
        result.append(operand)
      }
    }
    return result
  }
}

extension Graph {
  /// The sum of some terms, from the first to the last.
  mutating func sum(_ terms: [Int]) throws(TensorError) -> Int {
    var sum = terms[0]
    for term in terms.dropFirst() { sum = try emit(.binary(.add), [sum, term]) }
    return sum
  }
}

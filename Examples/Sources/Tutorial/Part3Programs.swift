import Foundation
import Outerloop

extension Operation {
  var operands: [Int] {
    switch self {
    case .input, .constant: []
    case .add(let a, let b), .multiply(let a, let b): [a, b]
    case .exp(let a), .sin(let a), .cos(let a): [a]
    }
  }

  func mapOperands(_ new: (Int) -> Int) -> Operation {
    switch self {
    case .input, .constant: self
    case .add(let a, let b): .add(new(a), new(b))
    case .multiply(let a, let b): .multiply(new(a), new(b))
    case .exp(let a): .exp(new(a))
    case .sin(let a): .sin(new(a))
    case .cos(let a): .cos(new(a))
    }
  }
}

/// A traced function as a list of instructions on a few slots of memory.
struct Program {
  private var instructions: [(slot: Int, operation: Operation)] = []
  private var outputs: [Int] = []
  private(set) var slotCount = 0
  var instructionCount: Int { instructions.count }

  init(_ function: Traced) {
    // Equal nodes become one; times 1, times 0 and plus 0 disappear.
    var (nodes, places, new): ([Operation], [Operation: Int], [Int]) = ([], [:], [])
    func node(_ operation: Operation) -> Int {
      if let place = places[operation] { return place }
      nodes.append(operation)
      places[operation] = nodes.count - 1
      return nodes.count - 1
    }
    for operation in function.graph.nodes.map({ $0.mapOperands { $0 } }) {
      let operation = operation.mapOperands { new[$0] }
      switch operation {
      case .add(let a, let b) where nodes[a] == .constant(0): new.append(b)
      case .add(let a, let b) where nodes[b] == .constant(0): new.append(a)
      case .multiply(let a, let b) where nodes[a] == .constant(1): new.append(b)
      case .multiply(let a, let b) where nodes[b] == .constant(1): new.append(a)
      case .multiply(let a, let b) where [nodes[a], nodes[b]].contains(.constant(0)):
        new.append(node(.constant(0)))
      default: new.append(node(operation))
      }
    }
    // Only what an output needs is computed, and a slot is used again after its last reader.
    let wanted = function.outputs.map { new[$0.node] }
    var lastUse = [Int](repeating: -1, count: nodes.count)
    for output in wanted { lastUse[output] = .max }
    for node in nodes.indices.reversed() where lastUse[node] >= 0 {
      for operand in nodes[node].operands { lastUse[operand] = max(lastUse[operand], node) }
    }
    var (slots, free): ([Int: Int], [Int]) = ([:], [])
    for node in nodes.indices where lastUse[node] >= 0 {
      let operation = nodes[node].mapOperands { slots[$0]! }
      for operand in Set(nodes[node].operands) where lastUse[operand] == node {
        free.append(slots[operand]!)
      }
      if free.isEmpty {
        free.append(slotCount)
        slotCount += 1
      }
      slots[node] = free.removeLast()
      instructions.append((slots[node]!, operation))
    }
    outputs = wanted.map { slots[$0]! }
  }

  func run(_ x: [Double]) -> [Double] {
    var memory = [Double](repeating: 0, count: slotCount)
    for (slot, operation) in instructions {
      switch operation {
      case .input(let index): memory[slot] = x[index]
      case .constant(let number): memory[slot] = number
      case .add(let a, let b): memory[slot] = memory[a] + memory[b]
      case .multiply(let a, let b): memory[slot] = memory[a] * memory[b]
      case .exp(let a): memory[slot] = Foundation.exp(memory[a])
      case .sin(let a): memory[slot] = Foundation.sin(memory[a])
      case .cos(let a): memory[slot] = Foundation.cos(memory[a])
      }
    }
    return outputs.map { memory[$0] }
  }
}

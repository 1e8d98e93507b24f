import Foundation
import Outerloop

/// What a node of the graph computes. Operands are nodes that were made before it.
enum Operation: Hashable {
  case input(Int)
  case constant(Double)
  case add(Int, Int)
  case multiply(Int, Int)
  case exp(Int)
  case sin(Int)
  case cos(Int)
}

/// All nodes of a traced function, in the order in which they were made.
final class Graph {
  var nodes: [Operation] = []

  func add(_ operation: Operation) -> Value {
    nodes.append(operation)
    return Value(graph: self, node: nodes.count - 1)
  }

  func constant(_ number: Double) -> Value { add(.constant(number)) }
}

/// A number that is not known yet: a node of a graph.
struct Value {
  let graph: Graph
  let node: Int

  static func + (a: Value, b: Value) -> Value { a.graph.add(.add(a.node, b.node)) }
  static func * (a: Value, b: Value) -> Value { a.graph.add(.multiply(a.node, b.node)) }
  static func * (a: Double, b: Value) -> Value { b.graph.constant(a) * b }
  static func + (a: Value, b: Double) -> Value { a + a.graph.constant(b) }
  static func - (a: Value, b: Value) -> Value { a + -1 * b }
}

func exp(_ x: Value) -> Value { x.graph.add(.exp(x.node)) }
func sin(_ x: Value) -> Value { x.graph.add(.sin(x.node)) }
func cos(_ x: Value) -> Value { x.graph.add(.cos(x.node)) }

/// A function as a graph: called once, with values that stand for any numbers.
struct Traced {
  let graph = Graph()
  let inputs: [Value]
  let outputs: [Value]

  init(inputs count: Int, _ function: ([Value]) -> [Value]) {
    let graph = self.graph
    inputs = (0..<count).map { graph.add(.input($0)) }
    outputs = function(inputs)
  }

  /// The outputs for numbers, node by node.
  func evaluate(_ x: [Double]) -> [Double] {
    var results: [Double] = []
    for operation in graph.nodes {
      switch operation {
      case .input(let index): results.append(x[index])
      case .constant(let number): results.append(number)
      case .add(let a, let b): results.append(results[a] + results[b])
      case .multiply(let a, let b): results.append(results[a] * results[b])
      case .exp(let a): results.append(Foundation.exp(results[a]))
      case .sin(let a): results.append(Foundation.sin(results[a]))
      case .cos(let a): results.append(Foundation.cos(results[a]))
      }
    }
    return outputs.map { results[$0.node] }
  }
}

func tracing() throws {
  let traced = Traced(inputs: 2) { x in [exp(x[0] * x[1]) + sin(x[0])] }
  for (index, node) in traced.graph.nodes.enumerated() { print("  %\(index) = \(node)") }
  let ours = traced.evaluate([0.5, -1.5])[0]

  // The same function of Outerloop's tensors, traced, compiled and run.
  let theirs = Compiled { (x: Tensor) in exp(x.example(0) * x.example(1)) + sin(x.example(0)) }
  check("tracing: a value", [ours], try theirs(Tensor([0.5, -1.5], dtype: .float64)).doubles())
}

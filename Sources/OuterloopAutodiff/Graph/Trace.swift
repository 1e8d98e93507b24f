package import OuterloopNumerics

/// A graph under construction. Tensors made while a function is traced are symbols of one trace.
///
/// `@unchecked Sendable`: a trace belongs to the call that created it; its symbols must not be
/// passed to other threads.
package final class Trace: @unchecked Sendable {
  package var graph = Graph()

  /// The trace of the function that is being recorded, if any: a derivative taken at values inside it
  /// belongs to it, because the differentiated function may capture its symbols.
  @TaskLocal static var current: Trace?

  package init() {}

  package struct Symbol: TensorSymbol {
    let trace: Trace
    let node: Int
  }

  package func tensor(_ node: Int) -> Tensor {
    Tensor(type: graph.nodes[node].type, content: .symbol(Symbol(trace: self, node: node)))
  }

  /// A new input of the graph.
  package func input(_ type: TensorType) -> Tensor { tensor(graph.input(type)) }

  /// A node that stands for `x` but equals nothing else: differentiation stops there.
  func alias(of x: Tensor) -> Tensor {
    do throws(TensorError) {
      let node = try self.node(of: x)
      return tensor(graph.unique(.alias(Alias(type: x.type)), [node], x.type))
    } catch {
      return Tensor(type: TensorType([]), content: .invalid(error))
    }
  }

  /// A free symbol: a tangent still to be given, or one example of a batch.
  func placeholder(_ type: TensorType) -> Tensor {
    tensor(graph.unique(.alias(Alias(type: type)), [], type))
  }

  /// The node of a tensor, entering values as constants.
  package func node(of x: Tensor) throws(TensorError) -> Int {
    switch x.content {
    case .symbol(let symbol):
      guard let symbol = symbol as? Symbol, symbol.trace === self else {
        throw TensorError("a traced tensor was used outside the function that it belongs to")
      }
      return symbol.node
    case .values, .splat, .number: return try graph.constant(x)
    case .invalid(let error): throw error
    }
  }
}

extension Tensor {
  /// The trace this tensor is a symbol of.
  var trace: Trace? {
    if case .symbol(let symbol) = content { return (symbol as? Trace.Symbol)?.trace }
    return nil
  }

  /// Applies a primitive: adds a node if an operand is traced, otherwise computes immediately.
  package static func apply(_ operation: Operation, _ operands: [Tensor]) -> Tensor {
    do throws(TensorError) {
      guard let trace = operands.lazy.compactMap(\.trace).first else {
        if let error = operands.lazy.compactMap(\.error).first { throw error }
        return try evaluate(operation, operands)
      }
      var nodes: [Int] = []
      for operand in operands { nodes.append(try trace.node(of: operand)) }
      return trace.tensor(try trace.graph.emit(operation, nodes))
    } catch {
      return Tensor(type: TensorType([]), content: .invalid(error))
    }
  }

  /// One operation on values, immediately.
  private static func evaluate(
    _ operation: Operation, _ operands: [Tensor]
  ) throws(TensorError) -> Tensor {
    var graph = Graph()
    var nodes: [Int] = []
    var inputs: [Tensor] = []
    for operand in operands {
      switch operand.content {
      case .splat, .number: nodes.append(try graph.constant(operand))
      default:
        nodes.append(graph.input(operand.type))
        inputs.append(operand)
      }
    }
    let output = try graph.emit(operation, nodes)
    if case .fill(let fill) = graph.nodes[output].operation {
      return Tensor(type: graph.nodes[output].type, content: .splat(fill.value))
    }
    graph.outputs = [output]
    do {
      return try Program(graph.pruned()).run(inputs)[0]
    } catch let error as TensorError {
      throw error
    } catch {
      throw TensorError("\(error)")
    }
  }
}

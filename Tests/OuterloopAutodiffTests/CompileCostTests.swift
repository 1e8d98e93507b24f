import OuterloopNumerics
import Testing

@testable import OuterloopAutodiff

/// Tracing and planning are paid once per set of shapes, but have to stay unnoticeable. The bounds
/// are generous: processors are busy.
@Suite struct CompileCostTests {
  private func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = ProcessEnvironment.seconds
    try body()
    return ProcessEnvironment.seconds - start
  }

  /// The adjoint of one step of gradient descent on a three-layer perceptron: second order.
  @Test func perceptronStepAdjoint() throws {
    let sizes = [64, 128, 64, 10]
    let parameters = (0..<3).flatMap {
      [TensorType([sizes[$0], sizes[$0 + 1]]), TensorType([sizes[$0 + 1]])]
    }
    let x = Tensor.ones([32, 64])
    let labels = Tensor((0..<32).map { Int32($0 % 10) })
    func loss(_ w: [Tensor], _ decay: Tensor) -> Tensor {
      var h = x
      for layer in 0..<3 {
        h = matmul(h, w[2 * layer]) + w[2 * layer + 1]
        if layer < 2 { h = tanh(h) }
      }
      let penalty = w.map { $0.square().sum() }.reduce(Tensor(0), +)
      return softmaxCrossEntropy(h, labels: labels).mean() + exp(decay) * penalty
    }
    func step(_ w: [Tensor], _ decay: Tensor) throws -> [Tensor] {
      let g = try gradient(at: w) { loss($0, decay) }
      return zip(w, g).map { $0 - $1 * 0.1 }
    }
    var graph: Graph?
    var program: Program?
    let tracing = try seconds {
      graph = try Graph(tracing: parameters + [TensorType([])] + parameters) { inputs in
        let (w, decay, alpha) = (Array(inputs[0..<6]), inputs[6], Array(inputs[7...]))
        let adjoint = try vjp(at: Pair(w, decay), cotangent: alpha) {
          try step($0.first, $0.second)
        }
        return adjoint.value + adjoint.cotangent.leaves
      }
    }
    let made = try #require(graph)
    let planning = try seconds { program = try Program(made) }
    print(
      "perceptron step adjoint: \(made.nodes.count) nodes, tracing \(tracing * 1e3) ms, "
        + "planning \(planning * 1e3) ms, \(program?.schedule.units.count ?? 0) instructions")
    #expect(tracing + planning < 0.5)
  }

  /// The gradient of an LSTM unrolled over time.
  @Test(arguments: [10, 25, 50, 100]) func lstm(_ steps: Int) throws {
    let (batch, width) = (8, 16)
    let types = [
      TensorType([width, 4 * width]), TensorType([width, 4 * width]), TensorType([4 * width]),
      TensorType([steps, batch, width]),
    ]
    var graph: Graph?
    var program: Program?
    let tracing = try seconds {
      graph = try Graph(tracing: types) { inputs in
        let x = inputs[3]
        return try gradient(at: Array(inputs[0..<3])) { w in
          var h = Tensor.zeros([batch, width])
          var c = Tensor.zeros([batch, width])
          for step in 0..<steps {
            let gates = matmul(x.example(step), w[0]) + matmul(h, w[1]) + w[2]
            let part = { gates.sliced(axis: 1, ($0 * width)..<(($0 + 1) * width)) }
            c = sigmoid(part(0)) * c + sigmoid(part(1)) * tanh(part(2))
            h = sigmoid(part(3)) * tanh(c)
          }
          return h.square().mean()
        }
      }
    }
    let made = try #require(graph)
    let planning = try seconds { program = try Program(made) }
    print(
      "lstm of \(steps): \(made.nodes.count) nodes, tracing \(tracing * 1e3) ms, "
        + "planning \(planning * 1e3) ms, \(program?.schedule.units.count ?? 0) instructions")
    #expect(tracing + planning < 3)
  }

  /// A program keeps its workspaces for the next run, and both go when nobody holds the program.
  @Test func programsAreFreed() throws {
    func use() throws -> () -> Bool {
      let program = try Program(Graph(tracing: [TensorType([3])]) { [exp($0[0]) * 2] })
      _ = try program.run([Tensor([1, 2, 3] as [Float])])
      _ = try program.run([Tensor([1, 2, 3] as [Float])])
      return { [weak program] in program == nil }
    }
    let isFreed = try use()
    #expect(isFreed())
  }
}

import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics
import OuterloopTesting
import Testing

/// Outer objectives and learned optimizers at order 2: forward against reverse against differences,
/// and under `vmap`. A new objective is a new row.
@Suite struct SelectionDerivativeTests {
  @Test(arguments: objectives + optimizers)
  func derivatives(_ test: DerivativeCase) throws { try DerivativeLaws.check(test) }

  @Test(arguments: objectives + optimizers)
  func batching(_ test: DerivativeCase) throws { try DerivativeLaws.checkBatching(test) }

  private static func draw(_ shape: [Int], _ name: String) -> Tensor {
    RandomKey(seed: 61, purpose: name).uniform(shape, dtype: .float64) * 2 - 1
  }

  /// The value of a function that may throw, whose error is then the tensor's.
  private static func value(_ body: () throws -> Tensor) -> Tensor {
    (try? body()) ?? Tensor([Double.nan])
  }

  private static func evidence(_ form: LinearGaussianModel.Form) -> DerivativeCase {
    let test = GaussianCase.all[3]
    let start = [draw([test.a.count], "a"), draw([], "b")]
    guard let model = try? test.model(form) else {
      return DerivativeCase("evidence", start) { _ in Tensor([Double.nan]) }
    }
    return DerivativeCase("evidence, \(form)", start) {
      model.logEvidence(Precisions(weights: exp($0[0]), noise: exp($0[1])))
    }
  }

  private static func laplace(completing: Bool) -> DerivativeCase {
    let x = draw([4, 2], "x")
    let start = [draw([2], "w"), draw([], "h")]
    let approximation = try? LaplaceEvidence<Tensor, Tensor>(
      weights: start[0], completesTraining: completing
    ) { w, h in softplus(matmul(x, w)).sum() + 0.5 * exp(h) * w.square().sum() - h }
    return DerivativeCase("Laplace, completing \(completing)", start, tolerance: 1e-5) { x in
      value { try approximation?.logEvidence(x[0], x[1]) ?? Tensor([Double.nan]) }
    }
  }

  private static func bound() -> DerivativeCase {
    let x = draw([4, 3], "bound x")
    let bound = try? VariationalBound<FullGaussian, Tensor>(
      groups: WeightGroups([0, 1, 0]), draws: 2, precisions: { exp($0) },
      logLikelihood: { w, h in -softplus(matmul(x, w)).sum() + h.sum() })
    let start = [draw([3], "mean"), draw([3, 3], "root"), draw([2], "log a")]
    let key = RandomKey(seed: 62).tensor
    return DerivativeCase("bound by draws", start) { x in
      value {
        try bound?(FullGaussian(mean: x[0], root: x[1]), x[2], key: key) ?? Tensor([Double.nan])
      }
    }
  }

  static let objectives = [
    evidence(.primal), evidence(.dual), laplace(completing: false), laplace(completing: true),
    bound(),
  ]

  private static func optimizer(_ preprocessing: GradientPreprocessing) -> DerivativeCase {
    let lstm = try? CoordinatewiseLSTM(
      units: [2, 3], preprocessing: preprocessing, scale: 0.7, key: RandomKey(seed: 63),
      dtype: .float64)
    let memory = (0..<4).map { draw([5, $0 < 2 ? 2 : 3], "memory \($0)") }
    let start = (lstm?.leaves ?? []) + memory + [draw([5], "gradient")]
    return DerivativeCase("LSTM optimizer, \(preprocessing)", start) { x in
      guard let lstm else { return Tensor([Double.nan]) }
      let learner = lstm.replacing(Array(x.dropLast(5)))
      let last = x.suffix(5).map { $0 }
      let result = learner.update(
        last[4],
        [
          LSTMCell.State(hidden: last[0], cell: last[1]),
          LSTMCell.State(hidden: last[2], cell: last[3]),
        ])
      return concatenate([result.update] + result.memory.leaves.map { $0.reshaped([-1]) })
    }
  }

  static let optimizers = [optimizer(.logAndSign), optimizer(.identity)]
}

extension Structure {
  /// The same with other tensors, in order.
  fileprivate func replacing(_ tensors: [Tensor]) -> Self {
    var index = -1
    return mapLeaves { _ in
      index += 1
      return tensors[index]
    }
  }
}

import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics
import OuterloopTesting

// Laws of derivatives and hypergradients, and the problems they are checked on.
extension AbuseRoom {
  mutating func addDerivativeLaws() {
    let functions: [@Sendable ([Tensor]) -> Tensor] = [
      { $0.reduce(Tensor(1, dtype: .float64)) { $0 + $1.square().sum() } },
      { $0.first ?? Tensor(1) },
      { _ in Edges.broken }, { _ in Tensor([1, 2] as [Int32]) },
    ]
    let points: [[Tensor]] =
      [[], [Tensor(1, dtype: .float64), Tensor([1, 2] as [Double])]] + Edges.tensors.map { [$0] }
    for function in functions {
      add("DerivativeLaws.check", points, [-1, 0, 1, 2]) {
        try DerivativeLaws.check(DerivativeCase("f", $0, order: $1, function))
      }
      add("DerivativeLaws.checkBatching", points) {
        try DerivativeLaws.checkBatching(DerivativeCase("f", $0, function))
      }
    }
    add("DerivativeCase.init", Edges.integers, Edges.numbers) { order, tolerance in
      let square = DerivativeCase(
        "f", [Tensor(0.5, dtype: .float64)], order: order, tolerance: tolerance
      ) {
        $0[0].square()
      }
      return try DerivativeLaws.check(square)
    }
    refuse("DerivativeCase.init", [1 << 33, .max]) {
      try DerivativeLaws.check(
        DerivativeCase("f", [Tensor(0.5, dtype: .float64)], order: $0) { $0[0].square() })
    }
  }

  mutating func addTrialModels() {
    let models: [(String, @Sendable (DType) -> TrialModel)] = [
      ("quadratic", { .quadratic($0) }), ("softmaxRegression", { .softmaxRegression($0) }),
      ("perceptron", { .perceptron($0) }), ("convolutional", { .convolutional($0) }),
      ("rectified", { .rectified($0) }), ("recurrent", { .recurrent($0) }),
    ]
    let rows = [
      Tensor([0, 1] as [Int32]), Tensor([-1, 99] as [Int32]), Tensor(1.5), Edges.broken,
    ]
    for (name, model) in models {
      add("TrialModel.\(name)", Edges.types) { dtype in
        let model = model(dtype)
        return rows.map { model.losses(model.initial, $0).description }
          + [model.validation(model.initial).description, "\(model.dtype)"]
      }
      add("TrialModel.\(name)", [0, 1, 2, 9], rows) { count, rows in
        let model = model(.float64)
        let weights = [Tensor](repeating: Tensor(1, dtype: .float64), count: count)
        return [model.losses(weights, rows), model.validation(weights)].map(\.description)
      }
      refuse("TrialModel.\(name)", [0, 1, 99]) { count in
        let model = model(.float64)
        return model.validation([Tensor](repeating: Tensor(1, dtype: .float64), count: count))
      }
    }
    add("TrialModel.all", Edges.types) { TrialModel.all($0).map(\.name) }
    @Sendable func model(_ change: @Sendable (inout TrialModel) -> Void) -> TrialModel {
      changed(.quadratic(.float64), change)
    }
    add("TrialModel.exampleWeights", Edges.integers) { number in
      TrialModel.exampleWeights(model { $0.examples = number })
    }
    add("TrialModel.exampleWeights", Edges.tensors) { tensor in
      TrialModel.exampleWeights(model { $0.initial = [tensor] })
    }
    add("TrialModel.exampleWeights") { TrialModel.exampleWeights(model { $0.initial = [] }) }
    let optimizers =
      TrialOptimizer.all
      + Edges.numbers.map { number in
        TrialOptimizer("", [number]) { .sgd(rate: $0.first ?? 1) }
      } + [TrialOptimizer("none", []) { _ in .sgd(rate: 1) }]
    add("TrialOptimizer.init", TrialOptimizer.all.indices.map { $0 }, [0, 1, 2, 9]) {
      index, count in
      let optimizer = TrialOptimizer.all[index]
      let rates = [Optimizer.Rate](repeating: 0.1, count: count)
      return "\(optimizer.make(rates))"
    }
    let few = Edges.integers.filter { $0 < 1 << 20 || $0 > 1 << 27 }
    add("TrialHyper.start", TrialHyper.allCases, optimizers) {
      $0.start(.quadratic(.float64), $1, steps: 3)
    }
    add("TrialHyper.start", TrialHyper.allCases, Edges.sizes, Edges.sizes) {
      hyper, steps, examples in
      hyper.start(model { $0.examples = examples }, TrialOptimizer.all[0], steps: steps).count
    }
    add("TrialHyper.start", TrialHyper.allCases, [0, 1]) { hyper, kind in
      hyper.start(
        model { $0.initial = kind == 0 ? [] : [Edges.broken] }, TrialOptimizer.all[0], steps: 3
      ).count
    }
    add("TrialHyper.problem", TrialHyper.allCases, few) { hyper, steps in
      let optimizer = TrialOptimizer.all[0]
      return try hyper.problem(.quadratic(.float64), optimizer, steps: steps).solve(
        at: hyper.start(.quadratic(.float64), optimizer, steps: steps)
      ).loss
    }
    add("TrialHyper.problem", Edges.integers, Edges.integers) { examples, batch in
      try TrialHyper.rate.problem(
        model { ($0.examples, $0.batch) = (examples, batch) }, TrialOptimizer.all[0], steps: 2
      ).solve(at: [Tensor(0.1, dtype: .float64)]).loss
    }
    add("TrialHyper.problem", TrialHyper.allCases, optimizers) { hyper, optimizer in
      try hyper.problem(.quadratic(.float64), optimizer, steps: 2).solve(
        at: hyper.start(.quadratic(.float64), optimizer, steps: 2)
      ).loss
    }
    add("TrialHyper.fullBatchProblem", TrialHyper.allCases, [0, 1, 2, 3, 4, 9]) { hyper, count in
      let one = Tensor(0.1, dtype: .float64)
      return try hyper.fullBatchProblem(.quadratic(.float64), TrialOptimizer.all[1], steps: 2)
        .hypergradient(at: [Tensor](repeating: one, count: count), by: .reverse).gradient
    }
    add("TrialHyper.fullBatchProblem", TrialHyper.allCases, Edges.sizes) { hyper, examples in
      try hyper.fullBatchProblem(
        model { $0.examples = examples }, TrialOptimizer.all[0], steps: 2
      ).solve(at: hyper.start(.quadratic(.float64), TrialOptimizer.all[0], steps: 2)).loss
    }
    refuse("TrialHyper.fullBatchProblem", TrialHyper.allCases) { hyper in
      try hyper.fullBatchProblem(.quadratic(.float64), TrialOptimizer.all[0], steps: 2)
        .solve(at: []).loss
    }
    for isFullBatch in [false, true] {
      add("TrialHyper.test", TrialHyper.allCases, few) { hyper, steps in
        let test = try hyper.test(
          .quadratic(.float64), TrialOptimizer.all[1], steps: steps, isFullBatch: isFullBatch)
        return try test.solve(at: test.hyper).loss
      }
      add("TrialHyper.test", TrialHyper.allCases, Edges.types) { hyper, dtype in
        let test = try hyper.test(
          .softmaxRegression(dtype), TrialOptimizer.all[1], steps: 2, isFullBatch: isFullBatch)
        return try test.hypergradient().gradient
      }
    }
  }

  mutating func addHypergradientLaws() {
    let lambda = Tensor([0.5, 0.25] as [Double])
    @Sendable func row(_ steps: Int = 3) -> HypergradientCase {
      HypergradientCase(
        "p", Bilevel.problem(steps: steps, weights: { _ in Tensor([1, 2] as [Double]) }),
        at: lambda,
        hasDirectTerm: true)
    }
    let counts = Edges.integers.filter { $0 < 1 << 20 || $0 > 1 << 27 }
    let point = [lambda]
    let parts: [(String, @Sendable (HypergradientCase, [Tensor]) throws -> Any)] = [
      ("solve", { try $0.solve(at: $1).loss }),
      ("terms", { try $0.terms(along: $1).direct }),
      ("hypergradient", { try $0.at($1).hypergradient().gradient }),
      ("localTerms", { try $0.at($1).localTerms().direct }),
      ("distilled", { try $0.at($1).distilled(gamma: 0.5) as Any }),
      ("trainedOnline", { try $0.at($1).trainedOnline(by: .oneStep, every: 1) }),
      ("descended", { try $0.at($1).descended(by: .reverse, rate: 0.1) }),
    ]
    for (name, part) in parts {
      add("HypergradientCase.init", counts) { try part(row($0), point) }
      refuse("HypergradientCase.\(name)", [.min, -1, 0, 1 << 33, .max]) {
        try part(row($0), point)
      }
      add("HypergradientCase.\(name)", Edges.tensors) { try part(row(), [$0]) }
      refuse("HypergradientCase.\(name)", [0, 2]) { count in
        try part(row(), [Tensor](repeating: lambda, count: count))
      }
    }
    add("HypergradientCase.hypergradient", Bilevel.estimators) {
      try row().hypergradient(by: $0).gradient
    }
    add("HypergradientCase.distilled", Edges.numbers) { try row().distilled(gamma: $0) as Any }
    add("HypergradientCase.trainedOnline", [1, 3], Edges.integers) {
      try row($0).trainedOnline(by: .oneStep, every: $1)
    }
    refuse("HypergradientCase.trainedOnline", [.min, -1, 0, 4, .max]) {
      try row().trainedOnline(by: .oneStep, every: $0)
    }
    add("HypergradientCase.descended", Edges.numbers) {
      try row().descended(by: .reverse, rate: $0)
    }

    let laws: [(String, @Sendable (HypergradientCase) throws -> Void)] = [
      ("HypergradientLaws.checkForward", HypergradientLaws.checkForward),
      ("HypergradientLaws.checkBudgets", HypergradientLaws.checkBudgets),
      ("HypergradientLaws.leastBudget", { _ = try HypergradientLaws.leastBudget($0) }),
      ("HypergradientLaws.checkTruncation", HypergradientLaws.checkTruncation),
      (
        "HypergradientLaws.checkExactness",
        { try HypergradientLaws.checkExactness($0, of: .forward, tolerance: .nan) }
      ),
      ("HypergradientLaws.checkTerms", { try HypergradientLaws.checkTerms($0) }),
      ("HypergradientLaws.checkDirectTerm", HypergradientLaws.checkDirectTerm),
      ("HypergradientLaws.checkRealTime", HypergradientLaws.checkRealTime),
      ("HypergradientLaws.checkDifferences", { try HypergradientLaws.checkDifferences($0) }),
      ("HypergradientLaws.checkGreedy", HypergradientLaws.checkGreedy),
      ("HypergradientLaws.checkFiniteDifference", HypergradientLaws.checkFiniteDifference),
      ("HypergradientLaws.checkDistilled", HypergradientLaws.checkDistilled),
      ("HypergradientLaws.checkOnlineTraining", HypergradientLaws.checkOnlineTraining),
      ("DrMADLaws.check", { try DrMADLaws.check($0) }),
      ("DrMADLaws.checkExact", { try DrMADLaws.checkExact($0) }),
      ("DrMADLaws.error", { _ = try DrMADLaws.error($0, by: .oneStep) }),
      ("ReversibleLaws.check", { try ReversibleLaws.check($0, momentum: 0.5) }),
    ]
    let spoilt: [(String, @Sendable (inout HypergradientCase) -> Void)] = [
      ("no lambda", { $0.hyper = [] }), ("two lambdas", { $0.hyper += $0.hyper }),
      ("broken", { $0.hyper = [Edges.broken] }), ("empty", { $0.hyper = [Tensor([] as [Double])] }),
      ("NaN", { $0.hyper = [Tensor([.nan, 1] as [Double])] }),
      ("whole numbers", { $0.hyper = [Tensor([1, 2] as [Int32])] }),
      ("tolerance", { ($0.agreement, $0.differences) = (.nan, -.infinity) }),
      ("moves", { ($0.movesInitialState, $0.hasDirectTerm) = (true, false) }),
    ]
    let cases = [.min, -1, 0, 1, 2, 1 << 33, .max].map { row($0) }
    for (name, law) in laws {
      add(name, cases) { try law($0) }
      add(name, spoilt.map(\.0)) { change in
        try law(changed(row()) { test in spoilt.first { $0.0 == change }?.1(&test) })
      }
    }
    add("ReversibleLaws.check", Edges.numbers) { try ReversibleLaws.check(row(), momentum: $0) }
    add("HypergradientLaws.checkTerms", Edges.seeds) {
      try HypergradientLaws.checkTerms(row(), seed: $0)
    }
    add("HypergradientLaws.checkDifferences", Edges.seeds) {
      try HypergradientLaws.checkDifferences(row(), seed: $0)
    }
    add("HypergradientLaws.slope", Edges.numbers, Edges.integers) {
      HypergradientLaws.slope(start: $0, levels: $1) { $0 * $0 }
    }
    let lists: [[Tensor]] = [[], Edges.tensors] + Edges.tensors.map { [$0] }
    add("HypergradientLaws.requireSame", lists, lists) {
      try HypergradientLaws.requireSame($0, $1, "")
    }
    add("HypergradientLaws.relativeErrors", lists, lists) {
      try HypergradientLaws.relativeErrors($0, $1)
    }
    add("HypergradientLaws.requireClose", lists, Edges.numbers) {
      try HypergradientLaws.requireClose($0, [Tensor([1, 2, 3] as [Float])], $1, "")
    }
    for other in [[], [Tensor(1), Tensor(2)], [Tensor([1, 2, 3] as [Float])]] as [[Tensor]] {
      refuse("HypergradientLaws.relativeErrors", [[Tensor(1)]]) {
        try HypergradientLaws.relativeErrors($0, other)
      }
    }
  }

  mutating func addImplicitLaws() {
    let (weights, lambda) = (Tensor([1, 2] as [Double]), Tensor([0.5, 0.25] as [Double]))
    @Sendable func row(
      weights: [Tensor] = [weights], hyper: Tensor = lambda, examples: Int = 2, rate: Double = 0.3,
      steps: Int = 60
    ) -> ImplicitCase {
      ImplicitCase(
        "i", weights: weights, hyper: hyper, examples: examples, rate: rate, steps: steps,
        loss: { w, h, rows in
          let w = w.first ?? Tensor(1, dtype: .float64)
          let shift = rows.cast(to: .float64).mean()
          return (h * w.square() + (w - 1 - shift).square()).sum()
        },
        outer: { w, h in
          ((w.first ?? Tensor(1, dtype: .float64)) - 0.3).square().sum() + 0.1 * h.sum()
        })
    }
    @Sendable func everything(_ test: ImplicitCase) throws -> Any {
      var first: (any Error)?
      for estimator in Bilevel.estimators {
        do { _ = try test.hypergradient(by: estimator).indirect() } catch { first = first ?? error }
      }
      if let first { throw first }
      return 0
    }
    add("ImplicitCase.init", Edges.integers) {
      try row(examples: $0).hypergradient(by: .implicit()).gradient
    }
    add("ImplicitCase.init", Edges.integers.filter { $0 < 1 << 20 || $0 > 1 << 27 }) {
      try row(steps: $0).hypergradient(by: .implicit()).gradient
    }
    add("ImplicitCase.init", Edges.numbers) {
      try row(rate: $0).hypergradient(by: .implicit()).gradient
    }
    let lists: [[Tensor]] = [[], [weights], [weights, weights]] + Edges.tensors.map { [$0] }
    add("ImplicitCase.init", lists) {
      try row(weights: $0).hypergradient(by: .implicit(.dense)).gradient
    }
    add("ImplicitCase.init", Edges.tensors) {
      try row(hyper: $0).hypergradient(by: .implicit(.dense)).gradient
    }
    add("ImplicitCase.hypergradient") { try everything(row(steps: 3)) }
    let trainers: [ImplicitCase.Trainer] = Edges.numbers.flatMap { [.descent($0), .momentum($0)] }
    add("ImplicitCase.hypergradient", trainers) {
      try row(steps: 3).hypergradient(by: .oneStep, trainedBy: $0).gradient
    }
    add("ImplicitCase.innerGradient", lists) { try row().innerGradient(at: $0) }
    add("ImplicitCase.innerGradient", Edges.integers) {
      try row().innerGradient(at: [weights], example: $0)
    }
    refuse("ImplicitCase.innerGradient", [.min, -1, 2, 1 << 33, .max]) {
      try row().innerGradient(at: [weights], example: $0)
    }
    add("ImplicitCase.outerGradient", lists) { try row().outerGradient(at: $0) }
    let directions: [[Double]] = [[], [1], [1, 2], [1, 2, 3], [.nan, .infinity]]
    add("ImplicitCase.mixedProduct", lists, directions) {
      try row().mixedProduct(at: $0, $1)
    }
    refuse("ImplicitCase.mixedProduct", [[], [1], [1, 2, 3]] as [[Double]]) {
      try row().mixedProduct(at: [weights], $0)
    }
    add("ImplicitCase.Answer.indirect", lists) {
      var answer = try row(steps: 3).hypergradient(by: .oneStep)
      answer.direct = $0
      return try answer.indirect()
    }
    add("ImplicitLaws.checkNystrom", Edges.numbers) {
      try ImplicitLaws.checkNystrom(row(), damping: $0)
    }
    add("ImplicitLaws.checkLarsen", Edges.numbers) {
      try ImplicitLaws.checkLarsen(row(), damping: $0)
    }
    let laws: [(String, @Sendable (ImplicitCase) throws -> Void)] = [
      ("checkSolvers", ImplicitLaws.checkSolvers),
      ("checkStationarity", ImplicitLaws.checkStationarity),
      ("checkTruncation", ImplicitLaws.checkTruncation),
      ("checkFixedPoint", ImplicitLaws.checkFixedPoint),
      ("checkLongTraining", ImplicitLaws.checkLongTraining),
      ("checkLarsen", { try ImplicitLaws.checkLarsen($0) }),
      ("checkNystrom", { try ImplicitLaws.checkNystrom($0) }),
    ]
    let cases = [
      row(), row(weights: []), row(weights: [Edges.broken]), row(weights: [Tensor([] as [Double])]),
      row(examples: 0), row(rate: .nan), row(steps: 0), row(hyper: Edges.broken),
    ]
    for (name, law) in laws {
      add("ImplicitLaws.\(name)", cases.indices.map { $0 }) { try law(cases[$0]) }
      add("ImplicitLaws.\(name)", [.min, -1, 0, .max]) { (count: Int) in
        try law(changed(row()) { ($0.weightCount, $0.rate) = (count, Double(count)) })
      }
    }
  }

  mutating func addQuadratics() {
    let few = Edges.integers.filter { $0 < 1 << 20 || $0 > 1 << 27 }
    add("QuadraticResponse.init", few, Edges.types) { steps, dtype in
      let test = try QuadraticResponse(steps: steps, dtype: dtype) { .sgd(rate: 0.3) }
      return try test.problem.hypergradient(at: test.hyper, by: .reverse).gradient
    }
    add("QuadraticResponse.init", Edges.seeds) {
      try QuadraticResponse(steps: 3, seed: $0) { .sgd(rate: 0.3) }.gradient
    }
    add("QuadraticResponse.init", [0, 1, 2, 3]) { count in
      let test = try QuadraticResponse(steps: 3) { .sgd(rate: 0.3) }
      return try test.problem.solve(
        at: [Tensor](repeating: Tensor(0.1, dtype: .float64), count: count)
      ).loss
    }
    add("QuadraticBilevel.init", Edges.numbers) { QuadraticBilevel(spread: $0).optimum() }
    add("QuadraticBilevel.optimum") { QuadraticBilevel().optimum() }
    let points: [[Double]] = [[], [1], [1, 2, 3], [.nan, 1]] + Edges.numbers.map { [$0, 1] }
    add("QuadraticBilevel.solution", points) { QuadraticBilevel().solution(at: $0) }
    add("QuadraticBilevel.hypergradient", points) { QuadraticBilevel().hypergradient(at: $0) }
    let lambda = Tensor([0.5, 0.5] as [Double])
    add("QuadraticBilevel.fullBatch", few, [0.4, .nan, .infinity, -1]) {
      try QuadraticBilevel().fullBatch(steps: $0, rate: $1).solve(at: lambda).loss
    }
    add("QuadraticBilevel.fullBatch", Edges.tensors) {
      try QuadraticBilevel().fullBatch(steps: 2).solve(at: $0).loss
    }
    add("QuadraticBilevel.stochastic", few, Edges.seeds) {
      try QuadraticBilevel().stochastic(steps: $0, rate: 0.1, decays: true, seed: $1).solve(
        at: lambda
      ).loss
    }
    add("QuadraticBilevel.problem", Edges.tensors, Edges.tensors) { rows, others in
      try QuadraticBilevel().problem(
        steps: 2, batches: Batches { _ in rows }, validation: Batches { _ in others }
      ).solve(at: lambda).loss
    }

    let problem = Bilevel.problem()
    add("StochasticLaws.checkAlternating", Edges.integers) {
      try StochasticLaws.checkAlternating(
        "p", problem, at: Bilevel.lambda, linearSteps: $0, tolerance: 1e-5)
    }
    refuse("StochasticLaws.checkAlternating", [.min, -1, 0, 1 << 33, .max]) {
      try StochasticLaws.checkAlternating("p", problem, at: Bilevel.lambda, linearSteps: $0)
    }
    let laws: [(String, @Sendable (Bilevel.Problem, Tensor, Double, Double) throws -> Void)] = [
      (
        "checkAlternating",
        { try StochasticLaws.checkAlternating("p", $0, at: $1, rate: $2, tolerance: $3) }
      ),
      ("checkJoint", { try StochasticLaws.checkJoint("p", $0, at: $1, rate: $2, tolerance: $3) }),
      (
        "checkPenalty",
        { try StochasticLaws.checkPenalty("p", $0, at: $1, multiplier: $2, tolerance: $3) }
      ),
    ]
    for (name, law) in laws {
      add("StochasticLaws.\(name)", Edges.numbers, [1e-5, .nan]) {
        try law(problem, Bilevel.lambda, $0, $1)
      }
      add("StochasticLaws.\(name)", few) {
        try law(Bilevel.problem(steps: $0), Bilevel.lambda, 0.3, 1e-5)
      }
      refuse("StochasticLaws.\(name)", [.min, -1, 0, 1 << 33, .max]) {
        try law(Bilevel.problem(steps: $0), Bilevel.lambda, 0.3, 1e-5)
      }
      add("StochasticLaws.\(name)", Edges.tensors) { try law(problem, $0, 0.3, 1e-5) }
    }
  }
}

extension HypergradientCase {
  fileprivate func at(_ hyper: [Tensor]) -> Self { changed(self) { $0.hyper = hyper } }
}

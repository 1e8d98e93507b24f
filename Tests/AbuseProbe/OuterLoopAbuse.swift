import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics

extension AbuseRoom {
  mutating func addOuterLoops() {
    let start = [Tensor([1, 2] as [Float]), Tensor(3)]
    let loop = OuterLoop<[Tensor]>(.adam(rate: 0.1))
    add("OuterLoop.start", Edges.tensors) {
      try OuterLoop<Tensor>(.adam(rate: 0.1), constraints: [.nonNegative]).start(at: $0).hyper
    }
    add("OuterLoop.init", Edges.numbers) { rate in
      let loop = OuterLoop<[Tensor]>(.adam(rate: .init(rate), beta1: .init(rate)))
      return try loop.step(loop.start(at: start), along: start).hyper
    }
    add("OuterLoop.init", [0, 1, 2, 3, 4]) { count in
      let constraints = [Constraint](repeating: .nonNegative, count: count)
      let loop = OuterLoop<[Tensor]>(.sgd(rate: 0.1), constraints: constraints)
      return try loop.step(loop.start(at: start), along: start).hyper
    }
    add("OuterLoop.step", Edges.tensors) {
      try loop.step(loop.start(at: start), along: [$0, $0]).hyper
    }
    refuse("OuterLoop.step", [[], [start[0]], [start[1], start[0]], start + start]) {
      try loop.step(loop.start(at: start), along: $0).hyper
    }
    add("OuterLoop.State.init", Edges.integers) {
      try loop.step(
        .init(training: loop.start(at: start).training, updates: $0), along: start
      ).hyper
    }
    refuse("OuterLoop.State.init", [[], [start], [start, []], [start, [start[0]]]]) { slots in
      try loop.step(
        .init(training: TrainingState(weights: start, slots: slots), updates: 0), along: start
      ).hyper
    }
    add("AdaptiveStep.init", Edges.numbers, Edges.numbers) { one, other in
      for adaptive in [
        AdaptiveStep(initial: one), AdaptiveStep(growth: one, shrinkage: other),
        AdaptiveStep(rise: one),
      ] {
        let loop = OuterLoop<[Tensor]>(adaptive)
        var state = try loop.start(at: start)
        for loss in [1, other, 0.5] { state = try loop.step(state, along: start, loss: loss) }
      }
      return 0
    }
    add("OuterLoop.minimize", Edges.integers.filter { $0 < 100 }) {
      try loop.minimize(from: start, updates: $0) { $0[0].sum() + $0[1] }.hyper
    }
    add("OuterLoop.minimize", Edges.tensors) { tensor in
      try loop.minimize(from: [tensor, tensor], updates: 2) { $0[0].sum() + $0[1].sum() }.hyper
    }
    add("OuterLoop.minimize", Edges.tensors) { tensor in
      try loop.minimize(from: start, updates: 2) { _ in tensor }.hyper
    }
    let transforms: [HyperTransform] =
      [.identity, .log, .softplus]
      + Edges.numbers.flatMap { low in Edges.numbers.map { .sigmoid(lower: low, upper: $0) } }
    add("HyperTransform.constrained", transforms) { $0.constrained(start[0]) }
    add("HyperTransform.free", transforms) { $0.free(start[0]) }
    add("HyperTransform.free", Edges.tensors) { HyperTransform.softplus.free($0) }
    refuse("HyperTransform.constrained", [(1, 1), (2, 1), (.nan, 1), (0, .infinity)]) {
      HyperTransform.sigmoid(lower: $0.0, upper: $0.1).constrained(start[0])
    }
  }

  mutating func addConstraints() {
    let vectors: [[Double]] =
      [[], [1e308, -1e308, 1e308], [1, 2, 3], [0, -0.0]] + Edges.numbers.map { [$0, 1] }
    @Sendable func project(_ constraint: Constraint) -> [String] {
      vectors.map { vector in
        var (x, y) = (vector, vector.map { Float($0) })
        do {
          try constraint.project(&x)
          try constraint.project(&y)
        } catch { return "\(error)" }
        return "\(constraint.isFeasible(x, tolerance: 1e-6))"
      }
    }
    add("Constraint.box", Edges.numbers, Edges.numbers) {
      project(try .box(lower: $0, upper: $1))
    }
    add("Constraint.box", vectors, vectors) { project(try .box(lower: $0, upper: $1)) }
    add("Constraint.Box.init", vectors, Edges.numbers) {
      project(.box(try Constraint.Box(lower: .each($0), upper: .all($1))))
    }
    add("Constraint.simplex", Edges.numbers) { project(try .simplex(total: $0)) }
    add("Constraint.Simplex.init", Edges.numbers) { project(.simplex(try .init(total: $0))) }
    add("Constraint.l1Ball", Edges.numbers) { project(try .l1Ball(radius: $0)) }
    add("Constraint.L1Ball.init", Edges.numbers) { project(.l1Ball(try .init(radius: $0))) }
    add("Constraint.cappedSimplex", Edges.numbers, Edges.numbers) {
      project(try .cappedSimplex(total: $0, upper: $1))
        + project(try .cappedSimplex(total: $0, upper: $1, sum: .exactly))
    }
    add("Constraint.CappedSimplex.init", Edges.numbers, Edges.numbers) {
      project(.cappedSimplex(try .init(total: $0, upper: $1)))
    }
    add("Constraint.project", vectors) { vector in
      var x = vector
      try Constraint.nonNegative.project(&x)
      return x
    }
    add("Constraint.isFeasible", vectors, Edges.numbers) {
      try Constraint.simplex(total: 1).isFeasible($0, tolerance: $1)
    }
    refuse("Constraint.box", [(2.0, 1.0), (.nan, 1), (.infinity, .infinity)]) {
      try Constraint.box(lower: $0.0, upper: $0.1)
    }
    refuse("Constraint.simplex", [-1, .nan, .infinity]) { try Constraint.simplex(total: $0) }
    refuse("Constraint.l1Ball", [-1, .nan, .infinity]) { try Constraint.l1Ball(radius: $0) }
    refuse("Constraint.cappedSimplex", [-1, .nan, .infinity]) {
      try Constraint.cappedSimplex(total: $0)
    }
  }

  mutating func addRevolve() {
    add("Revolve.advances", Edges.integers, Edges.integers) {
      try Revolve.advances(steps: $0, checkpoints: $1)
    }
    add("Revolve.actions", Edges.integers, Edges.integers) {
      Array(try Revolve.actions(steps: $0, checkpoints: $1).prefix(50)).count
    }
    add("Revolve.Schedule.makeIterator", Edges.integers) {
      try Revolve.actions(steps: $0, checkpoints: 3).makeIterator()
    }
    add("Revolve.Schedule.Iterator.next", Edges.integers) { steps in
      var iterator = try Revolve.actions(steps: steps, checkpoints: 1).makeIterator()
      for _ in 0..<5 { _ = iterator.next() }
      return iterator.next() as Any
    }
    refuse("Revolve.advances", [.min, -1]) { try Revolve.advances(steps: $0, checkpoints: 1) }
    refuse("Revolve.actions", [.min, -1, 0]) { try Revolve.actions(steps: 3, checkpoints: $0) }
  }
}

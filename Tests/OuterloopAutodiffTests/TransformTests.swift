import OuterloopAutodiff
import OuterloopNumerics
import Synchronization
import Testing

/// Transformations inside transformations.
@Suite struct TransformTests {
  private let x = RandomKey(seed: 1, purpose: "x").normal([5], dtype: .float64)
  private let u = RandomKey(seed: 1, purpose: "u").normal([5], dtype: .float64)
  private let v = RandomKey(seed: 1, purpose: "v").normal([5], dtype: .float64)
  private let rows = RandomKey(seed: 1, purpose: "rows").normal([3, 5], dtype: .float64)

  private func expectClose(
    _ a: Tensor, _ b: Tensor, location: SourceLocation = #_sourceLocation
  ) throws {
    try #require(a.type == b.type, sourceLocation: location)
    let (left, right) = (try a.doubles(), try b.doubles())
    for (p, q) in zip(left, right) {
      #expect(abs(p - q) <= 1e-11 * max(1, abs(q)), "\(left) \(right)", sourceLocation: location)
    }
  }

  private func dot(_ a: Tensor, _ b: Tensor) throws -> Double { try (a * b).sum().item() }

  /// sum of a_i x_i^3 plus (sum x)^2: the Hessian is diag(6 a x) + 2.
  private func cubic(_ x: Tensor, _ a: Tensor) -> Tensor {
    (a * x * x * x).sum() + x.sum().square()
  }

  /// A coupled function of weights and hyperparameters.
  private func loss(_ w: Tensor, _ hyper: Tensor) -> Tensor {
    (sin(w * hyper) + w.square() * exp(hyper)).sum() + (w * hyper).sum().square()
  }

  /// d/dx of x d/dy (x + y) is 1: the inner derivative does not see the outer perturbation.
  @Test func perturbationsAreNotConfused() throws {
    let one = Tensor(1, dtype: .float64)
    let forward = try jvp(at: one, along: one) { x in
      let y = x * 0 + 1
      return x * (try jvp(at: y, along: y) { x + $0 }.derivative)
    }
    #expect(try forward.derivative.item() == 1)
    let reverse = try gradient(at: one) { x in
      x * (try gradient(at: x * 0 + 1) { y in x + y })
    }
    #expect(try reverse.item() == 1)
    // Where the inner point itself moves: d/dx of x (d/dy x y^2 at y = x) is d/dx of 2 x^3.
    let moving = try gradient(at: one) { x in
      x * (try gradient(at: x) { y in x * y * y })
    }
    #expect(try moving.item() == 6)
  }

  @Test func gradientInVmap() throws {
    let batched = try vmap(rows) { x in try gradient(at: x) { self.cubic($0, self.u) } }
    let each = try (0..<3).map { row in
      try gradient(at: rows.example(row)) { self.cubic($0, self.u) }
    }
    try expectClose(batched, stack(each))
  }

  @Test func vmapInGradient() throws {
    let g = try gradient(at: rows) { rows in
      try vmap(rows) { x in (sin(x) * self.u).sum() }.sum()
    }
    try expectClose(g, cos(rows) * u)
  }

  /// The Hessian column by column, by vmap over directions.
  @Test func hessianVectorProducts() throws {
    let hessian = try vmap(Tensor.eye(5, dtype: .float64)) { direction in
      try hessianVectorProduct(at: self.x, along: direction) { self.cubic($0, self.u) }.product
    }
    let diagonal = Tensor.eye(5, dtype: .float64) * (u * x * 6)
    try expectClose(hessian, diagonal + 2)
    let (g, product) = try hessianVectorProduct(at: x, along: v) { self.cubic($0, self.u) }
    try expectClose(g, u * x.square() * 3 + x.sum() * 2)
    try expectClose(product, (hessian * v).sum(axes: [1]))
  }

  @Test func forwardAndReverseCommute() throws {
    func f(_ x: Tensor) -> Tensor { exp(x * x.sum()) }
    // The derivative along v of x -> u J(x).
    let outer = try jvp(at: x, along: v) { x in
      try vjp(at: x, cotangent: self.u) { f($0) }.cotangent
    }.derivative
    // The same as the gradient of <u, J(x) v>.
    let inner = try gradient(at: x) { x in
      let along = x * 0 + self.v
      return (try jvp(at: x, along: along) { f($0) }.derivative * self.u).sum()
    }
    try expectClose(outer, inner)
  }

  @Test func thirdDerivative() throws {
    let third = try gradient(at: x) { x in
      try gradient(at: x) { x in try gradient(at: x) { sin($0).sum() }.sum() }.sum()
    }
    try expectClose(third, -cos(x))
    let forward = try jvp(at: x, along: v) { x in
      try jvp(at: x, along: x * 0 + self.v) { x in
        try jvp(at: x, along: x * 0 + self.v) { exp($0) }.derivative
      }.derivative
    }.derivative
    try expectClose(forward, exp(x) * v * v * v)
  }

  @Test func jointProductIsLinearAndSymmetric() throws {
    let hyper = rows.example(0)
    func product(_ direction: Tensor) throws -> JointProduct<Tensor, Tensor> {
      try jointProduct(at: x, hyper, along: direction) { self.loss($0, $1) }
    }
    let (ku, kv) = (try product(u), try product(v))
    #expect(abs(try dot(ku.weightProduct, v) - dot(kv.weightProduct, u)) < 1e-11)
    let mixed = try product(u * 2 - v * 3)
    try expectClose(mixed.weightProduct, ku.weightProduct * 2 - kv.weightProduct * 3)
    try expectClose(mixed.hyperProduct, ku.hyperProduct * 2 - kv.hyperProduct * 3)
    try expectClose(mixed.weightGradient, ku.weightGradient)
    // The whole second derivative in weights and hyperparameters is symmetric.
    let (p, q) = (Pair(u, rows.example(1)), Pair(v, rows.example(2)))
    func whole(_ direction: Pair<Tensor, Tensor>) throws -> Pair<Tensor, Tensor> {
      try hessianVectorProduct(at: Pair(x, hyper), along: direction) {
        self.loss($0.first, $0.second)
      }.product
    }
    let (kp, kq) = (try whole(p), try whole(q))
    let left = try dot(kp.first, q.first) + dot(kp.second, q.second)
    let right = try dot(kq.first, p.first) + dot(kq.second, p.second)
    #expect(abs(left - right) < 1e-10)
    let blocks = try whole(Pair(u, hyper.zeros))
    try expectClose(blocks.first, ku.weightProduct)
    try expectClose(blocks.second, ku.hyperProduct)
  }

  @Test func capturedTensorsAreConstants() throws {
    try expectClose(try gradient(at: x) { ($0 * self.u).sum() }, u)
    let stopped = try gradient(at: x) { ($0 * $0.stoppingGradient()).sum() }
    try expectClose(stopped, x)
    let nothing = try gradient(at: x) { _ in self.u.sum() }
    try expectClose(nothing, x * 0)
  }

  /// Traced once per set of shapes.
  @Test func compiledPerShape() throws {
    let traced = Mutex(0)
    let f = Compiled { (x: Tensor) in
      traced.withLock { $0 += 1 }
      return try gradient(at: x) { exp($0).sum() }
    }
    for _ in 0..<3 { try expectClose(try f(x), exp(x)) }
    #expect(traced.withLock { $0 } == 1)
    for _ in 0..<2 { try expectClose(try f(rows), exp(rows)) }
    #expect(traced.withLock { $0 } == 2)
    // Inside another function it is the function itself.
    try expectClose(try gradient(at: x) { try f($0).sum() }, exp(x))
  }

  @Test func compiledFromSeveralThreads() async throws {
    let f = Compiled { (x: Tensor) in matmul(x, x, transposeB: true) + sin(x).sum() }
    let inputs = (0..<4).map {
      RandomKey(seed: 2, purpose: "threads", index: UInt64($0)).normal([8, 3 + $0 % 2])
    }
    let wanted = try inputs.map { try f($0).doubles() }
    let differences = try await withThrowingTaskGroup(of: Int.self) { group in
      for task in 0..<8 {
        group.addTask {
          var differences = 0
          for run in 0..<50 {
            let number = (task + run) % inputs.count
            if try f(inputs[number]).doubles() != wanted[number] { differences += 1 }
          }
          return differences
        }
      }
      return try await group.reduce(0, +)
    }
    #expect(differences == 0)
  }

  /// A derivative taken at values, of a function that captures a traced tensor: the first step of a
  /// hand-written unroll. w' = w0 - h dL/dw(w0, h) with L = h sum w^2: dw'/dh = -4 h w0.
  @Test func derivativeAtValuesInsideATrace() throws {
    let start = x
    let slope = try gradient(at: Tensor(0.3, dtype: .float64)) { h in
      let inner = try gradient(at: start) { w in h * w.square().sum() }
      return (start - h * inner).sum()
    }
    let expected = try -4 * 0.3 * start.sum().item()
    #expect(try abs(slope.item() - expected) < 1e-12 * max(1, abs(expected)))
  }
}

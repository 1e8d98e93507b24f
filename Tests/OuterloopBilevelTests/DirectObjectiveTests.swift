import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics
import Testing

/// An outer loop over a scalar of the hyperparameters that needs no training.
@Suite struct DirectObjectiveTests {
  /// The same iterates as steps along the gradient written out, under a constraint.
  @Test func iteratesByHand() throws {
    let loop = OuterLoop<Tensor>(
      .momentum(rate: 0.1, momentum: 0.5), constraints: [try .box(lower: 0.2, upper: 3)])
    var (x, m) = (2.0, 0.0)
    var (values, points): ([Double], [Double]) = ([], [])
    for _ in 0..<6 {
      values.append(x * x * x)
      m = 0.5 * m + 3 * x * x
      x = max(x - 0.1 * m, 0.2)
      points.append(x)
    }
    var seen: [Double] = []
    var losses: [Double] = []
    let end = try loop.minimize(
      from: number(2), updates: 6,
      onUpdate: { update, value, hyper in
        #expect(update == seen.count + 1)
        losses.append(value)
        seen.append(try hyper.item())
        return true
      }, of: { pow($0, 3) })
    #expect(deviation(seen, points) < 1e-14 && deviation(losses, values) < 1e-14)
    #expect(try end.updates == 6 && end.hyper.item() == seen.last)
    let early = try loop.minimize(
      from: number(2), updates: 6, onUpdate: { update, _, _ in update < 2 }, of: { pow($0, 3) })
    #expect(try early.updates == 2 && early.hyper.item() == seen[1])
    let none = try loop.minimize(from: number(2), updates: 0, of: { pow($0, 3) })
    #expect(try none.hyper.item() == 2)
  }

  /// What is not finite is named, with the update at which it appeared.
  @Test func nonFinite() throws {
    func message(_ objective: @escaping @Sendable ([Tensor]) throws -> Tensor) -> String {
      OuterloopBilevelTests.message {
        try OuterLoop<[Tensor]>(.sgd(rate: 1))
          .minimize(from: [number(1), number(0)], updates: 5, of: objective)
      }
    }
    // log x from 1 to 0.
    let value = message { log($0[0]) }
    #expect(value.contains("the objective is not finite after 1 updates"), "\(value)")
    let slope = message { $0[0] + sqrt($0[1]) }
    #expect(slope.contains("the gradient of [1] is not finite after 0 updates"), "\(slope)")
    #expect(message { $0[0] * vector([1, 2]) }.contains("a scalar is needed"))
  }
}

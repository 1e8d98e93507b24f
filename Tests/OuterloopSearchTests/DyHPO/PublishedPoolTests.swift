import Foundation
import OuterloopStudy
import Testing

@testable import OuterloopSearch

@Suite struct PublishedPoolTests {
  /// Numbers by hand: logarithms first, then other numbers, then choices; scaled over the pool; what is not there is 0.
  @Test func numbers() throws {
    let space = try SearchSpace(parsing: [
      "kind=choice(a, b)", "width=int(1, 64)", "lr=float(1e-4, 1, log)",
      "beta=float(0, 1) if kind == b", "one=choice(only)",
    ])
    let list = try [
      (ParameterValue.text("a"), 10, 1e-4, Double?.none), (.text("b"), 20, 1e-2, 0.25),
      (.text("b"), 50, 1e-3, 0.75),
    ].map { kind, width, lr, beta in
      var values: [String: ParameterValue] = [
        "kind": kind, "width": .int(width), "lr": .float(lr), "one": .text("only"),
      ]
      if let beta { values["beta"] = .float(beta) }
      return try space.assignment(values)
    }
    let pool = try PublishedPool(space, size: 1000, seed: 1, list: list)
    #expect(pool.all == list && pool.width == 5)
    let want: [[Double]] = [
      [0, 0, 0, 1, 0], [1, 0.25, 0, 0, 1], [0.5, 1, 1, 0, 1],
    ]
    for (assignment, numbers) in zip(list, want) {
      let got = pool.numbers(assignment)
      #expect(zip(got, numbers).allSatisfy { abs($0 - $1) < 1e-12 } && got.count == 5)
    }
  }

  /// A pool is drawn once, without repetitions, and holds all of a space that is smaller.
  @Test func draws() throws {
    let space = try SearchSpace(parsing: ["x=float(0, 1)", "n=int(1, 9)"], forbidden: ["n == 3"])
    let pool = try PublishedPool(space, size: 100, seed: 4, list: nil)
    #expect(pool.all.count == 100 && Set(pool.all).count == 100)
    #expect(pool.all.allSatisfy { space.allows($0) })
    let again = try PublishedPool(space, size: 100, seed: 4, list: nil)
    let other = try PublishedPool(space, size: 100, seed: 5, list: nil)
    #expect(again.all == pool.all && other.all != pool.all)
    let small = try SearchSpace(parsing: ["a=choice(p, q)", "n=int(1, 3)"])
    let whole = try PublishedPool(small, size: 1000, seed: 1, list: nil)
    #expect(whole.all.count == 6)
  }
}

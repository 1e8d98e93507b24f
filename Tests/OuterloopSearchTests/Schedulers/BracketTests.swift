import Testing

@testable import OuterloopSearch

@Suite struct BracketTests {
  /// Worked examples: trials and epochs of each rung, for eta = 3.
  static let tables: [(Int, [[(Int, Int)]])] = [
    (9, [[(9, 1), (3, 3), (1, 9)], [(5, 3), (1, 9)], [(3, 9)]]),
    (
      27,
      [
        [(27, 1), (9, 3), (3, 9), (1, 27)], [(12, 3), (4, 9), (1, 27)], [(6, 9), (2, 27)],
        [(4, 27)],
      ]
    ),
    (
      81,
      [
        [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)], [(34, 3), (11, 9), (3, 27), (1, 81)],
        [(15, 9), (5, 27), (1, 81)], [(8, 27), (2, 81)], [(5, 81)],
      ]
    ),
  ]

  @Test(arguments: tables) func worked(_ epochs: Int, _ table: [[(Int, Int)]]) {
    let brackets = Bracket.all(epochs: epochs, factor: 3)
    #expect(brackets.map(\.sizes) == table.map { $0.map(\.0) })
    #expect(brackets.map(\.epochs) == table.map { $0.map(\.1) })
  }

  @Test func roundedRungs() {
    #expect(Bracket.all(epochs: 52, factor: 3)[0].epochs == [2, 6, 17, 52])
  }

  /// Of every number of epochs: s_max is exact where it is a power, the top rung is the full training, rungs
  /// rise, and every bracket spends about the same.
  @Test(arguments: [2, 3, 4, 10]) func allNumbers(_ factor: Int) {
    for epochs in Array(1...3000) + [6561, 59_049, 65_536, 99_999, 100_000] {
      let brackets = Bracket.all(epochs: epochs, factor: factor)
      var power = 1
      for _ in 1..<brackets.count { power *= factor }
      guard power <= epochs, power * factor > epochs, brackets.last?.epochs == [epochs] else {
        Issue.record("\(epochs) epochs have \(brackets.count) brackets")
        continue
      }
      for bracket in brackets {
        let rising = zip(bracket.epochs, bracket.epochs.dropFirst()).allSatisfy { $0 < $1 }
        let falling = zip(bracket.sizes, bracket.sizes.dropFirst()).allSatisfy { $0 > $1 }
        let isWhole =
          bracket.epochs.last == epochs && bracket.epochs[0] >= 1 && bracket.sizes.last! >= 1
        if !(rising && falling && isWhole) { Issue.record("\(epochs): \(bracket)") }
        if power == epochs {
          let spent = zip(bracket.sizes, bracket.epochs).reduce(0) { $0 + $1.0 * $1.1 }
          if spent > brackets.count * epochs {
            Issue.record("\(epochs): \(bracket) spends \(spent)")
          }
        }
      }
    }
  }

  @Test func leastEpochs() {
    let three: [[Int]] = [[9, 27, 81], [27, 81], [81]]
    #expect(Bracket.all(epochs: 81, factor: 3, least: 9).map(\.epochs) == three)
    #expect(Bracket.all(epochs: 5, factor: 3, least: 9).map(\.epochs) == [[5]])
    #expect(Bracket.all(epochs: Bracket.mostEpochs, factor: 2).count == 30)
  }

  /// A front in an order of which every beginning is spread: both ends, then the middle.
  @Test func spreadOrder() {
    let front = (0...4).map { [Double($0), Double(4 - $0)] }
    let points: [[Double]] = front + [[9, 9], [5, 5]]
    #expect(SpreadOrder.order(points) == [0, 4, 2, 1, 3, 6, 5])
    #expect(SpreadOrder.order([[.infinity, .infinity], [0, 1]]) == [1, 0])
    #expect(SpreadOrder.order([]) == [])
  }
}

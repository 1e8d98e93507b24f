import OuterloopNumerics
import OuterloopSearch
import Testing

@Suite struct TrialSplitTests {
  static let shares: [GoodShare] = [.standard, .tenth(cap: nil), .root]

  /// Against sorting everything anew.
  @Test(arguments: shares.indices)
  func equalsSorting(_ index: Int) {
    var uniforms = UniformStream(key: RandomKey(seed: 8, purpose: "split"), expecting: 8000)
    var split = TrialSplit<TrialRank>(share: Self.shares[index])
    var all: [(rank: TrialRank, number: Int)] = []
    var below: Set<Int> = []
    for number in 0..<1500 {
      let kind = uniforms.next()
      let loss = (uniforms.next() * 40).rounded()  // with ties
      let rank: TrialRank =
        kind < 0.6
        ? .complete(loss: loss)
        : kind < 0.8
          ? .pruned(lastStep: Int(loss) % 5, loss: loss)
          : kind < 0.9 ? .infeasible(violation: loss) : kind < 0.95 ? .failed : .prunedWithoutReport
      var change = split.insert(rank, number: number)
      all.append((rank, number))
      follow(change, &below, newcomer: number)
      if uniforms.next() < 0.2 {
        let gone = all.remove(at: Int(uniforms.next() * Double(all.count)))
        guard let removal = split.remove(gone.rank, number: gone.number) else {
          Issue.record("\(gone) is there")
          continue
        }
        change = removal
        #expect(below.contains(gone.number) == (change.side == .below))
        below.remove(gone.number)
        follow(change, &below, newcomer: nil)
      }
      let sorted = all.sorted { ($0.rank, $0.number) < ($1.rank, $1.number) }
      let want = sorted.prefix(Self.shares[index].count(of: all.count)).map(\.number)
      #expect(split.below == want)
      #expect(below == Set(want))
      #expect(split.count == all.count && split.best == sorted.first?.number)
      if let last = sorted.last {
        #expect(
          split.side(of: last.rank, number: last.number)
            == (want.contains(last.number) ? .below : .above))
      }
    }
    #expect(split.remove(.failed, number: 99_999) == nil)
  }

  private func follow(
    _ change: TrialSplit<TrialRank>.Change, _ below: inout Set<Int>, newcomer: Int?
  ) {
    for number in change.toBelow { #expect(below.insert(number).inserted) }
    for number in change.toAbove { #expect(below.remove(number) != nil) }
    if let newcomer, change.side == .below { #expect(below.insert(newcomer).inserted) }
  }

  @Test func ranksInOrder() {
    let order: [TrialRank] = [
      .complete(loss: -.infinity), .complete(loss: -1), .complete(loss: 0), .complete(loss: 2),
      .complete(loss: .nan), .pruned(lastStep: 9, loss: 3), .pruned(lastStep: 2, loss: 1),
      .pruned(lastStep: 2, loss: .nan), .pruned(lastStep: 0, loss: 0), .prunedWithoutReport,
      .infeasible(violation: 0.1), .infeasible(violation: 3), .failed,
    ]
    for (i, a) in order.enumerated() {
      for (j, b) in order.enumerated() { #expect((a < b) == (i < j), "\(i) and \(j)") }
    }
  }

  @Test func counts() {
    #expect(
      [0, 1, 10, 11, 250, 251, 9999].map(GoodShare.standard.count) == [0, 1, 1, 2, 25, 25, 25])
    #expect([11, 251, 9999].map(GoodShare.tenth(cap: nil).count) == [2, 26, 1000])
    #expect([0, 1, 16, 17, 100, 20_000].map(GoodShare.root.count) == [0, 1, 1, 2, 3, 25])
  }
}

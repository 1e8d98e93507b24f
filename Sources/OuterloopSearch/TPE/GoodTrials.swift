/// Which finished trials are good (*below*) and which are not, kept up to date.
///
/// One objective: the ceil(n / 10) best, at most 25, with every trial that comes moving few others.
/// Several: whole non-domination fronts up to ceil(n / 10), the front that does not fit cut to the
/// subset with the most hypervolume (MOTPE, Ozaki et al. 2020 and 2022); worked out anew when asked.
package struct GoodTrials: Sendable {
  // One of the two.
  private var single: TrialSplit<TrialRank>?
  private var several: SeveralObjectives?
  package private(set) var count = 0

  /// - Parameter ofMany: it is one of several splits, each of the trials of a branch.
  package init(objectives: Int, ofMany: Bool = false) {
    let cap = objectives == 1 ? 25 : nil
    let share: GoodShare = ofMany ? .tenthOfFive(cap: cap) : .tenth(cap: cap)
    if objectives == 1 {
      single = TrialSplit(share: share)
    } else {
      several = SeveralObjectives(count: objectives, share: share)
    }
  }

  /// A trial that is new, or changed sides.
  package struct Move: Sendable { package var trial: Int, isBelow: Bool }

  /// Enters a finished trial with its losses: a complete one has one for each objective; a pruned one
  /// how far it came and its last losses, if it reported any.
  ///
  /// - Parameter violation: by how much it breaks constraints. If it does it comes after all that keep
  ///   them, of several objectives after all fronts.
  package mutating func insert(
    _ trial: Int, losses: [Double]?, prunedAt step: Int?, violation: Double = 0
  ) -> [Move] {
    count += 1
    several?.insert(trial, losses: step == nil ? losses : nil, violation: violation)
    let rank: TrialRank =
      if violation > 0 { .infeasible(violation: violation) } else if let step {
        losses.map { .pruned(lastStep: step, loss: $0[0]) } ?? .prunedWithoutReport
      } else {
        .complete(loss: losses?[0] ?? .nan)
      }
    guard let change = single?.insert(rank, number: trial) else {
      return [Move(trial: trial, isBelow: false)]
    }
    return [Move(trial: trial, isBelow: change.side == .below)]
      + change.toBelow.map { Move(trial: $0, isBelow: true) }
      + change.toAbove.map { Move(trial: $0, isBelow: false) }
  }

  /// Moves that were put off until the sides are needed.
  package mutating func settle() -> [Move] { several?.settle() ?? [] }
}

/// The split for several objectives.
///
/// Ranks only grow as trials come, and what dominates a point has a lower rank than it. So of the
/// trials known before only those of low ranks need be looked at, as long as there are enough of
/// them: *hopeful* ones, about three times as many as are good when all were last ranked.
private struct SeveralObjectives: Sendable {
  let count: Int
  private var complete: [(trial: Int, losses: [Double])] = []
  /// Places in `complete`, rising: all whose rank was at most `depth` when all were ranked, and all
  /// that came since.
  private var hopeful: [Int] = []
  private var depth = Int.max
  /// Pruned trials come after all complete ones, in order of arrival.
  private var pruned: [Int] = []
  /// Behind them those that break constraints, the least violation first.
  private var infeasible = SortedList<Infeasible>()
  private var below: Set<Int> = []
  private var isSettled = true

  private let share: GoodShare

  init(count: Int, share: GoodShare) { (self.count, self.share) = (count, share) }

  private struct Infeasible: Comparable, Sendable {
    let violation: Double
    let trial: Int

    static func < (a: Infeasible, b: Infeasible) -> Bool {
      (a.violation, a.trial) < (b.violation, b.trial)
    }
  }

  mutating func insert(_ trial: Int, losses: [Double]?, violation: Double) {
    isSettled = false
    if violation > 0 {
      infeasible.insert(Infeasible(violation: violation, trial: trial))
    } else if let losses {
      hopeful.append(complete.count)
      complete.append((trial, losses))
    } else {
      pruned.append(trial)
    }
  }

  mutating func settle() -> [GoodTrials.Move] {
    if isSettled { return [] }
    isSettled = true
    let now = Set(chosen(share.count(of: complete.count + pruned.count + infeasible.count)))
    defer { below = now }
    return now.subtracting(below).sorted().map { GoodTrials.Move(trial: $0, isBelow: true) }
      + below.subtracting(now).sorted().map { GoodTrials.Move(trial: $0, isBelow: false) }
  }

  private mutating func chosen(_ size: Int) -> [Int] {
    var chosen: [Int] = []
    for front in fronts(holding: size) where chosen.count < size {
      let room = size - chosen.count
      guard front.count > room, let tie = points(front),
        let subset = try? tie.hypervolumeSubset(size: room, reference: tie.referencePoint())
      else {
        chosen += front.prefix(room)
        continue
      }
      chosen += subset.map { front[$0] }
    }
    let feasible =
      chosen.map { complete[$0].trial } + pruned.prefix(max(size - chosen.count, 0))
    return feasible + infeasible.prefix(max(size - feasible.count, 0)).map(\.trial)
  }

  /// The first fronts of all complete trials, best first, that hold `size` of them if there are so
  /// many; places in `complete`, rising.
  ///
  /// O(size log n) for two objectives, and O(n log n) whenever all have to be ranked, which is after
  /// the number of trials has grown by a part.
  private mutating func fronts(holding size: Int) -> [[Int]] {
    guard let points = points(hopeful) else { return [] }
    let fronts = points.fronts().map { $0.map { hopeful[$0] } }
    // A hopeful one's rank is right up to `depth`, since all of lower ranks are there.
    let sure = depth == .max ? fronts : Array(fronts.prefix(depth + 1))
    let isEnough = sure.reduce(0) { $0 + $1.count } >= min(size, complete.count)
    if isEnough, hopeful.count <= 6 * size + 64 { return sure }
    if hopeful.count < complete.count {
      hopeful = Array(complete.indices)
      depth = .max
      return self.fronts(holding: size)
    }
    var kept: [Int] = []
    for (rank, front) in fronts.enumerated() where kept.count < 3 * size {
      kept += front
      depth = rank
    }
    hopeful = kept.sorted()
    return fronts
  }

  private func points(_ indices: [Int]) -> ObjectivePoints? {
    try? ObjectivePoints(indices.map { complete[$0].losses }, objectives: count)
  }
}

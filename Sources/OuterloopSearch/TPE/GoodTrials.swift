/// The split of finished trials into good ones (*below*) and others, updated incrementally.
///
/// One objective: the ceil(n / 10) best, at most 25, where every new trial moves few others.
/// Several: complete non-dominated fronts up to ceil(n / 10), with the front that does not fit
/// reduced to the subset with the most hypervolume (MOTPE, Ozaki et al. 2020 and 2022); recomputed
/// when needed.
package struct GoodTrials: Sendable {
  // One of the two.
  private var single: TrialSplit<TrialRank>?
  private var several: SeveralObjectives?
  package private(set) var count = 0

  /// - Parameter ofMany: whether it is one of several splits, each for the trials of a branch.
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

  /// Adds a finished trial with its losses: a complete one has one for each objective; a pruned one
  /// its last step and last losses, if it reported any.
  ///
  /// - Parameter violation: its constraint violation. An infeasible trial ranks after all feasible
  ///   ones, with several objectives after all fronts.
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

  /// Moves that were deferred until the sides are needed.
  package mutating func settle() -> [Move] { several?.settle() ?? [] }
}

/// The split for several objectives.
///
/// Ranks only grow as trials are added, and a dominating point has a lower rank. So only earlier
/// trials of low rank have to be considered, as long as there are enough of them: *hopeful* ones,
/// about three times as many as are good when all were last ranked.
private struct SeveralObjectives: Sendable {
  let count: Int
  private var complete: [(trial: Int, losses: [Double])] = []
  /// Indices into `complete`, ascending: all whose rank was at most `depth` when all were ranked,
  /// and all added since.
  private var hopeful: [Int] = []
  private var depth = Int.max
  /// Pruned trials come after all complete ones, in order of arrival.
  private var pruned: [Int] = []
  /// After them infeasible trials, smallest violation first.
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

  /// The first fronts of all complete trials, best first, that contain `size` of them if there are
  /// that many; indices into `complete`, ascending.
  ///
  /// O(size log n) for two objectives, and O(n log n) whenever all have to be ranked, which happens
  /// after the number of trials has grown by a fraction.
  private mutating func fronts(holding size: Int) -> [[Int]] {
    guard let points = points(hopeful) else { return [] }
    let fronts = points.fronts().map { $0.map { hopeful[$0] } }
    // The ranks of hopeful ones are correct up to `depth`, since all lower ranks are included.
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

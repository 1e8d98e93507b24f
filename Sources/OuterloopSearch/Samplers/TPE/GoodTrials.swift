/// Which finished trials are good (*below*) and which are not, kept up to date.
///
/// One objective: the ceil(n / 10) best, at most 25, with every trial that comes moving few others.
/// Several: whole non-domination fronts up to ceil(n / 10), the front that does not fit cut to the
/// subset with the most hypervolume (MOTPE, Ozaki et al. 2020 and 2022); worked out anew when asked.
struct GoodTrials: Sendable {
  // One of the two.
  private var single: TrialSplit<TrialRank>?
  private var several: SeveralObjectives?
  private(set) var count = 0

  init(objectives: Int) {
    if objectives == 1 {
      single = TrialSplit()
    } else {
      several = SeveralObjectives(count: objectives)
    }
  }

  /// A trial that is new, or changed sides.
  struct Move: Sendable { var trial: Int, isBelow: Bool }

  /// Enters a finished trial with its losses: a complete one has one for each objective; a pruned one
  /// how far it came and its last losses, if it reported any.
  mutating func insert(_ trial: Int, losses: [Double]?, prunedAt step: Int?) -> [Move] {
    count += 1
    several?.insert(trial, losses: step == nil ? losses : nil)
    let rank: TrialRank =
      if let step {
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
  mutating func settle() -> [Move] { several?.settle() ?? [] }
}

/// The split for several objectives.
private struct SeveralObjectives: Sendable {
  let count: Int
  private var complete: [(trial: Int, losses: [Double])] = []
  /// Pruned trials come after all complete ones, in order of arrival.
  private var pruned: [Int] = []
  private var below: Set<Int> = []
  private var isSettled = true

  init(count: Int) { self.count = count }

  mutating func insert(_ trial: Int, losses: [Double]?) {
    isSettled = false
    if let losses { complete.append((trial, losses)) } else { pruned.append(trial) }
  }

  mutating func settle() -> [GoodTrials.Move] {
    if isSettled { return [] }
    isSettled = true
    let now = Set(chosen(GoodShare.tenth(cap: nil).count(of: complete.count + pruned.count)))
    defer { below = now }
    return now.subtracting(below).sorted().map { GoodTrials.Move(trial: $0, isBelow: true) }
      + below.subtracting(now).sorted().map { GoodTrials.Move(trial: $0, isBelow: false) }
  }

  private func chosen(_ size: Int) -> [Int] {
    guard !complete.isEmpty, let points = points(Array(complete.indices)) else {
      return Array(pruned.prefix(size))
    }
    var chosen: [Int] = []
    for front in points.fronts() where chosen.count < size {
      let room = size - chosen.count
      guard front.count > room, let tie = self.points(front),
        let subset = try? tie.hypervolumeSubset(size: room, reference: tie.referencePoint())
      else {
        chosen += front.prefix(room)
        continue
      }
      chosen += subset.map { front[$0] }
    }
    return chosen.map { complete[$0].trial } + pruned.prefix(max(size - chosen.count, 0))
  }

  private func points(_ indices: [Int]) -> ObjectivePoints? {
    try? ObjectivePoints(indices.map { complete[$0].losses }, objectives: count)
  }
}

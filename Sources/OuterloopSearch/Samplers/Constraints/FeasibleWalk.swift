private import OuterloopPlatform
internal import OuterloopStudy

/// Configurations of a set so thin that no draw falls into it: a guided draw, then a random walk
/// whose stationary distribution is uniform over the allowed configurations.
///
/// The walk redraws blocks of one to three parameters, given all others: within the allowed part of
/// the first, then of the second given the first, and so on; it accepts with the Metropolis-Hastings
/// probability, min(1, W'/W), W the product of the measures of the allowed parts, which is the inverse
/// density of such a draw.
struct FeasibleWalk: Sendable {
  /// The number of guided draws, of which one is chosen by weight.
  private static let draws = 8
  static let setupDraws = 60
  /// The number of boxes searched when no guided draw succeeds.
  static let searchedBoxes = 300

  private let network: ConstraintNetwork
  private let start: Box
  /// Allowed configurations, as starting points when no draw succeeds.
  private var known: [Box] = []

  /// Whether it was proved that nothing is allowed.
  private(set) var isProvedEmpty = false
  var isEmpty: Bool { known.isEmpty }

  /// - Parameter start: a box that contains everything allowed.
  init(_ network: ConstraintNetwork, from start: Box) {
    self.network = network
    self.start = start
    var draws = Draws(seed: 0, .setup, trial: 1)
    for _ in 0..<Self.setupDraws where known.count < 4 {
      if let found = guided(from: start, { draws.next() }) { known.append(found.box) }
    }
    if known.isEmpty { search(&draws) }
  }

  /// Halves the space, box by box, propagating and trying a guided draw in each (branch and prune).
  private mutating func search(_ draws: inout Draws) {
    var stream = draws
    defer { draws = stream }
    var stack = [start]
    var looked = 0
    var isComplete = true
    while let box = stack.popLast() {
      looked += 1
      guard looked <= Self.searchedBoxes else { return }
      guard let narrowed = network.contracted(box, effort: 60) else { continue }
      if let found = guided(from: narrowed, effort: 8, { stream.next() }) {
        known = [found.box]
        return
      }
      let axes = network.logic.axes
      let longest = network.divisible(narrowed).max {
        axes[$0].measure(narrowed.slices[$0]) < axes[$1].measure(narrowed.slices[$1])
      }
      guard let longest, let (left, right) = axes[longest].halves(narrowed.slices[longest]) else {
        isComplete = false
        continue
      }
      let halves = [left, right].map { network.setting(longest, to: $0, in: narrowed) }
      stack += stream.next() < 0.5 ? halves : halves.reversed()
    }
    isProvedEmpty = isComplete
  }

  private func guided(
    from box: Box, effort: Int = 40, _ random: () -> Double
  ) -> GuidedDraw.Result? {
    let draw = GuidedDraw(network: network)
    let order = GuidedDraw.order(of: network.logic.space, random)
    return draw.draw(order, from: box, effort: effort) { draw.place(random(), in: $1, of: $0) }
  }

  /// A configuration, nearly independent of all others, as a box.
  func configuration(_ random: () -> Double) -> Box {
    var box = beginning(random)
    let count = network.count
    let rounds = min(max(600 / max(count, 1), 6), 60)
    for _ in 0..<rounds {
      for _ in 0..<count { move([min(Int(random() * Double(count)), count - 1)], &box, random) }
      for _ in 0..<(count + 3) / 4 { move(block(random), &box, random) }
    }
    return box
  }

  /// One of several guided draws, chosen with probability in proportion to its weight.
  private func beginning(_ random: () -> Double) -> Box {
    let found = (0..<Self.draws).compactMap { _ in guided(from: start, random) }
    guard let largest = found.map(\.logWeight).max() else {
      return known[min(Int(random() * Double(known.count)), known.count - 1)]
    }
    let weights = found.map { exp($0.logWeight - largest) }
    var rest = random() * weights.reduce(0, +)
    for (result, weight) in zip(found, weights) {
      rest -= weight
      if rest < 0 { return result.box }
    }
    return found[found.count - 1].box
  }

  /// Two or three parameters that share constraints.
  private func block(_ random: () -> Double) -> [Int] {
    func pick(_ list: [Int]) -> Int {
      list[min(Int(random() * Double(list.count)), list.count - 1)]
    }
    let first = min(Int(random() * Double(network.count)), network.count - 1)
    var block = [first]
    for _ in 0..<(random() < 0.5 ? 1 : 2) {
      let near = network.neighbours[pick(block)].filter { !block.contains($0) }
      if !near.isEmpty { block.append(pick(near)) }
    }
    return block
  }

  private func move(_ block: [Int], _ box: inout Box, _ random: () -> Double) {
    let draw = GuidedDraw(network: network)
    var free = box
    for index in block { network.set(index, to: start.slices[index], in: &free) }
    let next = draw.draw(block, from: free, effort: 0) {
      draw.place(random(), in: $1, of: $0)
    }
    guard let next else { return }
    if block.count > 1 {
      guard let weight = draw.logWeight(of: box, block, from: free),
        log(random()) < next.logWeight - weight
      else { return }
    }
    box = next.box
  }
}

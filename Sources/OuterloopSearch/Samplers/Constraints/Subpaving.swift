internal import OuterloopStudy

/// A cover of the allowed configurations of a space by disjoint boxes (a subpaving; Jaulin and Walter
/// 1993): the largest undecided box is halved repeatedly, and boxes that are certainly forbidden are
/// dropped.
///
/// Drawing a box by its measure, and a configuration in it, gives a uniform configuration of the
/// cover; those that are allowed are uniform among the allowed ones.
struct Subpaving: Sendable {
  private struct Part: Sendable {
    var box: Box
    var measure: Double
  }

  private let network: ConstraintNetwork
  private var parts: [Part] = []
  /// Sums of the measures of the parts.
  private var sums: [Double] = []
  /// The fraction of the entire space that the parts cover.
  var measure: Double { sums.last ?? 0 }
  /// Whether it is proved that nothing is allowed.
  var isEmpty: Bool { parts.isEmpty }

  /// - Parameters:
  ///   - start: the box to be covered.
  ///   - limit: the largest number of boxes.
  init(_ network: ConstraintNetwork, from start: Box, limit: Int) {
    self.network = network
    var open = PriorityQueue()
    var closed: [Part] = []
    var (openMeasure, closedMeasure) = (0.0, 0.0)
    func add(_ box: Box, _ measure: Double) {
      switch network.verdict(box) {
      case .forbidden: return
      case .allowed:
        closed.append(Part(box: box, measure: measure))
        closedMeasure += measure
      case .open:
        open.insert(Part(box: box, measure: measure))
        openMeasure += measure
      }
    }
    add(start, Self.measure(of: start, network))
    // The cover is good enough when most draws succeed.
    while open.count + closed.count < limit, closedMeasure < 2 * openMeasure,
      let part = open.removeLargest()
    {
      openMeasure -= part.measure
      guard let (left, right) = Self.halves(of: part.box, network) else {
        closed.append(part)
        closedMeasure += part.measure
        continue
      }
      for (box, share) in [left, right] { add(box, part.measure * share) }
    }
    parts = closed + open.all
    sums = parts.reduce(into: []) { $0.append(($0.last ?? 0) + $1.measure) }
  }

  private static func measure(of box: Box, _ network: ConstraintNetwork) -> Double {
    zip(network.logic.axes, box.slices).reduce(1) { product, pair in
      let (axis, slice) = pair
      // A single point of a real range has no measure; all boxes have it in common.
      return axis.isContinuous && slice.isPoint ? product : product * axis.measure(slice)
    }
  }

  /// A box halved across its longest relevant side, and the halves' fractions of it; nil if it
  /// cannot be divided.
  private static func halves(
    of box: Box, _ network: ConstraintNetwork
  ) -> ((Box, Double), (Box, Double))? {
    let axes = network.logic.axes
    var longest: (index: Int, measure: Double)?
    for index in network.divisible(box) {
      let measure = axes[index].measure(box.slices[index])
      if longest.map({ measure > $0.measure }) ?? true { longest = (index, measure) }
    }
    guard let (index, measure) = longest, let (left, right) = axes[index].halves(box.slices[index])
    else { return nil }
    func part(_ slice: Slice) -> (Box, Double) {
      (network.setting(index, to: slice, in: box), axes[index].measure(slice) / measure)
    }
    return (part(left), part(right))
  }

  /// The box at quantile `u` of the cover.
  func box(_ u: Double) -> Box? {
    guard !parts.isEmpty else { return nil }
    let target = u * measure
    return parts[(0..<sums.count - 1).partitionPoint { sums[$0] <= target }].box
  }

  /// Boxes by measure, the largest first; ties by order of insertion (a binary heap).
  private struct PriorityQueue {
    private var heap: [(part: Part, order: Int)] = []
    private var inserted = 0

    var count: Int { heap.count }
    /// In order of arrival.
    var all: [Part] { heap.sorted { $0.order < $1.order }.map(\.part) }

    private func precedes(_ a: Int, _ b: Int) -> Bool {
      (heap[a].part.measure, heap[b].order) > (heap[b].part.measure, heap[a].order)
    }

    mutating func insert(_ part: Part) {
      heap.append((part, inserted))
      inserted += 1
      var index = heap.count - 1
      while index > 0, precedes(index, (index - 1) / 2) {
        heap.swapAt(index, (index - 1) / 2)
        index = (index - 1) / 2
      }
    }

    mutating func removeLargest() -> Part? {
      guard let first = heap.first else { return nil }
      let last = heap.removeLast()
      guard !heap.isEmpty else { return first.part }
      heap[0] = last
      var index = 0
      while true {
        var best = index
        for child in [2 * index + 1, 2 * index + 2] where child < heap.count {
          if precedes(child, best) { best = child }
        }
        if best == index { return first.part }
        heap.swapAt(index, best)
        index = best
      }
    }
  }
}

private import OuterloopPlatform
internal import OuterloopStudy

/// Configurations built one parameter after another, each within what the constraints allow given
/// the previous ones: sequential importance sampling with propagation.
struct GuidedDraw {
  let network: ConstraintNetwork

  /// A box that is a single configuration, and its importance weight: e^`logWeight` is the inverse
  /// probability of drawing it, up to a constant.
  struct Result {
    var box: Box
    var logWeight: Double
  }

  /// Sets the parameters `order`, parents first, within `start`; nil at a dead end. Inactive
  /// parameters keep their slice.
  ///
  /// - Parameters:
  ///   - effort: the largest number of slices to narrow after each value.
  ///   - isComplete: whether all other parameters are set, so that the result is one configuration.
  ///   - choose: picks a position within the remaining parts of a parameter.
  func draw(
    _ order: some Sequence<Int>, from start: Box, effort: Int = 40, isComplete: Bool = true,
    choose: (Int, [Slice]) -> Double
  ) -> Result? {
    var result = Result(box: start, logWeight: 0)
    for index in order {
      // Positions of inactive parameters are drawn too: they matter when their parents change.
      let parts = network.allowedParts(of: index, in: result.box)
      guard !parts.isEmpty else { return nil }
      result.logWeight += log(measure(parts, of: index))
      network.set(index, to: Slice(choose(index, parts)), in: &result.box)
      guard effort > 0 else { continue }
      guard let narrowed = network.contracted(result.box, changed: [index], effort: effort) else {
        return nil
      }
      result.box = narrowed
    }
    let verdict = network.verdict(result.box)
    return verdict == .allowed || (!isComplete && verdict == .open) ? result : nil
  }

  /// The weight that `draw` would give to the configuration `target`; nil if it cannot produce it.
  func logWeight(of target: Box, _ order: some Sequence<Int>, from start: Box) -> Double? {
    draw(order, from: start, effort: 0) { index, _ in target.slices[index].low }?.logWeight
  }

  /// The total measure of the parts.
  func measure(_ parts: [Slice], of index: Int) -> Double {
    // A point of a real range has no measure; all points then have the same.
    max(parts.reduce(0) { $0 + network.logic.axes[index].measure($1) }, 1e-300)
  }

  /// The u-quantile of the parts together.
  func place(_ u: Double, in parts: [Slice], of index: Int) -> Double {
    let axis = network.logic.axes[index]
    guard parts.contains(where: { axis.measure($0) > 0 }) else {
      // Single points of a real range, equally probable.
      guard !parts.isEmpty else { return 0 }
      return parts[min(Int(u * Double(parts.count)), parts.count - 1)].low
    }
    var rest = u * measure(parts, of: index)
    for part in parts.dropLast() {
      let measure = axis.measure(part)
      if rest < measure { return axis.place(measure > 0 ? rest / measure : 0.5, in: part) }
      rest -= measure
    }
    guard let last = parts.last else { return 0 }
    let measure = axis.measure(last)
    return axis.place(measure > 0 ? min(rest / measure, 1) : u, in: last)
  }

  /// All parameters, parents before those whose conditions mention them, else in random order.
  static func order(of space: SearchSpace, _ random: () -> Double) -> [Int] {
    let keys = space.parameters.map { _ in random() }
    var isPlaced = [Bool](repeating: false, count: keys.count)
    var order: [Int] = []
    func place(_ index: Int) {
      guard !isPlaced[index] else { return }
      isPlaced[index] = true
      for parent in (space.parameters[index].condition?.parents ?? []).sorted() { place(parent) }
      order.append(index)
    }
    for index in keys.indices.sorted(by: { (keys[$0], $0) < (keys[$1], $1) }) { place(index) }
    return order
  }
}

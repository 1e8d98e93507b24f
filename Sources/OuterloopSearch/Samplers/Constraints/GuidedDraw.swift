private import OuterloopPlatform
internal import OuterloopStudy

/// Configurations set one parameter after the other, each within what the constraints leave of it
/// given the ones before: sequential importance sampling with propagation.
struct GuidedDraw {
  let network: ConstraintNetwork

  /// A box that is one configuration, and by how much the way there was narrowed: the inverse of how
  /// probable it is that such a draw gives it is e^`logWeight`, up to a constant.
  struct Result {
    var box: Box
    var logWeight: Double
  }

  /// Sets the parameters `order`, parents first, within `start`; nil if that ends where nothing is
  /// allowed. What does not exist keeps its slice.
  ///
  /// - Parameters:
  ///   - effort: how many slices of what is to come are narrowed after each value, at most.
  ///   - isComplete: whether all other parameters are set, so that the result is one configuration.
  ///   - choose: the place within the parts that are left of a parameter.
  func draw(
    _ order: some Sequence<Int>, from start: Box, effort: Int = 40, isComplete: Bool = true,
    choose: (Int, [Slice]) -> Double
  ) -> Result? {
    var result = Result(box: start, logWeight: 0)
    for index in order {
      // The places of what does not exist are drawn too: they count when its parents change.
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

  /// The weight that `draw` would give to the configuration `target`; nil if it could not end there.
  func logWeight(of target: Box, _ order: some Sequence<Int>, from start: Box) -> Double? {
    draw(order, from: start, effort: 0) { index, _ in target.slices[index].low }?.logWeight
  }

  /// How probable the parts are together.
  func measure(_ parts: [Slice], of index: Int) -> Double {
    // A point of a real range has no measure; all points then have the same.
    max(parts.reduce(0) { $0 + network.logic.axes[index].measure($1) }, 1e-300)
  }

  /// The u-quantile of the parts together.
  func place(_ u: Double, in parts: [Slice], of index: Int) -> Double {
    let axis = network.logic.axes[index]
    guard parts.contains(where: { axis.measure($0) > 0 }) else {
      // Single points of a real range, each as probable as any other.
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

internal import OuterloopStudy

/// Random feasible configurations of a space, distributed like independent uniform ones conditioned
/// on being allowed.
///
/// The method depends only on the space and the fraction of allowed configurations: rejection sampling
/// (3 % and more); a cover of the allowed ones by boxes, which excludes most others; a list, if there
/// are few; or a random walk. All but the walk are exact.
struct FeasibleConfigurations: Sendable {
  private enum Method: Sendable {
    case redrawing
    case paving(Subpaving)
    case list([Box], sums: [Double])
    case walk(FeasibleWalk)
  }

  private static let probes = 300
  private static let boxes = 2000
  private static let listed = 5000

  private let space: SearchSpace
  private var method: Method?
  /// Created when first needed, which it never is for spaces where most is allowed.
  private lazy var network = ConstraintNetwork(space)
  private lazy var start = network.contracted(network.logic.whole, effort: 4000)

  init(_ space: SearchSpace) {
    self.space = space
    if space.forbidden.isEmpty { method = .redrawing }
  }

  /// Whether rejection sampling suffices.
  var isRedrawing: Bool {
    mutating get throws {
      if case .redrawing = try chosenMethod() { true } else { false }
    }
  }

  /// How many draws may fail before a space counts as having nothing new.
  var tries: Int {
    mutating get throws {
      switch try chosenMethod() {
      case .redrawing, .list: 1000
      case .paving: 20_000
      case .walk: 20
      }
    }
  }

  /// A configuration, or nil for a draw that is not allowed.
  ///
  /// - Parameter uniform: numbers in [0, 1): for plain draws and within boxes one per parameter, by
  ///   index; nil for all other draws.
  /// - Throws: `StudyError` if nothing is allowed, or nothing could be found.
  mutating func draw(_ uniform: (Int?) -> Double) throws -> Assignment? {
    switch try chosenMethod() {
    case .redrawing: return space.configuration { uniform($0) }
    case .paving(let paving): return configuration(paving, uniform)
    case .list(let boxes, let sums):
      let target = uniform(nil) * (sums.last ?? 0)
      return assignment(boxes[min(sums.firstIndex { $0 > target } ?? 0, boxes.count - 1)])
    case .walk(let walk): return assignment(walk.configuration { uniform(nil) })
    }
  }

  private mutating func configuration(
    _ paving: Subpaving, _ uniform: (Int?) -> Double
  ) -> Assignment? {
    guard let box = paving.box(uniform(nil)) else { return nil }
    let axes = network.logic.axes
    return space.assignment { index, _ in
      axes[index].value(axes[index].place(uniform(index), in: box.slices[index]))
    }.flatMap { space.allows($0) ? $0 : nil }
  }

  private mutating func assignment(_ box: Box) -> Assignment? {
    let axes = network.logic.axes
    return space.assignment { index, _ in axes[index].value(box.slices[index].low) }
      .flatMap { space.allows($0) ? $0 : nil }
  }

  // MARK: The choice of the method

  private mutating func chosenMethod() throws -> Method {
    if let method { return method }
    let chosen = try choose()
    method = chosen
    return chosen
  }

  private mutating func choose() throws -> Method {
    var draws = Draws(seed: 0, .setup, trial: 0)
    let hits = (0..<Self.probes).count { _ in
      space.configuration { _ in draws.next() } != nil
    }
    if hits * 30 >= Self.probes { return .redrawing }
    guard let start else { throw Self.empty }
    let paving = Subpaving(network, from: start, limit: Self.boxes)
    if paving.isEmpty { throw Self.empty }
    var successes = 0
    // With a cover of which one draw in 1,000 is allowed, the tries fail only once in 10^8.
    for _ in 0..<20 * Self.probes where successes < 12 {
      if configuration(paving, { _ in draws.next() }) != nil { successes += 1 }
    }
    if successes == 12 { return .paving(paving) }
    if let list = list() { return list }
    let walk = FeasibleWalk(network, from: start)
    guard !walk.isEmpty else { throw walk.isProvedEmpty ? Self.empty : Self.notFound }
    return .walk(walk)
  }

  /// All allowed configurations with their probabilities, if they are few and found quickly.
  private func list() -> Method? {
    guard space.parameters.allSatisfy({ $0.domain.count != nil }),
      case .exactly(let count) = space.counted(upTo: Self.listed, effort: 200_000), count > 0
    else { return nil }
    let axes = space.parameters.map { Axis($0.domain) }
    var boxes: [Box] = []
    var sums: [Double] = []
    var box = BoxLogic(space).whole
    for assignment in space.assignments() {
      var measure = 1.0
      for (index, value) in assignment.values.enumerated() {
        guard let value, let place = axes[index].place(of: value) else { continue }
        box.slices[index] = Slice(place)
        measure *= axes[index].measure(Slice(place))
      }
      boxes.append(box)
      sums.append((sums.last ?? 0) + measure)
    }
    return .list(boxes, sums: sums)
  }

  static let empty = StudyError(
    "the constraints forbid every configuration of the space",
    "loosen a constraint, or widen a range", cause: .infeasible)

  private static let notFound = StudyError(
    "no configuration that the constraints allow was found: not in \(boxes) boxes that cover what "
      + "they may leave, in \(FeasibleWalk.setupDraws) guided draws, nor in a search through "
      + "\(FeasibleWalk.searchedBoxes) more boxes",
    "loosen a constraint, or state it by narrower ranges", cause: .infeasible)
}

// Nearby configurations.
extension FeasibleConfigurations {
  /// Values of the parameters `indices` near `wanted` that the constraints may allow, given the
  /// known values of others; nil if the attempt finds none.
  ///
  /// The parameters are set in random order. Each keeps its value if the constraints allow it;
  /// otherwise it moves into the allowed part by at most the distance by which it was outside.
  mutating func repaired(
    _ wanted: [ParameterValue], of indices: [Int], given known: [ParameterValue?],
    _ random: () -> Double
  ) -> [ParameterValue]? {
    guard var box = start else { return nil }
    let axes = network.logic.axes
    for (index, value) in known.enumerated() where !indices.contains(index) {
      guard let place = value.flatMap({ axes[index].place(of: $0) }) else { continue }
      network.set(index, to: Slice(place), in: &box)
    }
    var places: [Int: Double] = [:]
    for (index, value) in zip(indices, wanted) { places[index] = axes[index].place(of: value) }
    let keys = indices.map { _ in random() }
    let order = indices.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }.map { indices[$0] }
    let draw = GuidedDraw(network: network)
    let result = draw.draw(order, from: box, effort: 12, isComplete: false) { index, parts in
      let domain = space.parameters[index].domain
      guard let place = places[index] else { return draw.place(random(), in: parts, of: index) }
      if parts.contains(where: { $0.low <= place && place <= $0.high }) { return place }
      if case .categorical = domain { return draw.place(random(), in: parts, of: index) }
      return Self.reflected(place, into: parts, axes[index], random)
    }
    return result.map { result in indices.map { axes[$0].value(result.box.slices[$0].low) } }
  }

  private static func reflected(
    _ place: Double, into parts: [Slice], _ axis: Axis, _ random: () -> Double
  ) -> Double {
    func distance(_ part: Slice) -> Double { max(part.low - place, place - part.high) }
    guard let nearest = parts.min(by: { distance($0) < distance($1) }) else { return place }
    let measure = axis.measure(nearest)
    let isBelow = place < nearest.low
    let gap = axis.measure(isBelow ? Slice(place, nearest.low) : Slice(nearest.high, place))
    let share = random() * (measure > gap ? gap / measure : 1)
    return axis.place(isBelow ? share : 1 - share, in: nearest)
  }
}

public import OuterloopStudy

/// Every configuration of the space once, in the order of the space, the last parameter fastest.
///
/// Real parameters without a step take `resolution` values, evenly spaced on their scale from low end
/// to high end. Conditions and constraints are honoured: no two points differ only in inactive
/// parameters. Ends when all have been tried. O(d) time a proposal on average.
public struct GridSampler: Sampler {
  /// The limit on steps of the search for allowed points: a few seconds.
  private static let effort = 5_000_000

  private var tried: Set<Assignment> = []
  private var rest: SearchSpace.Assignments.Iterator
  private var upcoming: Assignment?
  private var isBegun = false
  private var isEmpty = false

  /// - Throws: `StudyError` for a resolution out of range.
  public init(_ specification: StudySpecification, resolution: Int = 5) throws {
    try GridOptions(resolution: resolution).check()
    rest = SearchSpace.Assignments.Iterator(
      space: specification.space, resolution: resolution, effort: Self.effort)
  }

  public mutating func observe(_ event: Event, in history: History) {
    switch event.kind {
    case .suggested(let assignment, _, _), .enqueued(let assignment, _): tried.insert(assignment)
    default: break
    }
  }

  public mutating func suggest(_ number: Int, in history: History) throws -> Assignment? {
    if !isBegun {
      upcoming = rest.next()
      (isBegun, isEmpty) = (true, upcoming == nil)
    }
    // Tried configurations stay tried, so the position in the grid only moves forward.
    while let next = upcoming, tried.contains(next) {
      rest.refresh(effort: Self.effort)
      upcoming = rest.next()
    }
    if rest.gaveUp {
      throw StudyError(
        "no further point of the grid that the constraints allow was found in \(Self.effort) steps",
        "loosen a constraint, state it by narrower ranges, or use another sampler",
        cause: .infeasible)
    }
    if isEmpty {
      throw StudyError(
        "the constraints forbid all of the grid",
        "loosen a constraint, or use a finer grid: grid:resolution=N", cause: .infeasible)
    }
    return upcoming
  }
}

private struct GridOptions: MethodOptions {
  var resolution = 5

  init() {}
  init(resolution: Int) { self.resolution = resolution }

  static let owner = "grid"
  static let declarations: [MethodOption<Self>] = [
    .whole(
      "resolution", \.resolution, 1...1_000_000, "values of a real parameter without a step")
  ]
}

extension SamplerKind {
  static let grid = SamplerKind(
    GridOptions.self, "every configuration once", [.isScaleFree, .takesObjectives, .ends]
  ) { .grid(resolution: $0.resolution) }
}

extension ExpressibleBySampler {
  /// Every configuration once; real parameters without a step take `resolution` values.
  public static func grid(resolution: Int = 5) -> Self {
    Self(GridOptions(resolution: resolution).description) {
      try GridSampler($0, resolution: resolution)
    }
  }
}

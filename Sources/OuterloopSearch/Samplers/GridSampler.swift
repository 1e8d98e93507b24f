public import OuterloopStudy

/// Every configuration of the space once, in the order of the space, the last parameter fastest.
///
/// Real parameters without a step take `resolution` values, evenly spaced on their scale from low end
/// to high end. Conditions and constraints are honoured: there are no two points that differ in
/// inactive parameters only. Ends when all have been tried. O(d) time a proposal on average.
public struct GridSampler: Sampler {
  private var tried: Set<Assignment> = []
  private var rest: SearchSpace.Assignments.Iterator
  private var upcoming: Assignment?

  /// - Throws: `StudyError` for a resolution below 1.
  public init(_ specification: StudySpecification, resolution: Int = 5) throws {
    guard resolution >= 1 else {
      throw StudyError(
        "a grid with \(resolution) values for each real parameter is empty", "say 1 or more")
    }
    rest = specification.space.assignments(resolution: resolution).makeIterator()
    upcoming = rest.next()
  }

  public mutating func observe(_ event: Event, in history: History) {
    switch event.kind {
    case .suggested(let assignment, _, _), .enqueued(let assignment, _): tried.insert(assignment)
    default: break
    }
  }

  public mutating func suggest(_ number: Int, in history: History) -> Assignment? {
    // What has been tried stays tried, so the place in the grid only moves forward.
    while let next = upcoming, tried.contains(next) { upcoming = rest.next() }
    return upcoming
  }
}

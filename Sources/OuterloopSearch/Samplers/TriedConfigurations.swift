internal import OuterloopStudy

/// The configurations that a study has seen, so that none is tried twice while others are left.
///
/// Spaces of at most `countable` configurations are counted, which is how a study knows that it has
/// tried them all.
struct TriedConfigurations: Sendable {
  /// A million configurations are counted in a fraction of a second.
  private static let countable = 1_000_000
  private static let redraws = 1000

  private let space: SearchSpace
  private var tried: Set<Assignment> = []
  /// All allowed configurations; nil: not countable.
  private let total: Int?

  init(_ space: SearchSpace) {
    self.space = space
    total = space.count(upTo: Self.countable)
  }

  mutating func observe(_ event: Event) {
    switch event.kind {
    case .suggested(let assignment, _, _), .enqueued(let assignment, _): tried.insert(assignment)
    default: break
    }
  }

  func contains(_ assignment: Assignment) -> Bool { tried.contains(assignment) }

  var isExhausted: Bool { total.map { tried.count >= $0 } ?? false }

  /// A new configuration from `draw`, which gives nil for a forbidden one. After many repetitions the
  /// remaining configurations of a countable space are listed and one is drawn by `pick`, in [0, 1);
  /// elsewhere the repetition is taken.
  ///
  /// - Throws: `StudyError` if nothing that is allowed can be found.
  func fresh(pick: () -> Double, draw: () -> Assignment?) throws -> Assignment? {
    if isExhausted { return nil }
    var repetition: Assignment?
    for _ in 0..<Self.redraws {
      guard let assignment = draw() else { continue }
      if !tried.contains(assignment) { return assignment }
      repetition = assignment
    }
    if total != nil {
      let left = space.assignments().filter { !tried.contains($0) }
      return left.isEmpty ? nil : left[min(Int(pick() * Double(left.count)), left.count - 1)]
    }
    if let repetition { return repetition }
    throw StudyError(
      "the constraints forbid each of \(Self.redraws) configurations that were drawn",
      "loosen a constraint, or state it by narrower ranges")
  }
}

extension SearchSpace {
  /// The configuration whose i-th parameter is at quantile `u(i)`; nil if it is forbidden.
  func configuration(atQuantiles u: (Int) -> Double) -> Assignment? {
    assignment { .some($1.value(atUnit: u($0))) }.flatMap { allows($0) ? $0 : nil }
  }
}

internal import OuterloopStudy

/// The configurations already tried in a study, so that none is tried twice while others are left.
///
/// Spaces of at most `countable` configurations are counted when the number of trials approaches
/// theirs, so that a study knows when it has tried them all.
struct TriedConfigurations: Sendable {
  /// A million configurations are counted in about a second.
  private static let countable = 1_000_000
  private static let effort = 16_000_000
  /// How often all configurations are compared before they are hashed.
  private static let comparing = 4

  private let space: SearchSpace
  private var tried: Set<Assignment> = []
  /// Those that are not in `tried` yet. To compare a few candidates with each of them takes less time
  /// than to hash them all, so a process that opens a large study for one proposal does without.
  private var unhashed: [Assignment] = []
  /// How often it was asked whether all have been tried, as every proposal does.
  private var asked = 0
  private var feasible: FeasibleConfigurations
  /// All allowed configurations, as far as they have been counted.
  private var total = Total.moreThan(-1)
  /// Those that had not been tried when they were last listed, in the order of the space.
  private var rest: [Assignment]?

  private enum Total: Sendable {
    case exactly(Int)
    case moreThan(Int)
    case uncountable
  }

  init(_ space: SearchSpace) {
    self.space = space
    feasible = FeasibleConfigurations(space)
    if space.parameters.contains(where: { $0.domain.count == nil }) { total = .uncountable }
  }

  mutating func observe(_ event: Event) {
    switch event.kind {
    case .suggested(let assignment, _, _), .enqueued(let assignment, _): insert(assignment)
    default: break
    }
  }

  /// Marks a configuration as tried without a trial.
  mutating func insert(_ assignment: Assignment) { unhashed.append(assignment) }

  /// - Complexity: O(1), and for the first proposals O(n) for n trials.
  func contains(_ assignment: Assignment) -> Bool {
    tried.contains(assignment) || unhashed.contains(assignment)
  }

  private mutating func hash() {
    tried.formUnion(unhashed)
    unhashed = []
  }

  var isExhausted: Bool {
    mutating get {
      asked += 1
      if case .uncountable = total {
        if asked > Self.comparing { hash() }
        return false
      }
      hash()
      count(atLeast: tried.count + 1)
      if case .exactly(let count) = total { return tried.count >= count }
      return false
    }
  }

  /// Whether every configuration has been tried.
  /// - Throws: `StudyError` if there never was one.
  mutating func isDone() throws -> Bool {
    guard isExhausted else { return false }
    if case .exactly(0) = total { throw FeasibleConfigurations.empty }
    return true
  }

  /// Counts until it is known whether there are at least `needed`.
  private mutating func count(atLeast needed: Int) {
    guard case .moreThan(let known) = total, known < needed else { return }
    guard needed <= Self.countable else {
      total = .uncountable
      return
    }
    let limit = min(max(2 * needed, 1000), Self.countable)
    switch space.counted(upTo: limit, effort: min(160 * limit, Self.effort)) {
    case .exactly(let count): total = .exactly(count)
    case .more: total = .moreThan(limit)
    case .unknown: total = .uncountable
    }
  }

  /// A new configuration from `draw`, which gives nil for a draw that is not allowed. After many
  /// repetitions the remaining configurations of a countable space are listed and one is drawn by
  /// `pick`, in [0, 1); otherwise the repetition is returned.
  ///
  /// - Throws: `StudyError` if no allowed configuration can be found.
  mutating func fresh(
    pick: () -> Double, draw: (inout FeasibleConfigurations) throws -> Assignment?
  ) throws -> Assignment? {
    if try isDone() { return nil }
    var repetition: Assignment?
    for _ in 0..<(try feasible.tries) {
      guard let assignment = try draw(&feasible) else { continue }
      if !contains(assignment) { return assignment }
      repetition = assignment
      hash()
    }
    hash()
    count(atLeast: Self.countable)
    if case .exactly = total {
      let left = (rest ?? Array(space.assignments())).filter { !tried.contains($0) }
      rest = left
      return left.isEmpty ? nil : left[min(Int(pick() * Double(left.count)), left.count - 1)]
    }
    if let repetition { return repetition }
    throw StudyError(
      "none of \(try feasible.tries) configurations that were drawn is allowed",
      "loosen a constraint, or state it by narrower ranges", cause: .infeasible)
  }

  /// A new configuration with every parameter uniform, or at the quantile that `quantile` computes
  /// from its index and a uniform number.
  mutating func draw(
    _ draws: inout Draws, _ quantile: (Int, Double) -> Double = { $1 }
  ) throws -> Assignment? {
    var stream = draws
    defer { draws = stream }
    func drawn(_ feasible: inout FeasibleConfigurations) throws -> Assignment? {
      try feasible.draw { place in
        let uniform = stream.next()
        return place.map { quantile($0, uniform) } ?? uniform
      }
    }
    return try fresh(pick: { stream.next() }, draw: drawn)
  }

  /// See `FeasibleConfigurations`.
  mutating func repaired(
    _ wanted: [ParameterValue], of indices: [Int], given known: [ParameterValue?],
    _ random: () -> Double
  ) -> [ParameterValue]? {
    feasible.repaired(wanted, of: indices, given: known, random)
  }
}

extension SearchSpace {
  /// The configuration whose i-th parameter is at quantile `u(i)`; nil if it is forbidden.
  func configuration(atQuantiles u: (Int) -> Double) -> Assignment? {
    assignment { .some($1.value(atUnit: u($0))) }.flatMap { allows($0) ? $0 : nil }
  }
}

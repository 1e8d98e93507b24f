internal import OuterloopNumerics
internal import OuterloopStudy

/// The source of new configurations: across the space and near the best trials, or from a list.
struct NewConfigurations: Sendable {
  /// A configuration for a model to choose.
  struct Option: Sendable {
    var candidate: Candidate
    /// Its index in the list; nil: there is no list.
    var place: Int?
  }

  private struct List: Sendable {
    var all: [Assignment] = []
    var candidates: [Candidate] = []
    var placeOf: [Assignment: Int] = [:]
    /// Indices of untried ones, ascending.
    var left: [Int] = []
  }

  private let specification: StudySpecification
  private let coordinates: SpaceCoordinates
  private let candidates: Int
  private let staysInside: Bool
  private var pool: CandidatePool
  private var design: SobolSampler
  private var list: List?

  /// - Parameters:
  ///   - list: the available configurations; nil: the entire space.
  ///   - staysInside: whether the middle comes first, and points across the space are kept for several
  ///     trials.
  init(
    _ specification: StudySpecification, _ coordinates: SpaceCoordinates, candidates: Int,
    list: [Assignment]?, staysInside: Bool = false
  ) throws {
    (self.specification, self.coordinates) = (specification, coordinates)
    (self.candidates, self.staysInside) = (candidates, staysInside)
    pool = try CandidatePool(coordinates, size: candidates, seed: specification.seed)
    design = try SobolSampler(specification)
    self.list = list.map { list in
      var result = List()
      for assignment in list where result.placeOf[assignment] == nil {
        result.placeOf[assignment] = result.all.count
        result.all.append(assignment)
        result.candidates.append(coordinates.candidate(of: assignment))
      }
      result.left = Array(result.all.indices)
      return result
    }
  }

  mutating func observe(_ event: Event, in history: History) {
    design.observe(event, in: history)
    switch event.kind {
    case .suggested(let assignment, _, _), .enqueued(let assignment, _):
      guard let place = list?.placeOf[assignment] else { return }
      list?.left.removeAll { $0 == place }
    default: break
    }
  }

  /// Whether there is nothing left to try.
  /// - Throws: `StudyError` if there is no configuration at all.
  mutating func isExhausted() throws -> Bool {
    if let list { return list.left.isEmpty }
    return try design.isDone()
  }

  /// A configuration chosen without a model: possibly the middle of the space first, then space-filling ones; nil if none
  /// is left.
  ///
  /// - Throws: `StudyError` if no allowed configuration can be found.
  mutating func withoutModel(_ number: Int, in history: History) throws -> Assignment? {
    guard let list else {
      if staysInside,
        let middle = try design.middle(number, coordinates, specification, in: history)
      {
        return middle
      }
      return try design.suggest(number, in: history)
    }
    guard !list.left.isEmpty else { return nil }
    var draws = Draws(seed: specification.seed, .startup, trial: number)
    return list.all[
      list.left[min(Int(draws.next() * Double(list.left.count)), list.left.count - 1)]]
  }

  /// Configurations for a model to choose from.
  ///
  /// Those across the space may stay the same until a quarter as many trials have started. A model of many parameters
  /// without better information prefers the points farthest from all trials; with new points each time that would mean one
  /// corner after another, whereas a fixed set, like a list, soon runs out of remote points.
  ///
  /// - Parameters:
  ///   - best: the best trials.
  ///   - trials: how many have begun.
  ///   - key: names the random numbers.
  mutating func options(near best: [Candidate], trials: Int, key: RandomKey) -> [Option] {
    if let list { return list.left.map { Option(candidate: list.candidates[$0], place: $0) } }
    let age = UInt64(trials / max(candidates / 4, 1))
    let spread = RandomKey(seed: specification.seed, purpose: "new-configurations", index: age)
    return pool.candidates(near: best, key: key, spread: staysInside ? spread : nil)
      .map { Option(candidate: $0) }
  }

  /// The index of a configuration in the list; nil if it is not in it.
  func place(of assignment: Assignment) -> Int? { list?.placeOf[assignment] }

  /// The configuration of an option; nil if it has been tried or is not allowed.
  func assignment(of option: Option) -> Assignment? {
    if let list, let place = option.place { return list.all[place] }
    return coordinates.assignment(of: option.candidate).flatMap { design.hasTried($0) ? nil : $0 }
  }
}

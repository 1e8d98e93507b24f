internal import OuterloopNumerics
internal import OuterloopStudy

/// Where configurations come from that no trial has yet: all over the space and near the best trials, or from
/// a list.
struct NewConfigurations: Sendable {
  /// A configuration for a model to choose.
  struct Option: Sendable {
    var candidate: Candidate
    /// Its place in the list; nil: there is none.
    var place: Int?
  }

  private struct List: Sendable {
    var all: [Assignment] = []
    var candidates: [Candidate] = []
    var placeOf: [Assignment: Int] = [:]
    /// Places of those that were not tried, rising.
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
  ///   - list: what there is to try; nil: the whole space.
  ///   - staysInside: whether the middle comes first, and points all over the space last for some trials.
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
  /// - Throws: `StudyError` if there never was anything.
  mutating func isExhausted() throws -> Bool {
    if let list { return list.left.isEmpty }
    return try design.isDone()
  }

  /// A configuration that no model chose: it may be the middle of the space if nothing was begun yet, and others are evenly
  /// spread; nil if there is none left.
  ///
  /// - Throws: `StudyError` if nothing that is allowed can be found.
  mutating func unprejudiced(_ number: Int, in history: History) throws -> Assignment? {
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
  /// Those all over the space may stay the same until a quarter as many trials have begun. A model of many parameters that knows
  /// of nothing better goes to what is farthest from all trials; with other points each time that would be corner
  /// after corner, while of the same points the remote ones are soon used up, as they are in a list.
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

  /// The place of a configuration in the list; nil if it is not there.
  func place(of assignment: Assignment) -> Int? { list?.placeOf[assignment] }

  /// The configuration of an option; nil if it has been tried or is not allowed.
  func assignment(of option: Option) -> Assignment? {
    if let list, let place = option.place { return list.all[place] }
    return coordinates.assignment(of: option.candidate).flatMap { design.hasTried($0) ? nil : $0 }
  }
}

internal import OuterloopNumerics

/// The memory of SAGA for a sum over batches: the last direction of each, and their mean.
final class GradientTable {
  typealias Pointers = StateMemory.Pointers

  private let name: String
  private let method: any HypergradientMethod
  private let types: [TensorType]
  /// How many different batches there are, and how many have been seen.
  private let terms: Int
  private var seen = 0
  /// Where in the table a batch is.
  private var places: [BatchContent: Int] = [:]
  private let entries: StateMemory
  private let direction: [Storage]
  private var mean, nextMean: [Storage]
  private let share = Storage(byteCount: 8)
  /// Directions since the mean was last taken afresh.
  private var age = 0

  init(
    _ name: String, _ types: [TensorType], terms: Int, of method: any HypergradientMethod
  ) {
    self.name = name
    self.method = method
    self.types = types
    self.terms = terms
    var none: [Storage] = []
    entries = StateMemory(types, slots: terms, reusing: &none)
    func make() -> [Storage] { types.map { Storage(byteCount: $0.byteCount) } }
    (direction, mean, nextMean) = (make(), make(), make())
    mean.map(\.pointer).setZero(types)
  }

  /// Bytes of the table and its mean; `Int.max` beyond all numbers.
  static func byteCount(_ types: [TensorType], terms: Int) -> Int {
    let one = types.reduce(0) { $0 + $1.byteCount }
    let (bytes, overflow) = one.multipliedReportingOverflow(by: terms)
    return overflow ? .max : bytes
  }

  var byteCount: Int { Self.byteCount(types, terms: terms + 3) }

  /// `x - table_i + mean` for the direction x on a batch; x takes its place in the table.
  func reduced(
    _ x: Pointers, on batch: [Tensor], of problem: CompiledProblem
  ) throws -> Pointers {
    let stage = try program(of: problem)
    if age >= Self.refreshAge * terms { try refresh(stage) }
    let (place, isNew) = try place(of: batch)
    // A batch that has not been seen stands at the mean of the others.
    let old = isNew ? mean.map(\.pointer) : entries.pointers(place)
    try exchange(stage, x, for: old, among: seen)
    entries.pointers(place).copy(from: x, types)
    age += 1
    return direction.map(\.pointer)
  }

  func program(of problem: CompiledProblem) throws -> Stage {
    try problem.reductionStage("reduction, \(name)", types)
  }

  private func place(of batch: [Tensor]) throws -> (place: Int, isNew: Bool) {
    let content = BatchContent(tensors: batch)
    if let known = places[content] { return (known, false) }
    guard seen < terms else {
      throw method.refused(
        "more than \(terms) different \(name) batches came up, so they are no finite sum",
        "give their number, and batches that come again, as Batches.partitioned; or use soba")
    }
    places[content] = seen
    seen += 1
    return (seen - 1, true)
  }

  private func exchange(
    _ stage: Stage, _ x: Pointers, for old: Pointers, among count: Int
  ) throws {
    share.pointer.storeBytes(of: 1 / Double(count), as: Double.self)
    stage.bind(inputs: 0, to: x + old + mean.map(\.pointer) + [share.pointer])
    stage.bind(outputs: 0, to: (direction + nextMean).map(\.pointer))
    try stage.run()
    swap(&mean, &nextMean)
  }

  /// Rounding adds up in a mean that is only ever changed: after so many rounds it is taken afresh.
  private static let refreshAge = 16

  private func refresh(_ stage: Stage) throws {
    age = 0
    mean.map(\.pointer).setZero(types)
    for term in 0..<seen {
      try exchange(stage, entries.pointers(term), for: mean.map(\.pointer), among: term + 1)
    }
  }
}

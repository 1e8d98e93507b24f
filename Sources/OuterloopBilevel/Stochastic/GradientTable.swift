internal import OuterloopAutodiff
internal import OuterloopNumerics
internal import OuterloopPlatform

/// The memory of SAGA for a sum over batches: the last direction of each, and their mean.
final class GradientTable {
  private let name: String
  private let method: any HypergradientMethod
  private let types: [TensorType]
  /// How many different batches there are, and how many have been seen.
  private let terms: Int
  private var seen = 0
  /// Where in the table a batch is.
  private var places: [BatchContent: Int] = [:]
  private let entries: TensorMemory
  private let direction: TensorBuffers
  private var mean, nextMean: TensorBuffers
  private let share = TensorBuffers.number()
  /// Updates since the mean was last recomputed.
  private var age = 0

  init(
    _ name: String, _ types: [TensorType], terms: Int, of method: any HypergradientMethod
  ) {
    self.name = name
    self.method = method
    self.types = types
    self.terms = terms
    var none: [Storage] = []
    entries = TensorMemory(types, places: terms, reusing: &none)
    direction = TensorBuffers(types)
    mean = TensorBuffers(types)
    nextMean = TensorBuffers(types)
    mean.setZero()
  }

  /// Bytes of the table and its mean; `Int.max` on overflow.
  static func byteCount(_ types: [TensorType], terms: Int) -> Int {
    let (bytes, overflow) = types.byteCount.multipliedReportingOverflow(by: terms)
    return overflow ? .max : bytes
  }

  var byteCount: Int { Self.byteCount(types, terms: terms + 3) }

  /// `x - table_i + mean` for the direction x on a batch; x takes its place in the table.
  func reduced(
    _ x: TensorBuffers, on batch: TensorBuffers, of problem: CompiledProblem
  ) throws -> TensorBuffers {
    let program = try program(of: problem)
    if age >= Self.refreshAge * terms { try refresh(program) }
    let (place, isNew) = try place(of: batch)
    // A batch that has not been seen counts as the mean of the others.
    try exchange(program, x, for: isNew ? mean : entries[place], among: seen)
    entries[place].copy(from: x)
    age += 1
    return direction
  }

  /// (x, y, m, 1/c) -> (x - y + m, m + (x - y) / c): a direction of reduced variance and the new mean,
  /// when x takes the place of y among c terms of mean m.
  func program(of problem: CompiledProblem) throws -> BoundProgram {
    let slots: [Slot] = [.term, .oldTerm, .mean, .reduced, .newMean]
    return try problem.program(
      "reduction, \(name)", reads: [.term, .oldTerm, .mean, .share], writes: [.reduced, .newMean],
      types: Dictionary(uniqueKeysWithValues: slots.map { ($0, types) })
    ) { x in
      let change = zip(x[.term], x[.oldTerm]).map { $0 - $1 }
      return [
        .reduced: zip(change, x[.mean]).map { $0 + $1 },
        .newMean: zip(x[.mean], change).map { $0 + $1 * x.number(.share).cast(to: $1.dtype) },
      ]
    }
  }

  private func place(of batch: TensorBuffers) throws -> (place: Int, isNew: Bool) {
    let content = BatchContent(batch: batch)
    if let known = places[content] { return (known, false) }
    guard seen < terms else {
      throw method.refused(
        "more than \(terms) different \(name) batches occurred, so they are not a finite sum",
        "give their number, and recurring batches, as in Batches.partitioned; or use soba")
    }
    places[content] = seen
    seen += 1
    return (seen - 1, true)
  }

  private func exchange(
    _ program: BoundProgram, _ x: TensorBuffers, for old: TensorBuffers, among count: Int
  ) throws {
    share.number = 1 / Double(count)
    program.bind(.term, to: x)
    program.bind(.oldTerm, to: old)
    program.bind(.mean, to: mean)
    program.bind(.share, to: share)
    program.bind(.reduced, to: direction)
    program.bind(.newMean, to: nextMean)
    try program.run()
    swap(&mean, &nextMean)
  }

  /// Rounding errors accumulate in an incrementally updated mean: after so many rounds it is
  /// recomputed.
  private static let refreshAge = 16

  private func refresh(_ program: BoundProgram) throws {
    age = 0
    mean.setZero()
    for term in 0..<seen { try exchange(program, entries[term], for: mean, among: term + 1) }
  }
}

extension Slot {
  fileprivate static let term = Slot("term", .listed)
  fileprivate static let oldTerm = Slot("oldTerm", .listed)
  fileprivate static let mean = Slot("mean", .listed)
  fileprivate static let reduced = Slot("reduced", .listed)
  fileprivate static let newMean = Slot("newMean", .listed)
  fileprivate static let share = Slot("share", .number)
}

/// A batch identified by its content, so that it is recognised wherever it recurs.
struct BatchContent: Hashable {
  let batch: TensorBuffers

  static func == (a: BatchContent, b: BatchContent) -> Bool {
    let (x, y) = (a.batch, b.batch)
    return x.has(y.types)
      && x.indices.allSatisfy { memcmp(x[$0], y[$0], x.type($0).byteCount) == 0 }
  }

  func hash(into hasher: inout Hasher) {
    for tensor in batch.indices {
      hasher.combine(
        bytes: UnsafeRawBufferPointer(start: batch[tensor], count: batch.type(tensor).byteCount))
    }
  }
}

internal import OuterloopAutodiff
internal import OuterloopLearning
internal import OuterloopNumerics

/// A named list of tensors among a program's inputs or outputs. Its kind determines the types.
///
/// A slot that is both read and written is updated in place.
struct Slot: Hashable, Sendable, CustomStringConvertible {
  enum Kind: Sendable {
    case state, weights, batch, validation, hyper
    /// Index and number of a step.
    case time
    /// One float64, such as a rate or a loss.
    case number
    /// The program specifies the types.
    case listed
  }
  private let name: StaticString
  let kind: Kind
  /// A hash of the name.
  let id: UInt64

  init(_ name: StaticString, _ kind: Kind) {
    self.name = name
    self.kind = kind
    // FNV-1a: programs find their slots by comparing numbers, not strings.
    var id: UInt64 = 0xCBF2_9CE4_8422_2325
    name.withUTF8Buffer { for byte in $0 { id = (id ^ UInt64(byte)) &* 0x100_0000_01B3 } }
    self.id = id
  }

  static func == (a: Slot, b: Slot) -> Bool { a.id == b.id }
  func hash(into hasher: inout Hasher) { hasher.combine(id) }
  var description: String { "\(name)" }
}

extension Slot {
  /// s_{t-1} and s_t
  static let state = Slot("state", .state)
  static let next = Slot("next", .state)
  static let weights = Slot("weights", .weights)
  static let batch = Slot("batch", .batch)
  static let validation = Slot("validation", .validation)
  static let time = Slot("time", .time)
  /// lambda
  static let hyper = Slot("hyper", .hyper)
}

/// Slots in order, with the types of their tensors: what a program reads, or what it writes.
struct Signature {
  struct Entry {
    let slot: Slot
    let types: [TensorType]
    /// The range of its tensors among all.
    let range: Range<Int>
  }
  private(set) var entries: [Entry] = []
  /// Of all tensors.
  private(set) var types: [TensorType] = []

  init(_ slots: [Slot], types: (Slot) -> [TensorType]) {
    for slot in slots {
      precondition(!contains(slot), "a program has the slot `\(slot)` twice")
      let own = types(slot)
      entries.append(
        Entry(slot: slot, types: own, range: self.types.count..<(self.types.count + own.count)))
      self.types += own
    }
  }

  func contains(_ slot: Slot) -> Bool { entries.contains { $0.slot == slot } }

  /// The range of a slot's tensors among all.
  func range(of slot: Slot) -> Range<Int> {
    guard let entry = entries.first(where: { $0.slot == slot }) else {
      preconditionFailure("a program has no slot `\(slot)`: it has \(entries.map(\.slot))")
    }
    return entry.range
  }

  /// A list of all tensors from lists by slot.
  func flat<Element>(_ values: [Slot: [Element]]) -> [Element] {
    precondition(
      values.count == entries.count, "a program of \(entries.map(\.slot)) gives \(values.keys)")
    return entries.flatMap { entry in
      guard let own = values[entry.slot] else {
        preconditionFailure("a program gives nothing for the slot `\(entry.slot)`")
      }
      return own
    }
  }
}

/// What a program reads, as tensors while it is traced.
struct TracedInputs {
  fileprivate let signature: Signature
  fileprivate let tensors: [Tensor]

  subscript(slot: Slot) -> [Tensor] { Array(tensors[signature.range(of: slot)]) }

  func number(_ slot: Slot) -> Tensor { tensors[signature.range(of: slot).lowerBound] }

  var time: Time {
    let own = self[.time]
    return Time(index: own[0], number: own[1])
  }
}

/// A program as a graph, before it is compiled.
struct TracedProgram {
  let graph: Graph
  let reads, writes: Signature
  /// Other nodes of the graph that parts of it may read or write.
  private var inner: [Slot: [Int]] = [:]

  private init(graph: Graph, reads: Signature, writes: Signature) {
    self.graph = graph
    self.reads = reads
    self.writes = writes
  }

  /// - Parameter types: those of a slot; nil for one of outputs that may have any.
  /// - Throws: what the closure throws; `BilevelError` for outputs of other types.
  init(
    reads: [Slot], writes: [Slot], types: (Slot) -> [TensorType]?,
    _ trace: (TracedInputs) throws -> [Slot: [Tensor]]
  ) throws {
    let signature = Signature(reads) { slot in
      guard let own = types(slot) else {
        preconditionFailure("a program reads `\(slot)` without saying its types")
      }
      return own
    }
    self.reads = signature
    var given: [Slot: [Tensor]] = [:]
    graph = try Graph(tracing: signature.types) { x in
      given = try trace(TracedInputs(signature: signature, tensors: x))
      return Signature(writes) { _ in [] }.flat(given)
    }
    let found = Signature(writes) { given[$0]?.map(\.type) ?? [] }
    let wanted = Signature(writes) { types($0) ?? given[$0]?.map(\.type) ?? [] }
    // Closures may return something different from before.
    let agrees = zip(found.entries, wanted.entries).allSatisfy { found, wanted in
      found.types.count == wanted.types.count
        && zip(found.types, wanted.types).allSatisfy {
          $0.dtype == $1.dtype && $0.count == $1.count
        }
    }
    guard agrees else {
      throw BilevelError.invalid(
        "closures of the problem give \(found.types) where \(wanted.types) is needed",
        remedy: "tensors and their types must stay the same from call to call")
    }
    self.writes = wanted
  }

  /// Which tensors of a slot the outputs depend on.
  func uses(_ slot: Slot) -> [Bool] { Array(graph.usedInputs[reads.range(of: slot)]) }

  /// Names large products that the outputs of `first` and those of `second` have in common and that
  /// depend on nothing of `excluded`, as a slot that parts may read or write.
  mutating func shareProducts(
    as slot: Slot, between first: [Slot], and second: [Slot], excluding excluded: [Slot]
  ) {
    func span(_ slots: [Slot], _ signature: Signature) -> Range<Int> {
      let ranges = slots.map { signature.range(of: $0) }
      return ranges[0].lowerBound..<ranges[ranges.count - 1].upperBound
    }
    inner[slot] = graph.sharedProducts(
      first: span(first, writes), second: span(second, writes), excluded: span(excluded, reads))
  }

  /// Types of named inner nodes.
  func types(of slot: Slot) -> [TensorType] { (inner[slot] ?? []).map { graph.nodes[$0].type } }

  /// The part that computes some of the outputs, or inner nodes, from some of the inputs and inner
  /// nodes.
  func part(reading: [Slot], writing: [Slot]) throws -> TracedProgram {
    func part(_ slots: [Slot], _ whole: Signature, _ nodes: [Int]) -> (Signature, [Int]) {
      (
        Signature(slots) { slot in
          inner[slot].map { _ in types(of: slot) } ?? Array(whole.types[whole.range(of: slot)])
        },
        slots.flatMap { slot in inner[slot] ?? Array(nodes[whole.range(of: slot)]) }
      )
    }
    let (inputs, sources) = part(reading, reads, graph.inputs)
    let (outputs, targets) = part(writing, writes, graph.outputs)
    return TracedProgram(
      graph: try graph.extracted(inputs: sources, outputs: targets), reads: inputs, writes: outputs)
  }
}

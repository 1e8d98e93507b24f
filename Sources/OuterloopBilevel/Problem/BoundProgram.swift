internal import OuterloopAutodiff
internal import OuterloopNumerics

/// A compiled program with buffers bound to its slots, which it keeps alive. The part that depends
/// only on slots that stay the same through a run is split off, and runs again by itself after one of
/// them was bound to something else.
final class BoundProgram {
  private let main: Workspace
  private let prologue: Workspace?
  private let hoisted: [Storage]
  private let reads, writes: Signature
  private let usedInputs: [Bool]
  /// Slots by number, and what is bound to them.
  private let ids: UnsafeMutableBufferPointer<UInt64>
  private let places: UnsafeMutableBufferPointer<Place>
  /// The prologue has not run for what is bound now.
  private var isStale: Bool
  /// By tensor, of the slots that move when a program is run many times.
  private var inputStrides, outputStrides: [Int]
  /// Something is bound that does not live as long as the problem.
  private var holdsOthers = false
  /// It has run since the last release.
  private(set) var wasRun = false
  /// Every slot has something bound to it.
  private var isComplete = false

  /// A slot, and what is bound to it.
  private struct Place {
    let types: [TensorType]
    let count: Int
    /// Number of its first tensor among the inputs, the outputs and those of the prologue; nil where
    /// it is not one of them.
    let input, output, invariant: Int?
    var memory: TensorMemory?
    /// Which list in the memory, and which of its tensors is the first.
    var list = 0, first = 0
  }

  /// - Parameter invariant: slots that stay the same through a run.
  init(_ traced: TracedProgram, invariant: [Slot]) throws {
    let (graph, reads, writes) = (traced.graph, traced.reads, traced.writes)
    self.reads = reads
    self.writes = writes
    usedInputs = graph.usedInputs
    inputStrides = [Int](repeating: 0, count: reads.types.count)
    outputStrides = [Int](repeating: 0, count: writes.types.count)
    let constant = invariant.flatMap { Array(reads.range(of: $0)) }.sorted()
    let (before, rest) = try graph.hoisting(invariant: Set(constant))
    var donated: [Int: Int] = [:]
    for entry in writes.entries where reads.contains(entry.slot) {
      donated.merge(zip(entry.range, reads.range(of: entry.slot))) { first, _ in first }
    }
    main = try Workspace(try Program(rest, donated: donated))
    if before.outputs.isEmpty {
      prologue = nil
      hoisted = []
    } else {
      let program = try Program(before)
      let workspace = try Workspace(program)
      prologue = workspace
      hoisted = program.outputTypes.map { Storage(byteCount: $0.byteCount) }
      for (index, storage) in hoisted.enumerated() {
        workspace.bind(output: index, to: storage.pointer)
        main.bind(input: graph.inputs.count + index, to: storage.pointer)
      }
    }
    isStale = prologue != nil

    let outputs = writes.entries.filter { !reads.contains($0.slot) }
    ids = .allocate(capacity: reads.entries.count + outputs.count)
    _ = ids.initialize(from: (reads.entries + outputs).map(\.slot.id))
    places = .allocate(capacity: ids.count)
    for (index, entry) in (reads.entries + outputs).enumerated() {
      let isInput = index < reads.entries.count
      let isOutput = writes.contains(entry.slot)
      let hasPrologue = isInput && prologue != nil && invariant.contains(entry.slot)
      places.initializeElement(
        at: index,
        to: Place(
          types: entry.types, count: entry.types.count,
          input: isInput ? entry.range.lowerBound : nil,
          output: isOutput ? writes.range(of: entry.slot).lowerBound : nil,
          invariant: hasPrologue ? constant.firstIndex(of: entry.range.lowerBound) : nil))
    }
  }

  deinit {
    places.deinitialize().deallocate()
    ids.deallocate()
  }

  /// Bytes of temporaries, scratch and hoisted values.
  var byteCount: Int {
    main.byteCount + (prologue?.byteCount ?? 0) + hoisted.reduce(0) { $0 + $1.byteCount }
  }

  /// Which tensors of a slot the results depend on.
  func uses(_ slot: Slot) -> [Bool] { Array(usedInputs[reads.range(of: slot)]) }

  /// Types of a slot's tensors.
  func types(of slot: Slot) -> [TensorType] {
    let signature = reads.contains(slot) ? reads : writes
    return Array(signature.types[signature.range(of: slot)])
  }

  // MARK: - Binding

  private func index(of slot: Slot) -> Int? {
    let id = slot.id
    for index in 0..<ids.count where ids[index] == id { return index }
    return nil
  }

  /// What a slot's tensors are read from or written to, until it is bound to something else.
  func bind(_ slot: Slot, to buffers: TensorBuffers) {
    guard let index = index(of: slot) else {
      preconditionFailure("a program of \(reads.entries.map(\.slot)) has no slot `\(slot)`")
    }
    bind(index, to: buffers)
  }

  /// The same where the program has the slot.
  func bind(ifPresent slot: Slot, to buffers: TensorBuffers) {
    if let index = index(of: slot) { bind(index, to: buffers) }
  }

  private func bind(_ index: Int, to buffers: TensorBuffers) {
    let place = places.baseAddress.unsafelyUnwrapped + index
    let count = place.pointee.count
    if place.pointee.memory === buffers.memory, place.pointee.first == buffers.first,
      count == buffers.count
    {
      if place.pointee.list == buffers.place { return }
    } else {
      precondition(
        buffers.has(place.pointee.types),
        "a slot of \(place.pointee.types) was bound to \(buffers.tensors.map(\.type))")
      place.pointee.memory = buffers.memory
      place.pointee.first = buffers.first
      holdsOthers = holdsOthers || !buffers.memory.isLasting
    }
    place.pointee.list = buffers.place
    if let first = place.pointee.input {
      for tensor in 0..<count { main.bind(input: first + tensor, to: buffers[tensor]) }
    }
    if let first = place.pointee.output {
      for tensor in 0..<count { main.bind(output: first + tensor, to: buffers[tensor]) }
    }
    if let first = place.pointee.invariant, let prologue {
      for tensor in 0..<count { prologue.bind(input: first + tensor, to: buffers[tensor]) }
      isStale = true
    }
  }

  /// What is bound to invariant slots has other contents now.
  func invalidate() { isStale = prologue != nil }

  /// Lets go of what is bound, when a run is over: it may be used elsewhere, or freed. Memory that
  /// the problem keeps may stay.
  func release() {
    wasRun = false
    guard holdsOthers else { return }
    for index in 0..<places.count where places[index].memory?.isLasting == false {
      places[index].memory = nil
    }
    holdsOthers = false
    isComplete = false
  }

  // MARK: - Running

  func run() throws {
    try prepare()
    try main.run()
  }

  /// Runs so many times, with slots, always the same, moving through the lists of their memory, one forwards or, with
  /// a negative step, backwards: the steps of a small system in one call.
  /// - Returns: false, having done nothing, where the program does not allow for it.
  func run(count: Int, moving slots: [Slot], by step: Int) throws -> Bool {
    for slot in slots {
      guard let index = index(of: slot), let memory = places[index].memory else { return false }
      for tensor in 0..<places[index].count {
        let stride = step * memory.stride(of: places[index].first + tensor)
        if let first = places[index].input { inputStrides[first + tensor] = stride }
        if let first = places[index].output { outputStrides[first + tensor] = stride }
      }
    }
    try prepare()
    return main.run(count: count, inputStrides: inputStrides, outputStrides: outputStrides)
  }

  private func prepare() throws {
    wasRun = true
    if !isComplete {
      for place in places where place.memory == nil && place.count > 0 {
        preconditionFailure("a program runs with nothing bound to a slot of \(place.types)")
      }
      isComplete = true
    }
    guard isStale, let prologue else { return }
    try prologue.run()
    isStale = false
  }
}

extension BoundProgram: CustomStringConvertible {
  /// The plan of the loop's program, after that of what was split off.
  var description: String {
    (prologue.map { "once:\n\($0.program)\neach step:\n" } ?? "") + "\(main.program)"
  }
}

internal import OuterloopAutodiff
internal import OuterloopNumerics

/// One compiled program of a problem, bound to buffers, with the part that does not change through
/// a run split off and run once.
final class Stage {
  let main: Workspace
  private let prologue: Workspace?
  private let hoisted: [Storage]
  private let invariant: [Int]
  /// For each input, whether the result depends on it.
  let usesInput: [Bool]

  /// - Parameter outputs: types of the results, whose memory others provide: element types and counts
  ///   are checked, since closures may give something else than they did before. Nil where the graph
  ///   itself says what memory it needs.
  init(
    _ graph: Graph, invariant: Set<Int>, gives outputs: [TensorType]?, donated: [Int: Int] = [:]
  ) throws {
    let found = graph.outputs.map { graph.nodes[$0].type }
    if let outputs {
      let agrees =
        found.count == outputs.count
        && zip(found, outputs).allSatisfy { $0.dtype == $1.dtype && $0.count == $1.count }
      guard agrees else {
        throw BilevelError.invalid(
          "closures of the problem give \(found) where \(outputs) is needed: tensors and their types "
            + "must stay the same from call to call")
      }
    }
    let (before, rest) = try graph.hoisting(invariant: invariant)
    self.invariant = invariant.sorted()
    usesInput = graph.usedInputs
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
  }

  /// Bytes of temporaries, scratch and hoisted values.
  var byteCount: Int {
    main.byteCount + (prologue?.byteCount ?? 0) + hoisted.reduce(0) { $0 + $1.byteCount }
  }

  func bind(input index: Int, to pointer: UnsafeMutableRawPointer) {
    main.bind(input: index, to: pointer)
    if let prologue, let place = invariant.firstIndex(of: index) {
      prologue.bind(input: place, to: pointer)
    }
  }

  /// Binds an input that is not invariant: no look-up.
  func bind(varying index: Int, to pointer: UnsafeMutableRawPointer) {
    main.bind(input: index, to: pointer)
  }

  func bind(output index: Int, to pointer: UnsafeMutableRawPointer) {
    main.bind(output: index, to: pointer)
  }

  func bind(inputs first: Int, to pointers: [UnsafeMutableRawPointer]) {
    for (index, pointer) in pointers.enumerated() { bind(input: first + index, to: pointer) }
  }

  func bind(outputs first: Int, to pointers: [UnsafeMutableRawPointer]) {
    for (index, pointer) in pointers.enumerated() {
      main.bind(output: first + index, to: pointer)
    }
  }

  /// Computes what depends only on the invariant inputs; call it when they are bound or change.
  func prepare() throws { try prologue?.run() }

  func run() throws { try main.run() }
}

extension Stage: CustomStringConvertible {
  /// The plan of the loop's program, after that of what was split off.
  var description: String {
    (prologue.map { "once:\n\($0.program)\neach step:\n" } ?? "") + "\(main.program)"
  }
}

import COuterloopKernels
import OuterloopNumerics
import Synchronization
import Testing

@testable import OuterloopAutodiff

/// Compiled programs against a naive interpreter, on thousands of random graphs. A failure prints
/// the smallest part of its graph that still fails.
@Suite struct ProgramFuzzTests {
  struct Batch: Sendable, CustomTestStringConvertible {
    var name: String
    var count: Int
    var style: RandomGraph.Style
    var testDescription: String { name }

    func truth(_ graph: RandomGraph) -> Truth { Truth(graph, runs: style.isLarge ? 2 : 3) }
  }

  /// Times as many graphs, for a longer search.
  static let scale = ProcessEnvironment["OUTERLOOP_FUZZ_SCALE"].flatMap { Int($0) } ?? 1

  static let batches = [
    Batch(name: "float64", count: 700, style: .init()),
    Batch(name: "float32", count: 700, style: .init(dtype: .float32)),
    Batch(name: "long", count: 90, style: .init(steps: 40...120)),
    Batch(name: "dense", count: 500, style: .init(isDense: true, steps: 4...16)),
    Batch(name: "large", count: 40, style: .init(isLarge: true, steps: 4...16)),
    Batch(
      name: "large float32", count: 40, style: .init(dtype: .float32, isLarge: true, steps: 4...16)),
  ]

  private func forEachGraph(
    _ batch: Batch, purpose: String, _ check: (RandomGraph) throws -> String?
  ) {
    for seed in 0..<UInt64(batch.count * Self.scale) {
      let graph = RandomGraph(seed: seed, batch.style, purpose: purpose)
      guard let mismatch = Self.mismatch(check, graph) else { continue }
      let small = graph.shrunk { Self.mismatch(check, $0) != nil }
      let again = Self.mismatch(check, small) ?? mismatch
      let plan = (try? Program(small.graph(), leastAccumulated: 1).description) ?? "no plan"
      Issue.record("\(batch.name) seed \(seed): \(again)\n\(small)\n\(plan)")
      return
    }
  }

  private static func mismatch(
    _ check: (RandomGraph) throws -> String?, _ graph: RandomGraph
  ) -> String? {
    do { return try check(graph) } catch { return "threw \(error)" }
  }

  @Test(arguments: batches) func equalsTheInterpreter(_ batch: Batch) {
    forEachGraph(batch, purpose: "truth") { graph in
      batch.truth(graph).mismatch(
        about: try Program(graph.graph(), leastAccumulated: 1).run(graph.inputTensors))
    }
  }

  /// A workspace that is used again, in other memory, with other numbers in between.
  @Test(arguments: batches) func workspacesAreReusable(_ batch: Batch) {
    forEachGraph(
      Batch(name: batch.name, count: batch.count / 4, style: batch.style), purpose: "reuse"
    ) {
      graph in
      let program = try Program(graph.graph(), leastAccumulated: 1)
      let workspace = try Workspace(program)
      let inputs = graph.inputTensors
      let first = try run(workspace, program, inputs)
      _ = try run(
        workspace, program,
        inputs.map {
          $0.dtype == .int32 ? $0 : Tensor(repeating: .nan, shape: $0.shape, dtype: $0.dtype)
        })
      let second = try run(workspace, program, inputs)
      return try sameBits(first, second) ? nil : "a second run gives something else"
    }
  }

  @Test(arguments: batches) func donationChangesNothing(_ batch: Batch) {
    forEachGraph(batch, purpose: "donation") { graph in
      var draws = Draws(seed: UInt64(graph.steps.count), purpose: "donated")
      // Outputs of the same type as an input take over its memory, each input once.
      var donated: [Int: Int] = [:]
      var free = draws.shuffled(Array(graph.inputs.indices))
      for output in graph.outputs.indices {
        let type = graph.steps[graph.outputs[output]].type
        guard let index = free.firstIndex(where: { graph.inputs[$0].type == type }) else {
          continue
        }
        donated[output] = free.remove(at: index)
      }
      guard !donated.isEmpty else { return nil }
      let program = try Program(graph.graph(), donated: donated, leastAccumulated: 1)
      let inputs = graph.inputTensors
      let results = try run(try Workspace(program), program, inputs, donated: donated)
      if let mismatch = batch.truth(graph).mismatch(about: results) {
        return "donated \(donated): \(mismatch)"
      }
      return try sameBits(inputs, graph.inputTensors) ? nil : "an input was overwritten"
    }
  }

  @Test(arguments: batches) func hoistingChangesNothing(_ batch: Batch) {
    forEachGraph(batch, purpose: "hoisting") { graph in
      var draws = Draws(seed: UInt64(graph.steps.count), purpose: "invariant")
      let invariant = Set(graph.inputs.indices.filter { _ in draws.chance(0.6) })
      let (prologue, main) = try graph.graph().hoisting(invariant: invariant)
      try prologue.verify()
      try main.verify()
      let inputs = graph.inputTensors
      let hoisted = try Program(prologue, leastAccumulated: 1).run(
        invariant.sorted().map { inputs[$0] })
      let results = try Program(main, leastAccumulated: 1).run(inputs + hoisted)
      return batch.truth(graph).mismatch(about: results)
    }
  }

  /// What one part of a graph keeps for another is what that part would compute itself.
  @Test(arguments: batches) func sharedProductsChangeNothing(_ batch: Batch) {
    forEachGraph(batch, purpose: "sharing") { graph in
      guard graph.outputs.count > 1 else { return nil }
      var draws = Draws(seed: UInt64(graph.steps.count), purpose: "shared")
      let whole = try graph.graph()
      let first = 1 + draws.below(whole.outputs.count - 1)
      let barred = draws.below(whole.inputs.count + 1)..<whole.inputs.count
      let kept = whole.sharedProducts(
        first: 0..<first, second: first..<whole.outputs.count, excluded: barred, flopsPerByte: 0)
      let early = try whole.extracted(
        inputs: whole.inputs, outputs: Array(whole.outputs[..<first]) + kept)
      // The kept values depend on no input that is barred.
      let alone = try whole.extracted(
        inputs: Array(whole.inputs[..<barred.lowerBound]), outputs: kept)
      let late = try whole.extracted(
        inputs: whole.inputs + kept, outputs: Array(whole.outputs[first...]))
      let inputs = graph.inputTensors
      let results = try Program(early, leastAccumulated: 1).run(inputs)
      let products = Array(results[first...])
      let again = try Program(alone).run(Array(inputs[..<barred.lowerBound]))
      guard try sameBits(products, again) else {
        return "kept products depend on who computes them"
      }
      let rest = try Program(late, leastAccumulated: 1).run(inputs + products)
      return batch.truth(graph).mismatch(about: results[..<first] + rest)
    }
  }

  /// Steps repeated in one call are the same steps one by one: inputs and outputs that move either
  /// way or stay, states that follow each other, and outputs that update an input in place.
  @Test(arguments: [DType.float64, .float32]) func repeatedRunsAreSeparateRuns(_ dtype: DType) {
    let style = RandomGraph.Style(dtype: dtype, isPointwise: true, steps: 3...9)
    var repeated = 0
    forEachGraph(Batch(name: "repeat", count: 600, style: style), purpose: "repeat") { graph in
      var draws = Draws(seed: UInt64(graph.steps.count), purpose: "moves")
      let runs = 4
      var inputStrides = graph.inputs.map { $0.type.byteCount * (draws.below(3) - 1) }
      var outputStrides: [Int] = []
      var donated: [Int: Int] = [:]
      var follows: [Int: Int] = [:]
      var free = draws.shuffled(Array(graph.inputs.indices))
      for (number, output) in graph.outputs.enumerated() {
        let type = graph.steps[output].type
        outputStrides.append(type.byteCount * (draws.below(3) - 1))
        guard draws.chance(0.6),
          let index = free.firstIndex(where: { graph.inputs[$0].type == type })
        else { continue }
        let input = free.remove(at: index)
        if inputStrides[input] == 0 {
          donated[number] = input
        } else {
          follows[number] = input
        }
        outputStrides[number] = inputStrides[input]
      }
      if draws.chance(0.1) {
        inputStrides = inputStrides.map { _ in 0 }
        follows = [:]
      }
      let program = try Program(graph.graph(), donated: donated)

      /// Everything in memory after all runs.
      func memory(_ run: (Workspace, (Int) -> Void) throws -> Bool) throws -> [Storage]? {
        func room(_ type: TensorType) -> Storage {
          let storage = Storage(byteCount: type.byteCount * (2 * runs + 1))
          storage.pointer.initializeMemory(
            as: UInt8.self, repeating: 0xFF, count: storage.byteCount)
          return storage
        }
        let inputs = try graph.inputs.map { input in
          let storage = room(input.type)
          for slot in 0...(2 * runs) {
            // Every run sees other numbers.
            var moved = input
            if input.type.dtype.isFloating {
              moved.data = input.data.map { $0 + Double(slot - runs) / 8 }
            }
            try moved.tensor.withBytes {
              (storage.pointer + slot * input.type.byteCount).copyMemory(
                from: $0, byteCount: input.type.byteCount)
            }
          }
          return storage
        }
        var outputs = program.outputTypes.map(room)
        for (output, input) in donated.merging(follows, uniquingKeysWith: { $1 }) {
          outputs[output] = inputs[input]
        }
        let workspace = try Workspace(program)
        func bind(_ step: Int) {
          for (index, storage) in inputs.enumerated() {
            let middle = storage.pointer + runs * graph.inputs[index].type.byteCount
            workspace.bind(input: index, to: middle + step * inputStrides[index])
          }
          for (index, storage) in outputs.enumerated() {
            let ahead = follows[index] == nil ? step : step + 1
            let middle = storage.pointer + runs * program.outputTypes[index].byteCount
            workspace.bind(output: index, to: middle + ahead * outputStrides[index])
          }
        }
        return try run(workspace, bind) ? inputs + outputs : nil
      }
      let together = try memory { workspace, bind in
        bind(0)
        return workspace.run(
          count: runs, inputStrides: inputStrides, outputStrides: outputStrides)
      }
      guard let together else { return nil }
      repeated += 1
      let apart = try memory { workspace, bind in
        for step in 0..<runs {
          bind(step)
          try workspace.run()
        }
        return true
      }
      for (index, (a, b)) in zip(together, apart ?? []).enumerated() {
        let (x, y) = (
          UnsafeRawBufferPointer(start: a.pointer, count: a.byteCount),
          UnsafeRawBufferPointer(start: b.pointer, count: b.byteCount)
        )
        if !x.elementsEqual(y) {
          return "memory \(index) differs; strides \(inputStrides) \(outputStrides), "
            + "donated \(donated), follows \(follows)"
        }
      }
      return nil
    }
    #expect(repeated > 40)
  }

  /// A product does not add in place to what it multiplies. Large enough not to fit the registers
  /// of a product, which would hide it.
  @Test func productsOfTheirAddend() throws {
    let size = 150
    let graph = try Graph(tracing: [TensorType([size, size], .float64)]) { x in
      let y = sin(x[0])
      return [(matmul(y, y) + y).transposed()]
    }
    let x = RandomKey(seed: 6, purpose: "addend").normal([size, size], dtype: .float64)
    let whole = try Program(graph, leastAccumulated: 1).run([x])[0]
    let y = sin(x)
    let error = whole - (matmul(y, y) + y).transposed()
    #expect(try error.square().max().item() < 1e-20)
  }

  /// Results do not depend on the number of threads, to the last bit.
  @Test func threadsAgree() {
    let style = RandomGraph.Style(dtype: .float32, isLarge: true, steps: 6...20)
    forEachGraph(Batch(name: "threads", count: 80, style: style), purpose: "threads") { graph in
      try ProcessWide.locked {
        let compiled = try graph.graph()
        let before = ThreadBudget.threads
        defer { ThreadBudget.threads = before }
        func results(_ threads: Int) throws -> [Tensor] {
          ThreadBudget.threads = threads
          return try Program(compiled).run(graph.inputTensors)
        }
        // Tests of the kernels may switch the instruction set meanwhile: only a difference that
        // stays is one.
        for _ in 0..<3 {
          let one = try results(1)
          let two = try results(2)
          let three = try results(3)
          if try sameBits(one, two) && sameBits(one, three) { return nil }
        }
        return "1, 2 and 3 threads differ"
      }
    }
  }

  @Test(arguments: ["baseline", "avx2", "avx512"]) func instructionSetsAgree(_ name: String) {
    for batch in Self.batches {
      forEachGraph(
        Batch(name: "\(name) \(batch.name)", count: batch.count / 8, style: batch.style),
        purpose: "isa"
      ) { graph in
        let results: [Tensor]? = try ProcessWide.locked {
          let before = String(cString: ol_isa_name())
          guard ol_isa_select(name) == 0 else { return nil }
          defer { _ = ol_isa_select(before) }
          return try Program(graph.graph()).run(graph.inputTensors)
        }
        guard let results else { return nil }
        return batch.truth(graph).mismatch(about: results)
      }
    }
  }

  // MARK: - Derivatives

  @Test func derivativesOfRandomGraphs() {
    let style = RandomGraph.Style(isSmooth: true, steps: 4...14)
    forEachGraph(Batch(name: "smooth", count: 250, style: style), purpose: "derivative") { graph in
      let moving = graph.inputs.indices.filter { graph.inputs[$0].type.dtype == .float64 }
      guard !moving.isEmpty else { return nil }
      let all = graph.inputTensors
      let weights = graph.outputs.enumerated().map { index, output in
        RandomKey(seed: 3, purpose: "weights", index: UInt64(index))
          .normal(graph.steps[output].type.shape, dtype: .float64)
      }
      func f(_ x: [Tensor]) -> Tensor {
        var inputs = all
        for (position, tensor) in zip(moving, x) { inputs[position] = tensor }
        return zip(graph(inputs), weights).filter { $0.0.dtype == .float64 }.map { ($0 * $1).sum() }
          .reduce(Tensor(0, dtype: .float64), +)
      }
      let x = moving.map { all[$0] }
      func direction(_ name: String) -> [Tensor] {
        x.enumerated().map {
          RandomKey(seed: 5, purpose: name, index: UInt64($0.offset))
            .normal($0.element.shape, dtype: .float64)
        }
      }
      let (u, v) = (direction("u"), direction("v"))
      let slope = try jvp(at: x, along: v, of: f).derivative.item()
      let gradient = try OuterloopAutodiff.gradient(at: x, of: f)
      let back = try dot(gradient, v)
      let size = try Swift.max(1, norm(gradient) * norm(v), Swift.abs(slope))
      guard Swift.abs(slope - back) <= 1e-10 * size else {
        return "forward \(slope), reverse \(back)"
      }
      // Central differences by the interpreter, where they are trustworthy.
      func difference(_ h: Double) -> Double {
        func value(_ h: Double) -> Double {
          var inputs = graph.inputs
          for (position, step) in zip(moving, v) {
            let moves = (try? step.doubles()) ?? []
            for index in moves.indices { inputs[position].data[index] += h * moves[index] }
          }
          var interpreter = NaiveInterpreter()
          let values = interpreter.run(graph.steps, inputs: inputs, constants: graph.constants)
          var sum = 0.0
          for (output, weight) in zip(graph.outputs, weights) {
            for (a, b) in zip(values[output].data, (try? weight.doubles()) ?? []) { sum += a * b }
          }
          return sum
        }
        return (value(h) - value(-h)) / (2 * h)
      }
      let (coarse, fine) = (difference(2e-5), difference(1e-5))
      if Swift.abs(coarse - fine) < 1e-6 * size, Swift.abs(fine - slope) > 1e-4 * size {
        return "derivative \(slope), differences \(fine)"
      }
      // Second order: symmetric, and the same over either mode.
      let curved = try hessianVectorProduct(at: x, along: v, of: f).product
      let other = try hessianVectorProduct(at: x, along: u, of: f).product
      let twice = try OuterloopAutodiff.gradient(at: x) { x in
        let inner = try OuterloopAutodiff.gradient(at: x, of: f)
        return zip(inner, v).map { ($0 * $1).sum() }.reduce(Tensor(0, dtype: .float64), +)
      }
      let scale = try Swift.max(1, norm(curved) * norm(u), norm(other) * norm(v))
      guard try Swift.abs(dot(u, curved) - dot(v, other)) <= 1e-9 * scale else {
        return "the Hessian is not symmetric"
      }
      guard try norm(zip(curved, twice).map { $0 - $1 }) <= 1e-9 * scale else {
        return "forward over reverse is not reverse over reverse"
      }
      return nil
    }
  }

  // MARK: - Running

  /// Runs on memory of our own: outputs start as NaN, donated ones as their input.
  private func run(
    _ workspace: Workspace, _ program: Program, _ inputs: [Tensor], donated: [Int: Int] = [:]
  ) throws -> [Tensor] {
    var memory: [Storage] = []
    for (index, input) in inputs.enumerated() {
      let storage = Storage(byteCount: input.type.byteCount)
      try input.withBytes {
        storage.pointer.copyMemory(from: $0, byteCount: input.type.byteCount)
      }
      memory.append(storage)
      workspace.bind(input: index, to: storage.pointer)
    }
    var results: [Storage] = []
    for (index, type) in program.outputTypes.enumerated() {
      if let input = donated[index] {
        results.append(memory[input])
      } else {
        let storage = Storage(byteCount: type.byteCount)
        storage.pointer.initializeMemory(as: UInt8.self, repeating: 0xFF, count: type.byteCount)
        results.append(storage)
      }
      workspace.bind(output: index, to: results[index].pointer)
    }
    try withExtendedLifetime((memory, results)) { try workspace.run() }
    // Inputs that were not given away are as they were.
    for (index, input) in inputs.enumerated() where !donated.values.contains(index) {
      let now = Tensor(type: input.type, content: .values(memory[index]))
      guard try sameBits([now], [input]) else {
        throw TensorError("input \(index) was overwritten")
      }
    }
    return zip(program.outputTypes, results).map { Tensor(type: $0, content: .values($1)) }
  }

  private func dot(_ a: [Tensor], _ b: [Tensor]) throws -> Double {
    var sum = 0.0
    for (x, y) in zip(a, b) { for (p, q) in zip(try x.doubles(), try y.doubles()) { sum += p * q } }
    return sum
  }

  private func norm(_ a: [Tensor]) throws -> Double { try dot(a, a).squareRoot() }
}

/// What a graph's outputs are, and how far rounding may move each element.
struct Truth {
  let outputs: [Plain]
  private(set) var slack: [[Double]]

  init(_ graph: RandomGraph, runs: Int) {
    outputs = graph.outputs.map { graph.values[$0] }
    slack = outputs.map { [Double](repeating: 0, count: $0.data.count) }
    for seed in 0..<runs {
      var interpreter = NaiveInterpreter(noise: 4, seed: UInt64(seed + 1))
      let noisy = interpreter.run(graph.steps, inputs: graph.inputs, constants: graph.constants)
      for (number, output) in graph.outputs.enumerated() {
        for (index, value) in noisy[output].data.enumerated() {
          let exact = outputs[number].data[index]
          let moved = value.isNaN && exact.isNaN || value == exact ? 0 : Swift.abs(value - exact)
          slack[number][index] = moved.isNaN ? .infinity : Swift.max(slack[number][index], moved)
        }
      }
    }
    // One noisy run may be lucky in one place: neighbours share their slack.
    for number in slack.indices {
      let finite = slack[number].filter(\.isFinite)
      let mean = finite.reduce(0, +) / Double(Swift.max(finite.count, 1))
      for index in slack[number].indices {
        slack[number][index] = 60 * Swift.max(slack[number][index], mean)
      }
    }
  }

  func mismatch(about results: [Tensor]) -> String? {
    guard results.map(\.type) == outputs.map(\.type) else { return "types \(results.map(\.type))" }
    for (number, result) in results.enumerated() {
      guard let values = try? result.doubles() else { return "no values" }
      for (index, got) in values.enumerated() {
        let wanted = outputs[number].data[index]
        let allowed = slack[number][index]
        let isRight =
          allowed == .infinity || got == wanted || got.isNaN && wanted.isNaN
          || Swift.abs(got - wanted) <= allowed
        if !isRight {
          return "output \(number) is \(got) at \(index), not \(wanted) (may differ by \(allowed))"
        }
      }
    }
    return nil
  }
}

/// Instruction set and thread budget belong to the process: one test at a time changes them.
enum ProcessWide {
  private static let lock = Mutex(())
  static func locked<R>(_ body: () throws -> sending R) rethrows -> R {
    try lock.withLock { _ in try body() }
  }
}

/// Equality of memory, so that NaN equals itself and 0 is not -0.
func sameBits(_ a: [Tensor], _ b: [Tensor]) throws -> Bool {
  guard a.map(\.type) == b.map(\.type) else { return false }
  for (x, y) in zip(a, b) {
    let count = x.type.byteCount
    let same = try x.withBytes { p in
      try y.withBytes { q in
        UnsafeRawBufferPointer(start: p, count: count)
          .elementsEqual(UnsafeRawBufferPointer(start: q, count: count))
      }
    }
    guard same else { return false }
  }
  return true
}

public import OuterloopNumerics

/// Memory for lists of tensors of given types: one list, such as an adjoint, or many, such as the
/// states of a trajectory. Each tensor has its own block, with an entry for every list.
public final class TensorMemory {
  fileprivate struct Block {
    let storage: Storage
    let base: UnsafeMutableRawPointer
    let byteCount: Int
    /// Bytes from one place to the next.
    var stride = 0
    var places = 1
  }

  let types: [TensorType]
  fileprivate let blocks: UnsafeMutableBufferPointer<Block>
  /// Whether a problem keeps it from run to run: then it may stay bound.
  private(set) var isLasting = false

  private init(_ types: [TensorType], _ block: (_ tensor: Int) -> Block) {
    self.types = types
    blocks = .allocate(capacity: types.count)
    for index in types.indices { blocks.initializeElement(at: index, to: block(index)) }
  }

  deinit { blocks.deinitialize().deallocate() }

  /// One list of tensors.
  convenience init(_ types: [TensorType]) {
    self.init(types, in: types.map { Storage(byteCount: $0.byteCount) })
  }

  /// One list in blocks of the tensors' sizes.
  convenience init(_ types: [TensorType], in storages: [Storage]) {
    self.init(types) { index in
      let storage = storages[index]
      return Block(storage: storage, base: storage.pointer, byteCount: storage.byteCount)
    }
  }

  /// Materialised tensors, without a copy, as one list.
  /// - Parameter types: those of the tensors, where a list of them is at hand.
  convenience init(holding tensors: [Tensor], _ types: [TensorType]? = nil) {
    let types = types ?? tensors.map(\.type)
    self.init(types) { index in
      guard case .values(let storage) = tensors[index].content else {
        preconditionFailure("a tensor without memory was bound to a program")
      }
      return Block(storage: storage, base: storage.pointer, byteCount: types[index].byteCount)
    }
  }

  /// A number of lists, each tensor of which begins at a cache line.
  ///
  /// - Parameters:
  ///   - kept: tensors of which every entry is needed later; the others alternate between two.
  ///   - spare: blocks to take where one has the right size. Reusing touched pages pays off: a new
  ///     block costs a page fault every 4 KiB.
  convenience init(
    _ types: [TensorType], places count: Int, kept: [Bool]? = nil, reusing spare: inout [Storage]
  ) {
    self.init(types) { index in
      let places = kept?[index] ?? true ? count : Swift.min(2, count)
      let bytes = types[index].byteCount
      let stride = (bytes + 63) & ~63
      let known = spare.firstIndex { $0.byteCount == stride * places }
      let storage = known.map { spare.remove(at: $0) } ?? Storage(byteCount: stride * places)
      return Block(
        storage: storage, base: storage.pointer, byteCount: bytes, stride: stride, places: places)
    }
  }

  /// The entries of tensors along their first axis, a place for each.
  convenience init(rowsOf list: TensorBuffers, as types: [TensorType]) {
    self.init(types) { index in
      let bytes = types[index].byteCount
      return Block(
        storage: list.block(index).storage, base: list[index], byteCount: bytes, stride: bytes,
        places: bytes == 0 ? 1 : list.block(index).byteCount / bytes)
    }
  }

  /// The tensors of two lists as one, without a copy.
  convenience init(joining first: TensorBuffers, _ second: TensorBuffers) {
    self.init(first.types + second.types) { index in
      let (list, tensor) = index < first.count ? (first, index) : (second, index - first.count)
      return Block(
        storage: list.block(tensor).storage, base: list[tensor],
        byteCount: list.byteCount(of: tensor))
    }
  }

  /// One of the lists; places are counted on modulo their number, negative ones are the first.
  public subscript(place: Int) -> TensorBuffers {
    TensorBuffers(
      memory: self, place: Swift.max(place, 0), first: 0, count: types.count)
  }

  /// The same, kept with a problem.
  var lasting: TensorMemory {
    isLasting = true
    return self
  }

  /// Bytes held, without alignment.
  var byteCount: Int {
    var sum = 0
    for index in blocks.indices { sum += blocks[index].byteCount * blocks[index].places }
    return sum
  }

  /// Bytes from one place to the next.
  func stride(of tensor: Int) -> Int { blocks[tensor].stride }

  /// Whether every one of `count` lists has its own place, in every tensor.
  func keepsAll(_ count: Int) -> Bool { blocks.allSatisfy { $0.places >= count } }

  /// Returns the blocks to a list from which the next run takes them.
  func recycle(into spare: inout [Storage]) { spare = blocks.map(\.storage) + spare.prefix(8) }

  /// The tensors of the one list, sharing its memory.
  var tensors: [Tensor] {
    zip(types, blocks).map { Tensor(type: $0, content: .values($1.storage)) }
  }

  /// Unused memory of the same types: a run takes what it needs and returns it, so an online run
  /// allocates it once.
  final class Pool {
    private let types: [TensorType]
    private var free: [TensorMemory] = []

    init(_ types: [TensorType]) { self.types = types }

    func take() -> TensorMemory { free.popLast() ?? TensorMemory(types).lasting }

    func give(_ memory: TensorMemory) { free.append(memory) }
  }
}

/// A list of tensors in memory that it keeps alive: a state, its weights alone, an adjoint.
public struct TensorBuffers {
  let memory: TensorMemory
  let place: Int
  /// The first tensor, and how many.
  let first, count: Int

  /// New memory for one list.
  init(_ types: [TensorType]) { self = TensorMemory(types)[0] }

  /// The given tensors without a copy; they must be materialised.
  init(holding tensors: [Tensor], _ types: [TensorType]? = nil) {
    self = TensorMemory(holding: tensors, types)[0]
  }

  fileprivate init(memory: TensorMemory, place: Int, first: Int, count: Int) {
    self.memory = memory
    self.place = place
    self.first = first
    self.count = count
  }

  var indices: Range<Int> { 0..<count }

  fileprivate func block(_ tensor: Int) -> TensorMemory.Block { memory.blocks[first + tensor] }

  /// The address of a tensor; valid while the memory lives.
  subscript(tensor: Int) -> UnsafeMutableRawPointer {
    let places = memory.blocks[first + tensor].places
    return memory.blocks[first + tensor].base
      + memory.blocks[first + tensor].stride * (place < places ? place : place % places)
  }

  func type(_ tensor: Int) -> TensorType { memory.types[first + tensor] }

  func byteCount(of tensor: Int) -> Int { memory.blocks[first + tensor].byteCount }

  var types: [TensorType] { Array(memory.types[first..<(first + count)]) }

  /// Whether the tensors are of these types.
  func has(_ types: [TensorType]) -> Bool {
    count == types.count
      && (count == memory.types.count
        ? memory.types == types : memory.types[first..<(first + count)].elementsEqual(types))
  }

  func prefix(_ length: Int) -> TensorBuffers {
    TensorBuffers(memory: memory, place: place, first: first, count: length)
  }

  func dropFirst(_ length: Int) -> TensorBuffers {
    TensorBuffers(memory: memory, place: place, first: first + length, count: count - length)
  }

  var byteCount: Int { indices.reduce(0) { $0 + byteCount(of: $1) } }

  /// The values as new tensors.
  public var tensors: [Tensor] {
    indices.map { index in
      let type = type(index)
      return Tensor(type: type) { $0.copyMemory(from: self[index], byteCount: type.byteCount) }
    }
  }

  /// A single float64, such as a rate or a loss.
  static func number(_ value: Double = 0) -> TensorBuffers {
    let buffers = TensorBuffers([TensorType([], .float64)])
    buffers.number = value
    return buffers
  }

  var number: Double {
    get { self[0].load(as: Double.self) }
    nonmutating set { self[0].storeBytes(of: newValue, as: Double.self) }
  }
}

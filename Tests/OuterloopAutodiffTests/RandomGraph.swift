import OuterloopNumerics

@testable import OuterloopAutodiff

/// Reproducible choices.
struct Draws {
  private let seed: UInt64
  private let purpose: String
  private var block: UInt64 = 0
  private var words: [UInt32] = []

  init(seed: UInt64, purpose: String) {
    self.seed = seed
    self.purpose = purpose
  }

  private mutating func word() -> UInt32 {
    if words.isEmpty {
      words = RandomKey(seed: seed, purpose: purpose, index: block).bits(256)
      block += 1
    }
    return words.removeLast()
  }

  mutating func below(_ limit: Int) -> Int { Int((UInt64(word()) &* UInt64(limit)) >> 32) }
  mutating func chance(_ p: Double) -> Bool { unit() < p }
  mutating func unit() -> Double { Double(word()) * 0x1p-32 }
  mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }

  mutating func shuffled<T>(_ items: [T]) -> [T] {
    var items = items
    for last in items.indices.dropFirst().reversed() { items.swapAt(last, below(last + 1)) }
    return items
  }
}

/// A random straight-line computation on random inputs, grown one primitive at a time. Every value
/// is known as it grows, so steps that would leave the range of ordinary numbers are mostly refused.
struct RandomGraph {
  typealias Step = NaiveInterpreter.Step

  struct Style {
    var dtype = DType.float64
    /// Tensors of thousands of elements, beyond the blocks of a fused pass.
    var isLarge = false
    /// Only operations with derivatives, away from kinks and poles.
    var isSmooth = false
    /// Mostly products, and sums that products end.
    var isDense = false
    /// Mostly single passes over numbers of one shape.
    var isPointwise = false
    var steps = 4...24
  }

  private(set) var steps: [Step] = []
  private(set) var values: [Plain] = []
  private(set) var inputs: [Plain] = []
  private(set) var constants: [Plain] = []
  var outputs: [Int] = []
  private var style: Style
  private var draws: Draws
  private var interpreter = NaiveInterpreter()
  private var dims: (m: Int, r: Int, c: Int) = (1, 1, 1)

  init(seed: UInt64, _ style: Style, purpose: String = "graph") {
    self.style = style
    draws = Draws(seed: seed, purpose: purpose)
    let sizes = style.isLarge ? [1, 2, 3, 17, 64, 65, 130, 1030, 4100] : [1, 2, 2, 3, 3, 4, 5, 7]
    repeat {
      dims = (draws.pick([1, 2, 3]), draws.pick(sizes), draws.pick(sizes))
    } while dims.r * dims.c > (style.isLarge ? 9000 : 50)
    for _ in 0...draws.below(3) { _ = leaf(shape(), draws.chance(0.85) ? .input : .constant) }
    if style.isPointwise {
      for _ in 0..<2 { _ = leaf(draws.chance(0.7) ? [dims.c] : [], .input) }
    }
    let target = style.steps.lowerBound + draws.below(style.steps.count)
    var tries = 0
    while steps.count < target, tries < 20 * target {
      tries += 1
      grow()
    }
    chooseOutputs()
  }

  // MARK: - Growing

  private var limit: Int { style.isLarge ? 30_000 : 400 }

  private mutating func shape() -> [Int] {
    let (m, r, c) = dims
    return draws.pick([
      [], [1], [c], [r], [1, c], [r, 1], [r, c], [r, c], [r, c], [c, r], [m, r, c], [m, 1, c],
      [r, m, c], [r * c], [1, r, 1, c],
    ])
  }

  private enum Leaf { case input, constant }

  private mutating func number() -> Double {
    draws.chance(0.3) ? Double(draws.below(4)) - 1 : draws.unit() * 4 - 2
  }

  private mutating func leaf(_ shape: [Int], _ kind: Leaf, _ dtype: DType? = nil) -> Int {
    let type = TensorType(shape, dtype ?? style.dtype)
    let isPlain = !style.isSmooth && draws.chance(0.2)
    let data = (0..<type.count).map { _ in
      NaiveInterpreter.value(
        isPlain ? Double(draws.below(4)) - 1 : draws.unit() * 4 - 2, as: type.dtype)
    }
    return leaf(Plain(type, data), kind)
  }

  private mutating func leaf(_ value: Plain, _ kind: Leaf) -> Int {
    values.append(value)
    switch kind {
    case .input:
      steps.append(
        Step(
          operation: .input(Input(number: inputs.count, type: value.type)), operands: [],
          type: value.type))
      inputs.append(value)
    case .constant:
      steps.append(
        Step(
          operation: .constant(Constant(number: constants.count, type: value.type)),
          operands: [], type: value.type))
      constants.append(value)
    }
    return steps.count - 1
  }

  /// Adds a step if its types fit and its values are ordinary numbers.
  @discardableResult
  private mutating func add(_ operation: OuterloopAutodiff.Operation, _ operands: [Int]) -> Int? {
    guard let type = try? operation.primitive.type(of: operands.map { steps[$0].type }),
      type.count <= limit, type.rank <= 6
    else { return nil }
    let value = interpreter.apply(operation, operands.map { values[$0] }, type)
    let isOrdinary = value.data.allSatisfy { Swift.abs($0) < (style.isSmooth ? 30 : 1e4) }
    guard isOrdinary || (!style.isSmooth && draws.chance(0.02)) else { return nil }
    steps.append(Step(operation: operation, operands: operands, type: type))
    values.append(value)
    return steps.count - 1
  }

  /// A floating node, recent ones more often.
  private mutating func float(_ fits: (TensorType) -> Bool = { _ in true }) -> Int? {
    for _ in 0..<12 {
      let recent = draws.chance(0.5)
      let node =
        recent ? steps.count - 1 - draws.below(min(5, steps.count)) : draws.below(steps.count)
      if steps[node].type.dtype.isFloating, fits(steps[node].type) { return node }
    }
    return nil
  }

  /// A node of the given type made from another, by broadcasting where possible.
  private mutating func partner(of type: TensorType) -> Int? {
    if draws.chance(0.1) {
      return add(.fill(Fill(number(), type)), [])
    }
    for _ in 0..<6 {
      guard let node = float({ $0.dtype == type.dtype }) else { break }
      if let fitted = broadcast(node, to: type.shape) { return fitted }
    }
    return draws.chance(0.5) ? leaf(type.shape, .input, type.dtype) : nil
  }

  /// Repeats a node along new axes in one of the ways it fits; axes of size 1 may grow.
  private mutating func broadcast(_ node: Int, to shape: [Int]) -> Int? {
    let own = steps[node].type.shape
    if own == shape { return node }
    var source = node
    if own.contains(1), draws.chance(0.7) {
      guard let squeezed = add(.reshape(Reshape(shape: own.filter { $0 != 1 })), [node]) else {
        return nil
      }
      source = squeezed
    }
    let sizes = steps[source].type.shape
    guard sizes.count <= shape.count else { return nil }
    // A random ascending choice of axes, if one fits.
    for _ in 0..<4 {
      var axes: [Int] = []
      var axis = 0
      for (index, size) in sizes.enumerated() {
        while axis < shape.count - (sizes.count - 1 - index),
          shape[axis] != size || (draws.chance(0.3) && axis < shape.count - sizes.count + index)
        {
          axis += 1
        }
        guard axis < shape.count, shape[axis] == size else { break }
        axes.append(axis)
        axis += 1
      }
      if axes.count == sizes.count {
        return add(.broadcast(Broadcast(shape: shape, axes: axes)), [source])
      }
    }
    return nil
  }

  private mutating func grow() {
    if style.isDense, draws.chance(0.6) { return growAccumulation() }
    if style.isPointwise, draws.chance(0.9) {
      return draws.chance(0.6) ? growBinary() : growUnary()
    }
    switch draws.below(112) {
    case 0..<20: growUnary()
    case 20..<45: growBinary()
    case 45..<49: growSelect()
    case 49..<63: growReduction()
    case 63..<67: growCast()
    case 67..<83: growMove()
    case 83..<90: growProduct()
    case 90..<94: growLookUp()
    case 94..<96: growUpdate()
    case 96..<97: growFactor()
    case 97..<98: growConvolution()
    case 98..<101: growAccumulation()
    case 101..<106: growPool()
    case 106..<110: growParts()
    default: growLeaf()
    }
  }

  private mutating func growUnary() {
    guard var x = float() else { return }
    let smooth: [Unary] = [
      .negate, .exp, .expm1, .square, .sin, .cos, .tanh, .sigmoid, .softplus, .erf,
    ]
    let function = draws.pick(style.isSmooth ? smooth : Unary.allCases)
    switch function {
    case .log, .sqrt, .rsqrt, .log1p, .reciprocal:
      // Mostly where it is defined.
      guard draws.chance(0.9), let square = add(.unary(.square), [x]),
        let offset = add(.fill(Fill(0.25, steps[x].type)), []),
        let positive = add(.binary(.add), [square, offset])
      else { break }
      x = positive
    default: break
    }
    add(.unary(function), [x])
  }

  private mutating func growBinary() {
    guard let a = float(), let b = partner(of: steps[a].type) else { return }
    let usual: [Binary] = [.add, .subtract, .multiply, .add, .subtract, .multiply, .divide]
    let function =
      style.isSmooth
      ? draws.pick([Binary.add, .subtract, .multiply])
      : draws.chance(0.6) ? draws.pick(usual) : draws.pick(Binary.allCases)
    add(.binary(function), draws.chance(0.5) ? [a, b] : [b, a])
  }

  private mutating func growSelect() {
    guard !style.isSmooth, let a = float(), let b = partner(of: steps[a].type),
      let c = partner(of: steps[a].type), let d = partner(of: steps[a].type),
      let condition = add(.binary(draws.pick([.less, .equal, .greaterOrEqual])), [a, b])
    else { return }
    add(.select(Select()), [condition, c, d])
  }

  /// A reduction, often repeated back and combined with what it came from.
  private mutating func growReduction() {
    guard let x = float() else { return }
    let shape = steps[x].type.shape
    var axes = shape.indices.filter { _ in draws.chance(0.5) }
    if draws.chance(0.3) { axes = Array(shape.indices.suffix(1)) }
    if draws.chance(0.2) { axes = Array(shape.indices) }
    let isSum = style.isSmooth || draws.chance(0.7)
    guard let y = add(isSum ? .sum(Sum(axes: axes)) : .max(Max(axes: axes)), [x]) else { return }
    guard draws.chance(0.5) else { return }
    let kept = shape.indices.filter { !axes.contains($0) }
    guard let back = add(.broadcast(Broadcast(shape: shape, axes: kept)), [y]) else { return }
    add(
      .binary(
        draws.pick(style.isSmooth ? [.subtract, .multiply] : [.subtract, .multiply, .equal])),
      [x, back])
  }

  private mutating func growCast() {
    guard let x = float() else { return }
    if !style.isSmooth, draws.chance(0.3) {
      guard let whole = add(.cast(Cast(dtype: .int32)), [x]) else { return }
      add(.cast(Cast(dtype: style.dtype)), [whole])
    } else if !style.isSmooth {
      let other: DType = steps[x].type.dtype == .float64 ? .float32 : .float64
      add(.cast(Cast(dtype: other)), [x])
    }
  }

  private mutating func growMove() {
    guard let x = float() else { return }
    let shape = steps[x].type.shape
    switch draws.below(7) {
    case 0:
      let count = shape.reduce(1, *)
      let (m, r, c) = dims
      let candidates = [
        [count], [1, count], [count, 1], [r, c], [c, r], [m, r, c], [r, m, c], [m * r, c],
        [r, m * c],
      ].filter { $0.reduce(1, *) == count && $0 != shape }
      if !candidates.isEmpty { add(.reshape(Reshape(shape: draws.pick(candidates))), [x]) }
    case 1:
      add(.transpose(Transpose(permutation: draws.shuffled(Array(shape.indices)))), [x])
    case 2:
      var start: [Int] = []
      var limit: [Int] = []
      var stride: [Int] = []
      for size in shape {
        let from = draws.chance(0.5) ? 0 : draws.below(size + 1)
        let to = draws.chance(0.5) ? size : from + draws.below(size - from + 1)
        // Empty results are rare.
        start.append(to <= from && draws.chance(0.95) ? 0 : from)
        limit.append(to <= from && start[start.count - 1] == 0 ? size : Swift.max(to, from))
        stride.append(draws.chance(0.6) ? 1 : 1 + draws.below(3))
      }
      add(.slice(Slice(start: start, limit: limit, stride: stride)), [x])
    case 3:
      func amounts(_ limit: Int) -> [Int] {
        shape.map { _ in draws.chance(0.5) ? 0 : draws.below(limit) }
      }
      add(.pad(Pad(low: amounts(3), high: amounts(3), interior: amounts(2))), [x])
    case 4:
      guard !shape.isEmpty else { return }
      let axis = draws.below(shape.count)
      var parts = [x]
      let dtype = steps[x].type.dtype
      for _ in 0..<draws.below(3) {
        let other = float { type in
          type.dtype == dtype && type.rank == shape.count
            && type.shape.indices.allSatisfy { $0 == axis || type.shape[$0] == shape[$0] }
        }
        if let other { parts.append(other) }
      }
      add(.concatenate(Concatenate(axis: axis)), draws.shuffled(parts))
    case 5:
      add(.reverse(Reverse(axes: shape.indices.filter { _ in draws.chance(0.5) })), [x])
    default:
      let extra = draws.pick([1, 2, 3])
      let at = draws.below(shape.count + 1)
      var target = shape
      target.insert(extra, at: at)
      add(
        .broadcast(
          Broadcast(shape: target, axes: target.indices.filter { $0 != at })), [x])
    }
  }

  /// A sum that ends in a product, or in several; now and then with a factor as a term.
  private mutating func growAccumulation() {
    guard var sum = growProduct() else { return }
    let type = steps[sum].type
    let (form, factors) = (steps[sum].operation, steps[sum].operands)
    for _ in 0...draws.below(4) {
      var term: Int?
      switch draws.below(7) {
      case 0: term = factors.first { steps[$0].type == type }
      case 1: term = float { $0 == type }
      case 2: term = growProduct()
      case 3: term = partner(of: type).flatMap { add(.unary(.sin), [$0]) }
      case 4, 5:
        // Another product of the same form.
        if factors.count == 2, let other = add(.unary(.sin), [factors[0]]) {
          term = add(form, [other, factors[1]])
        }
      default: break
      }
      if term == nil || steps[term ?? 0].type != type { term = partner(of: type) }
      guard let term else { return }
      // Sums of sums, from either side.
      if draws.chance(0.2), let other = partner(of: type),
        let inner = add(.binary(.add), [term, other])
      {
        sum = add(.binary(.add), draws.shuffled([sum, inner])) ?? sum
      } else {
        sum = add(.binary(.add), draws.shuffled([sum, term])) ?? sum
      }
    }
  }

  /// A tensor taken apart along an axis, and the parts, padded to its shape again, added up: all of them, or
  /// most, now and then one of them twice.
  private mutating func growParts() {
    guard let x = float({ $0.rank >= 1 && $0.count > 0 }) else { return }
    let shape = steps[x].type.shape
    let axis = draws.below(shape.count)
    guard shape[axis] > 1 else { return }
    var terms: [Int] = []
    var from = 0
    while from < shape[axis] {
      let to = from + 1 + draws.below(shape[axis] - from)
      var (start, limit) = (shape.map { _ in 0 }, shape)
      var (low, high) = (start, start)
      (start[axis], limit[axis]) = (from, to)
      (low[axis], high[axis]) = (from, shape[axis] - to)
      for _ in 0..<(draws.chance(0.2) ? 2 : draws.chance(0.1) ? 0 : 1) {
        guard
          let part = add(
            .slice(Slice(start: start, limit: limit, stride: shape.map { _ in 1 })), [x]),
          let moved = add(.unary(draws.pick([.sin, .negate, .square])), [part]),
          let padded = add(.pad(Pad(low: low, high: high, interior: shape.map { _ in 0 })), [moved])
        else { return }
        terms.append(padded)
      }
      from = to
    }
    if draws.chance(0.3), let other = partner(of: steps[x].type) { terms.append(other) }
    terms = draws.shuffled(terms)
    guard var sum = terms.first else { return }
    for term in terms.dropFirst() { sum = add(.binary(.add), draws.shuffled([sum, term])) ?? sum }
  }

  /// Windows of an image and back, or max pooling: a choice, what it takes and what it puts back.
  private mutating func growPool() {
    var image = float { $0.rank == 4 && $0.count > 0 }
    if image == nil || draws.chance(0.5),
      let flat = float({ $0.count > 0 && (2...3).contains($0.rank) })
    {
      var shape = steps[flat].type.shape
      if shape.count == 2 || draws.chance(0.5) { shape.insert(1, at: 0) }
      if shape.count == 3 { shape.append(1) }
      image = add(.reshape(Reshape(shape: shape)), [flat])
    }
    let size = [1 + draws.below(2), 3 + draws.below(5), 3 + draws.below(5), 1 + draws.below(3)]
    let x = image ?? leaf(size, .input)
    let type = steps[x].type
    let kernel = [1, 2].map { 1 + draws.below(Swift.min(3, type.shape[$0])) }
    let windows = Windows(
      kernel: kernel,
      geometry: ConvolutionGeometry(
        stride: [1 + draws.below(3), 1 + draws.below(3)],
        dilation: draws.chance(0.7) ? [1, 1] : [1 + draws.below(2), 1 + draws.below(2)]))
    if draws.chance(0.4) {
      guard let all = add(.windows(windows), [x]) else { return }
      let changed = draws.chance(0.5) ? all : add(.unary(.sin), [all]) ?? all
      if draws.chance(0.5) {
        add(.sum(Sum(axes: [3, 4])), [changed])
      } else {
        add(.windowsTranspose(WindowsTranspose(windows: windows, shape: type.shape)), [changed])
      }
      return
    }
    // A choice by constant numbers has derivatives everywhere.
    let judge = style.isSmooth ? leaf(type.shape, .constant, type.dtype) : x
    guard let choice = add(.poolArgMax(PoolArgMax(windows: windows)), [judge]),
      let y = add(.poolSelect(PoolSelect(windows: windows)), [x, choice])
    else { return }
    guard draws.chance(0.6) else { return }
    let g = draws.chance(0.5) ? y : partner(of: steps[y].type) ?? y
    add(.poolSpread(PoolSpread(windows: windows, shape: type.shape)), [g, choice])
  }

  @discardableResult
  private mutating func growProduct() -> Int? {
    guard let a = float({ $0.rank >= 2 }) else { return nil }
    let type = steps[a].type
    let rank = type.rank
    let leading = Array(type.shape.dropLast(2))
    let transposeA = draws.chance(0.5)
    let inner = type.shape[transposeA ? rank - 2 : rank - 1]
    let transposeB = draws.chance(0.5)
    let fits = { (other: TensorType) in
      other.dtype == type.dtype && other.rank == rank && Array(other.shape.dropLast(2)) == leading
        && other.shape[transposeB ? rank - 1 : rank - 2] == inner
    }
    let columns = draws.pick([1, 2, dims.c > 300 ? 3 : dims.c])
    let b =
      float(fits)
      ?? leaf(leading + (transposeB ? [columns, inner] : [inner, columns]), .input, type.dtype)
    let rows = type.shape[transposeA ? rank - 1 : rank - 2]
    guard rows * inner * columns < 300_000 else { return nil }
    return add(.product(MatrixProduct(transposeA: transposeA, transposeB: transposeB)), [a, b])
  }

  private mutating func growLookUp() {
    guard let x = float({ $0.rank >= 1 && $0.shape[0] > 0 }) else { return }
    let rows = steps[x].type.shape[0]
    func indices(_ count: Int, below limit: Int) -> Int {
      let data = (0..<count).map { _ in Double(draws.below(limit)) }
      return leaf(
        Plain(TensorType([count], .int32), data), draws.chance(0.5) ? .input : .constant)
    }
    switch draws.below(style.isSmooth ? 2 : 5) {
    case 0:
      let index = indices(1 + draws.below(style.isLarge ? 50 : 6), below: rows)
      add(.gather(Gather()), [x, index])
    case 1:
      let target = 1 + draws.below(6)
      let index = indices(rows, below: target)
      add(.scatterAdd(ScatterAdd(rows: target)), [x, index])
    case 2:
      // Indices that the program computes itself.
      let axis = draws.below(steps[x].type.rank)
      guard let best = add(.argmax(ArgMax(axis: axis)), [x]) else { return }
      let depth = steps[x].type.shape[axis]
      if steps[best].type.rank == 1, let table = float({ $0.rank >= 1 && $0.shape[0] >= depth }) {
        add(.gather(Gather()), [table, best])
      } else {
        add(.oneHot(OneHot(depth: depth, dtype: style.dtype)), [best])
      }
    case 3:
      let index = indices(1 + draws.below(5), below: 4)
      add(.oneHot(OneHot(depth: 4, dtype: style.dtype)), [index])
    default:
      let key = Plain(
        TensorType([4], .int32), (0..<4).map { _ in Double(draws.below(1000)) })
      let node = leaf(key, draws.chance(0.5) ? .input : .constant)
      add(
        .random(
          Random(
            distribution: draws.pick([.uniform, .normal]),
            type: TensorType(shape(), style.dtype))), [node])
    }
  }

  /// w - rate * g, shaped like an input: what donation is for.
  private mutating func growUpdate() {
    guard let w = float({ _ in true }), let g = partner(of: steps[w].type),
      let rate = add(.fill(Fill(0.125, steps[w].type)), []),
      let move = add(.binary(.multiply), [g, rate])
    else { return }
    add(.binary(.subtract), [w, move])
  }

  private mutating func growFactor() {
    guard let x = float({ $0.rank >= 2 && $0.count > 0 && $0.shape[$0.rank - 2] <= 20 }) else {
      return
    }
    let type = steps[x].type
    let n = type.shape[type.rank - 2]
    guard let square = add(.product(MatrixProduct(transposeB: true)), [x, x]) else { return }
    let shape = steps[square].type
    guard let row = add(.iota(Iota(axis: type.rank - 2, type: shape)), []),
      let column = add(.iota(Iota(axis: type.rank - 1, type: shape)), []),
      let identity = add(.binary(.equal), [row, column]),
      let much = add(.fill(Fill(Double(n + 1), shape)), []),
      let ridge = add(.binary(.multiply), [identity, much]),
      let matrix = add(.binary(.add), [square, ridge]),
      let factor = add(.cholesky(Cholesky()), [matrix])
    else { return }
    if draws.chance(0.6) {
      add(.triangularSolve(TriangularSolve(transposed: draws.chance(0.5))), [factor, x])
    }
  }

  private mutating func growConvolution() {
    let channels = 1 + draws.below(3)
    let image = leaf(
      [1 + draws.below(2), 3 + draws.below(4), 3 + draws.below(4), channels], .input)
    let filter = leaf(
      [1 + draws.below(3), 1 + draws.below(3), channels, 1 + draws.below(3)], .input)
    func two(_ limit: Int) -> [Int] { [draws.below(limit), draws.below(limit)] }
    let geometry = ConvolutionGeometry(
      stride: two(2).map { $0 + 1 }, low: two(3), high: two(3), dilation: two(2).map { $0 + 1 })
    guard let y = add(.convolution(Convolution(geometry: geometry)), [image, filter]) else {
      return
    }
    if draws.chance(0.5) {
      let shape = steps[image].type.shape
      add(.convolutionInput(ConvolutionInput(geometry: geometry, shape: shape)), [y, filter])
    } else {
      let shape = steps[filter].type.shape
      add(.convolutionFilter(ConvolutionFilter(geometry: geometry, shape: shape)), [image, y])
    }
  }

  private mutating func growLeaf() {
    let type = TensorType(shape(), style.dtype)
    switch draws.below(4) {
    case 0: _ = leaf(type.shape, .input)
    case 1: _ = leaf(type.shape, .constant)
    case 2: add(.fill(Fill(draws.pick([0, -0.0, 1, -1, 2.5, number()]), type)), [])
    default:
      if type.rank > 0 { add(.iota(Iota(axis: draws.below(type.rank), type: type)), []) }
    }
  }

  /// Some of the last nodes, and now and then an input, a constant, a fill, a reshape of another
  /// output, or the same node twice.
  private mutating func chooseOutputs() {
    outputs = [steps.count - 1]
    for _ in 0..<draws.below(5) {
      switch draws.below(6) {
      case 0: outputs.append(draws.pick(outputs))
      case 1:
        let node = draws.pick(outputs)
        if let view = add(.reshape(Reshape(shape: [steps[node].type.count, 1])), [node]) {
          outputs.append(view)
        }
      default: outputs.append(draws.below(steps.count))
      }
    }
    outputs = draws.shuffled(outputs)
  }
}

// MARK: - The same computation for the package under test

extension RandomGraph {
  /// The graph, simplified as any traced function.
  func graph() throws -> Graph {
    var graph = Graph()
    let tensors = constants.map(\.tensor)
    var place: [Int] = []
    for step in steps {
      switch step.operation {
      case .input: place.append(graph.input(step.type))
      case .constant(let constant): place.append(try graph.constant(tensors[constant.number]))
      default: place.append(try graph.emit(step.operation, step.operands.map { place[$0] }))
      }
    }
    let result = try graph.extracted(inputs: graph.inputs, outputs: outputs.map { place[$0] })
    try result.verify()
    return result
  }

  /// The outputs for other inputs, by traced operations: to be differentiated.
  func callAsFunction(_ x: [Tensor]) -> [Tensor] {
    var place: [Tensor] = []
    for step in steps {
      switch step.operation {
      case .input(let input): place.append(x[input.number])
      case .constant(let constant): place.append(constants[constant.number].tensor)
      default: place.append(Tensor.apply(step.operation, step.operands.map { place[$0] }))
      }
    }
    return outputs.map { place[$0] }
  }

  /// The inputs' memory, for binding by hand.
  var inputTensors: [Tensor] { inputs.map(\.tensor) }

  /// Only what an output needs, renumbered; and a step replaced by an input of its value.
  func cut(at step: Int? = nil, outputs kept: [Int]? = nil) -> RandomGraph {
    var copy = self
    if let kept { copy.outputs = kept }
    if let step {
      copy.steps[step].operation = .input(Input(number: -1, type: steps[step].type))
      copy.steps[step].operands = []
    }
    var needed = [Bool](repeating: false, count: steps.count)
    for output in copy.outputs { needed[output] = true }
    for index in steps.indices.reversed() where needed[index] {
      for operand in copy.steps[index].operands { needed[operand] = true }
    }
    var place = [Int](repeating: -1, count: steps.count)
    let old = copy
    copy.steps = []
    copy.values = []
    copy.inputs = []
    copy.constants = []
    for index in steps.indices where needed[index] {
      let step = old.steps[index]
      place[index] = copy.steps.count
      switch step.operation {
      case .input: _ = copy.leaf(values[index], .input)
      case .constant: _ = copy.leaf(values[index], .constant)
      default:
        copy.values.append(values[index])
        copy.steps.append(
          Step(
            operation: step.operation, operands: step.operands.map { place[$0] }, type: step.type))
      }
    }
    copy.outputs = copy.outputs.map { place[$0] }
    return copy
  }

  /// The smallest part of this graph for which `fails` still holds.
  func shrunk(while fails: (RandomGraph) -> Bool) -> RandomGraph {
    var best = self
    var improved = true
    while improved {
      improved = false
      for index in best.outputs.indices where best.outputs.count > 1 {
        var outputs = best.outputs
        outputs.remove(at: index)
        let smaller = best.cut(outputs: outputs)
        if fails(smaller) {
          best = smaller
          improved = true
          break
        }
      }
      for step in best.steps.indices {
        if case .input = best.steps[step].operation { continue }
        let smaller = best.cut(at: step)
        if fails(smaller) {
          best = smaller
          improved = true
          break
        }
      }
    }
    return best
  }
}

extension RandomGraph: CustomStringConvertible {
  var description: String {
    var lines = steps.enumerated().map { index, step in
      let operands = step.operands.map { "%\($0)" }.joined(separator: ", ")
      var line = "%\(index): \(step.type) = \(step.operation.primitive.label)(\(operands))"
      if step.operands.isEmpty, values[index].data.count <= 12 { line += " \(values[index].data)" }
      return line
    }
    lines.append("return " + outputs.map { "%\($0)" }.joined(separator: ", "))
    return lines.joined(separator: "\n")
  }
}

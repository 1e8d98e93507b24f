import Foundation
import OuterloopAutodiff
import OuterloopNumerics

/// A tensor of the interpreter: doubles in row-major order, whatever the element type.
struct Plain: Equatable {
  var type: TensorType
  var data: [Double]

  init(_ type: TensorType, _ data: [Double]) {
    self.type = type
    self.data = data
  }

  init(_ tensor: Tensor) throws { self.init(tensor.type, try tensor.doubles()) }

  var tensor: Tensor {
    switch type.dtype {
    case .float32: Tensor(data.map { Float($0) }, shape: type.shape)
    case .float64: Tensor(data, shape: type.shape)
    case .int32: Tensor(data.map { Int32(truncating: $0) }, shape: type.shape)
    }
  }
}

/// What every primitive computes, said as plainly as possible: the truth that compiled programs are
/// held to. No views, no fusion, no kernels; one loop per primitive.
///
/// With `noise`, results that are rounded are moved by a few units in the last place, so that two
/// runs show how much rounding alone may change a result.
struct NaiveInterpreter {
  struct Step {
    var operation: OuterloopAutodiff.Operation
    var operands: [Int]
    var type: TensorType
  }

  /// Units in the last place; 0 for none.
  var noise = 0.0
  private var state: UInt64

  init(noise: Double = 0, seed: UInt64 = 1) {
    self.noise = noise
    state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
  }

  /// The values of all steps.
  mutating func run(_ steps: [Step], inputs: [Plain], constants: [Plain] = []) -> [Plain] {
    var values: [Plain] = []
    for step in steps {
      switch step.operation {
      case .input(let input): values.append(inputs[input.number])
      case .constant(let constant): values.append(constants[constant.number])
      default:
        values.append(apply(step.operation, step.operands.map { values[$0] }, step.type))
      }
    }
    return values
  }

  mutating func run(_ graph: Graph, _ inputs: [Plain]) throws -> [Plain] {
    let steps = graph.nodes.map {
      Step(operation: $0.operation, operands: $0.operands, type: $0.type)
    }
    let values = run(steps, inputs: inputs, constants: try graph.constants.map { try Plain($0) })
    return graph.outputs.map { values[$0] }
  }

  mutating func apply(
    _ operation: OuterloopAutodiff.Operation, _ x: [Plain], _ type: TensorType
  ) -> Plain {
    var x = x
    if noise > 0, Self.seesSignOfZero(operation) {
      // Whether a zero is negative is left open.
      for index in x[0].data.indices where x[0].data[index] == 0 && unit() > 0 {
        x[0].data[index] = -x[0].data[index]
      }
      for index in x[x.count - 1].data.indices where x[x.count - 1].data[index] == 0 && unit() > 0 {
        x[x.count - 1].data[index] = -x[x.count - 1].data[index]
      }
    }
    var result = Plain(type, Self.exact(operation, x, type))
    let digits = type.dtype == .float32 ? 0x1p-23 : 0x1p-52
    if type.dtype == .float32 {
      for index in result.data.indices { result.data[index] = Double(Float(result.data[index])) }
    }
    guard noise > 0, type.dtype.isFloating, Self.rounds(operation) else { return result }
    let sizes = Self.errorScale(operation, x, type)
    for index in result.data.indices where result.data[index].isFinite {
      let size = sizes?[index] ?? Swift.abs(result.data[index])
      result.data[index] += size * digits * noise * unit()
    }
    return result
  }

  /// Between 1/2 and 1, of either sign.
  private mutating func unit() -> Double {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    // Never so small that it is lost.
    return (state & 1 == 0 ? 1 : -1) * (0.5 + Double(state >> 11) * 0x1p-54)
  }

  /// Whether 0 and -0 give different results.
  private static func seesSignOfZero(_ operation: OuterloopAutodiff.Operation) -> Bool {
    switch operation {
    case .binary(.atan2), .binary(.divide), .binary(.power), .unary(.reciprocal), .unary(.rsqrt):
      true
    default: false
    }
  }

  /// Whether results are rounded, rather than copied or chosen.
  private static func rounds(_ operation: OuterloopAutodiff.Operation) -> Bool {
    switch operation {
    case .unary(let function):
      switch function {
      case .negate, .abs, .sign, .floor, .ceil, .round: false
      default: true
      }
    case .binary(let function):
      switch function {
      case .add, .subtract, .multiply, .divide, .power, .atan2: true
      default: false
      }
    case .sum, .product, .scatterAdd, .convolution, .convolutionInput, .convolutionFilter,
      .windowsTranspose, .poolSpread, .cholesky, .triangularSolve, .random:
      true
    default: false
    }
  }

  /// Sums are rounded relative to the size of their terms; nil where the result's own size counts.
  private static func errorScale(
    _ operation: OuterloopAutodiff.Operation, _ x: [Plain], _ type: TensorType
  ) -> [Double]? {
    switch operation {
    case .sum, .product, .scatterAdd, .convolution, .convolutionInput, .convolutionFilter,
      .windowsTranspose, .poolSpread:
      let sizes = x.map { Plain($0.type, $0.data.map { Swift.abs($0) }) }
      return exact(operation, sizes, type)
    case .cholesky, .triangularSolve:
      let largest = (x.flatMap(\.data)).reduce(0) { Swift.max($0, Swift.abs($1)) }
      return [Double](repeating: 10 * largest, count: type.count)
    case .binary(.add), .binary(.subtract):
      return zip(x[0].data, x[1].data).map { Swift.abs($0) + Swift.abs($1) }
    default: return nil
    }
  }

  private static func exact(
    _ operation: OuterloopAutodiff.Operation, _ x: [Plain], _ type: TensorType
  ) -> [Double] {
    /// The element of the first operand that each of the result is.
    func taken(_ source: ([Int]) -> [Int]) -> [Double] {
      Self.indices(type.shape).map { x[0].data[Self.offset(source($0), x[0].type)] }
    }
    switch operation {
    case .input, .constant: return []  // filled in by run
    case .fill(let fill):
      return [Double](repeating: Self.value(fill.value, as: type.dtype), count: type.count)
    case .unary(let function): return x[0].data.map { Self.unary(function, $0) }
    case .binary(let function):
      return zip(x[0].data, x[1].data).map { Self.binary(function, $0, $1) }
    case .select:
      return x[0].data.indices.map { x[0].data[$0] != 0 ? x[1].data[$0] : x[2].data[$0] }
    case .cast(let cast): return x[0].data.map { Self.value($0, as: cast.dtype) }
    case .stopGradient, .alias, .reshape: return x[0].data
    case .broadcast(let broadcast):
      return taken { index in broadcast.axes.map { index[$0] } }
    case .transpose(let transpose):
      return taken { index in
        var source = index
        for (axis, from) in transpose.permutation.enumerated() { source[from] = index[axis] }
        return source
      }
    case .slice(let slice):
      return taken { $0.enumerated().map { slice.start[$0] + $1 * slice.stride[$0] } }
    case .pad(let pad):
      var result = [Double](repeating: 0, count: type.count)
      for (number, index) in Self.indices(x[0].type.shape).enumerated() {
        let target = index.enumerated().map { pad.low[$0] + $1 * (pad.interior[$0] + 1) }
        result[Self.offset(target, type)] = x[0].data[number]
      }
      return result
    case .concatenate(let concatenate):
      let axis = concatenate.axis
      return Self.indices(type.shape).map { index in
        var index = index
        for part in x {
          if index[axis] < part.type.shape[axis] { return part.data[Self.offset(index, part.type)] }
          index[axis] -= part.type.shape[axis]
        }
        return .nan
      }
    case .reverse(let reverse):
      return taken {
        $0.enumerated().map { reverse.axes.contains($0) ? type.shape[$0] - 1 - $1 : $1 }
      }
    case .sum(let sum):
      return Self.reduce(x[0], sum.axes, type, from: 0, +)
    case .max(let max):
      return Self.reduce(x[0], max.axes, type, from: -.infinity, Self.larger)
    case .argmax(let argmax):
      var best = [Int](repeating: -1, count: type.count)
      var largest = [Double](repeating: 0, count: type.count)
      for (number, index) in Self.indices(x[0].type.shape).enumerated() {
        var kept = index
        kept.remove(at: argmax.axis)
        let to = Self.offset(kept, type)
        let value = x[0].data[number]
        if best[to] < 0 || value > largest[to] || (value.isNaN && !largest[to].isNaN) {
          best[to] = index[argmax.axis]
          largest[to] = value
        }
      }
      return best.map { Double($0) }
    case .product(let product): return Self.product(product, x[0], x[1], type)
    case .gather:
      let width = x[0].type.shape.dropFirst().reduce(1, *)
      return x[1].data.flatMap { row in
        Array(x[0].data[(Int(row) * width)..<((Int(row) + 1) * width)])
      }
    case .scatterAdd:
      var result = [Double](repeating: 0, count: type.count)
      let width = type.shape.dropFirst().reduce(1, *)
      for (row, target) in x[1].data.enumerated() {
        for column in 0..<width {
          result[Int(target) * width + column] += x[0].data[row * width + column]
        }
      }
      return result
    case .oneHot(let oneHot):
      return x[0].data.flatMap { label in
        (0..<oneHot.depth).map { Double($0) == label ? 1 : 0 }
      }
    case .iota(let iota): return Self.indices(type.shape).map { Double($0[iota.axis]) }
    case .random(let random):
      // The generator has tests of its own.
      let key = x[0].tensor
      let drawn =
        random.distribution == .uniform
        ? Tensor.uniform(type.shape, key: key, dtype: type.dtype)
        : Tensor.normal(type.shape, key: key, dtype: type.dtype)
      return (try? drawn.doubles()) ?? []
    case .convolution(let convolution):
      var y = [Double](repeating: 0, count: type.count)
      Self.eachTap(convolution.geometry, x[0].type, x[1].type, type) { input, filter, output in
        y[output] += x[0].data[input] * x[1].data[filter]
      }
      return y
    case .convolutionInput(let convolution):
      var dx = [Double](repeating: 0, count: type.count)
      Self.eachTap(convolution.geometry, type, x[1].type, x[0].type) { input, filter, output in
        dx[input] += x[0].data[output] * x[1].data[filter]
      }
      return dx
    case .convolutionFilter(let convolution):
      var df = [Double](repeating: 0, count: type.count)
      Self.eachTap(convolution.geometry, x[0].type, type, x[1].type) { input, filter, output in
        df[filter] += x[0].data[input] * x[1].data[output]
      }
      return df
    case .windows(let windows):
      var result: [Double] = []
      Self.eachWindow(windows, x[0].type, type) { input in result.append(x[0].data[input]) }
      return result
    case .windowsTranspose(let transpose):
      var result = [Double](repeating: 0, count: type.count)
      var window = 0
      Self.eachWindow(transpose.windows, type, x[0].type) { input in
        result[input] += x[0].data[window]
        window += 1
      }
      return result
    case .poolArgMax(let pool):
      return Self.taps(pool.windows, x[0].type, type).map { taps in
        var best = 0
        for tap in taps.indices {
          let (value, largest) = (x[0].data[taps[tap]], x[0].data[taps[best]])
          if value > largest || (value.isNaN && !largest.isNaN) { best = tap }
        }
        return Double(best)
      }
    case .poolSelect(let pool):
      let taps = Self.taps(pool.windows, x[0].type, type)
      return zip(taps, x[1].data).map { x[0].data[$0[Int($1)]] }
    case .poolSpread(let pool):
      var result = [Double](repeating: 0, count: type.count)
      let taps = Self.taps(pool.windows, type, x[0].type)
      for (index, taps) in taps.enumerated() {
        result[taps[Int(x[1].data[index])]] += x[0].data[index]
      }
      return result
    case .cholesky: return Self.cholesky(x[0])
    case .triangularSolve(let solve): return Self.solve(x[0], x[1], transposed: solve.transposed)
    }
  }
}

// MARK: - Numbers

extension NaiveInterpreter {
  static func value(_ x: Double, as dtype: DType) -> Double {
    switch dtype {
    case .float32: Double(Float(x))
    case .float64: x
    case .int32: Double(Int32(truncating: x))
    }
  }

  /// NaN wins.
  static func larger(_ a: Double, _ b: Double) -> Double {
    a.isNaN || b.isNaN ? .nan : Swift.max(a, b)
  }

  static func unary(_ function: Unary, _ x: Double) -> Double {
    switch function {
    case .negate: -x
    case .abs: Swift.abs(x)
    case .sign: x > 0 ? 1 : x < 0 ? -1 : x.isNaN ? .nan : 0
    case .exp: Foundation.exp(x)
    case .expm1: Foundation.expm1(x)
    case .log: Foundation.log(x)
    case .log1p: Foundation.log1p(x)
    case .sqrt: x.squareRoot()
    case .rsqrt: 1 / x.squareRoot()
    case .reciprocal: 1 / x
    case .square: x * x
    case .sin: Foundation.sin(x)
    case .cos: Foundation.cos(x)
    case .tan: Foundation.tan(x)
    case .tanh: Foundation.tanh(x)
    case .sigmoid: 1 / (1 + Foundation.exp(-x))
    case .softplus:
      x > 0 ? x + Foundation.log1p(Foundation.exp(-x)) : Foundation.log1p(Foundation.exp(x))
    case .erf: Foundation.erf(x)
    case .floor: x.rounded(.down)
    case .ceil: x.rounded(.up)
    case .round: x.rounded(.toNearestOrEven)
    }
  }

  static func binary(_ function: Binary, _ a: Double, _ b: Double) -> Double {
    switch function {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: a / b
    case .power: Foundation.pow(a, b)
    case .maximum: larger(a, b)
    case .minimum: -larger(-a, -b)
    case .atan2: Foundation.atan2(a, b)
    case .equal: a == b ? 1 : 0
    case .notEqual: a != b ? 1 : 0
    case .less: a < b ? 1 : 0
    case .lessOrEqual: a <= b ? 1 : 0
    case .greater: a > b ? 1 : 0
    case .greaterOrEqual: a >= b ? 1 : 0
    }
  }
}

// MARK: - Indices

extension NaiveInterpreter {
  /// All indices of a shape in row-major order.
  static func indices(_ shape: [Int]) -> [[Int]] {
    var result: [[Int]] = []
    let count = shape.reduce(1, *)
    result.reserveCapacity(count)
    var index = [Int](repeating: 0, count: shape.count)
    for _ in 0..<count {
      result.append(index)
      var axis = shape.count - 1
      while axis >= 0 {
        index[axis] += 1
        if index[axis] < shape[axis] { break }
        index[axis] = 0
        axis -= 1
      }
    }
    return result
  }

  static func offset(_ index: [Int], _ type: TensorType) -> Int {
    var offset = 0
    for (axis, size) in type.shape.enumerated() { offset = offset * size + index[axis] }
    return offset
  }

  private static func reduce(
    _ x: Plain, _ axes: [Int], _ type: TensorType, from start: Double,
    _ combine: (Double, Double) -> Double
  ) -> [Double] {
    var result = [Double](repeating: start, count: type.count)
    var strides = [Int](repeating: 0, count: x.type.rank)
    var stride = 1
    for axis in x.type.shape.indices.reversed() where !axes.contains(axis) {
      strides[axis] = stride
      stride *= x.type.shape[axis]
    }
    for (number, index) in indices(x.type.shape).enumerated() {
      var to = 0
      for axis in index.indices { to += index[axis] * strides[axis] }
      result[to] = combine(result[to], x.data[number])
    }
    return result
  }

  private static func product(
    _ product: MatrixProduct, _ a: Plain, _ b: Plain, _ type: TensorType
  ) -> [Double] {
    let rank = type.rank
    let (m, n) = (type.shape[rank - 2], type.shape[rank - 1])
    let k = a.type.shape[product.transposeA ? rank - 2 : rank - 1]
    var result: [Double] = []
    for matrix in 0..<type.shape.dropLast(2).reduce(1, *) {
      for row in 0..<m {
        for column in 0..<n {
          var sum = 0.0
          for inner in 0..<k {
            let left = product.transposeA ? inner * m + row : row * k + inner
            let right = product.transposeB ? column * k + inner : inner * n + column
            sum += a.data[matrix * m * k + left] * b.data[matrix * k * n + right]
          }
          result.append(sum)
        }
      }
    }
    return result
  }

  /// Every (input, filter, output) triple of elements that a convolution multiplies.
  private static func eachTap(
    _ geometry: ConvolutionGeometry, _ x: TensorType, _ filter: TensorType, _ y: TensorType,
    _ body: (Int, Int, Int) -> Void
  ) {
    for at in indices(y.shape) {
      for tap in indices(filter.shape) where tap[3] == at[3] {
        let row = at[1] * geometry.stride[0] + tap[0] * geometry.dilation[0] - geometry.low[0]
        let column = at[2] * geometry.stride[1] + tap[1] * geometry.dilation[1] - geometry.low[1]
        guard row >= 0, row < x.shape[1], column >= 0, column < x.shape[2] else { continue }
        body(offset([at[0], row, column, tap[2]], x), offset(tap, filter), offset(at, y))
      }
    }
  }

  /// The element of x that each element of its windows (n, oh, ow, kh, kw, c) is, in order.
  private static func eachWindow(
    _ windows: Windows, _ x: TensorType, _ type: TensorType, _ body: (Int) -> Void
  ) {
    let geometry = windows.geometry
    for at in indices(type.shape) {
      let row = at[1] * geometry.stride[0] + at[3] * geometry.dilation[0]
      let column = at[2] * geometry.stride[1] + at[4] * geometry.dilation[1]
      body(offset([at[0], row, column, at[5]], x))
    }
  }

  /// For every pooled element (n, oh, ow, c), the elements of x in its window.
  private static func taps(_ windows: Windows, _ x: TensorType, _ y: TensorType) -> [[Int]] {
    let geometry = windows.geometry
    return indices(y.shape).map { at in
      indices(windows.kernel).map { tap in
        let row = at[1] * geometry.stride[0] + tap[0] * geometry.dilation[0]
        let column = at[2] * geometry.stride[1] + tap[1] * geometry.dilation[1]
        return offset([at[0], row, column, at[3]], x)
      }
    }
  }

  private static func cholesky(_ a: Plain) -> [Double] {
    let n = a.type.shape[a.type.rank - 1]
    var result: [Double] = []
    for matrix in 0..<a.type.shape.dropLast(2).reduce(1, *) {
      var l = [Double](repeating: 0, count: n * n)
      for row in 0..<n {
        for column in 0...row {
          var rest = a.data[matrix * n * n + row * n + column]
          for inner in 0..<column { rest -= l[row * n + inner] * l[column * n + inner] }
          l[row * n + column] = row == column ? rest.squareRoot() : rest / l[column * n + column]
        }
      }
      if l.contains(where: \.isNaN) { l = l.map { _ in .nan } }
      result += l
    }
    return result
  }

  private static func solve(_ l: Plain, _ b: Plain, transposed: Bool) -> [Double] {
    let n = b.type.shape[b.type.rank - 2]
    let columns = b.type.shape[b.type.rank - 1]
    var x = b.data
    for matrix in 0..<b.type.shape.dropLast(2).reduce(1, *) {
      let (a, base) = (matrix * n * n, matrix * n * columns)
      for step in 0..<n {
        let row = transposed ? n - 1 - step : step
        for column in 0..<columns {
          var rest = x[base + row * columns + column]
          for done in 0..<step {
            let other = transposed ? n - 1 - done : done
            let factor = transposed ? l.data[a + other * n + row] : l.data[a + row * n + other]
            rest -= factor * x[base + other * columns + column]
          }
          x[base + row * columns + column] = rest / l.data[a + row * n + row]
        }
      }
    }
    return x
  }
}

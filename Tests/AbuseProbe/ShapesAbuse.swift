import OuterloopAutodiff
import OuterloopNumerics

extension AbuseRoom {
  mutating func addShapes() {
    let all = Edges.tensors
    let matrix = Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
    add("Tensor.reshaped", all, Edges.shapes) { $0.reshaped($1) }
    refuse("Tensor.reshaped", [[-1, -1], [-2, -3], [7], [.max, .max], [4, -1], [0, -1]]) {
      matrix.reshaped($0)
    }
    add("Tensor.transposed", all, Edges.axes) { $0.transposed($1) }
    refuse("Tensor.transposed", [[0], [0, 0], [0, -2], [1, 2], [.min, .max]]) {
      matrix.transposed($0)
    }
    add("Tensor.broadcast", all, Edges.shapes) { $0.broadcast(to: $1) }
    refuse("Tensor.broadcast", [[-1], [-1, 2, 3], [.max, 2, 3], [3, 2]]) {
      matrix.broadcast(to: $0)
    }
    add("Tensor.expanded", all, Edges.integers) { $0.expanded(at: $1) }
    refuse("Tensor.expanded", [3, 9, -4, .max, .min]) { matrix.expanded(at: $0) }
    let ranges = [0..<0, 0..<1, 1..<3, -1..<1, (.min)..<(.max), 0..<(.max), (.max - 1)..<(.max)]
    add("Tensor.sliced", all, [.min, -2, -1, 0, 1, 5, .max], ranges) { $0.sliced(axis: $1, $2) }
    add("Tensor.sliced", all, ranges, Edges.integers) { $0.sliced(axis: 0, $1, by: $2) }
    refuse("Tensor.sliced", [0, -1, .min]) { matrix.sliced(axis: 0, 0..<1, by: $0) }
    refuse("Tensor.sliced", [-1..<1, 0..<3, 0..<(.max)]) { matrix.sliced(axis: 0, $0) }
    add("Tensor.example", all, Edges.integers) { $0.example($1) }
    refuse("Tensor.example", [.min, -1, 2, .max]) { matrix.example($0) }
    let paddings: [[Int]] = [
      [], [0], [0, 1], [-1, 0], [.max, 1], [1 << 40, 1 << 40], [1, 1, 1, 1],
    ]
    add("Tensor.padded", all, paddings, paddings) { $0.padded(low: $1, high: $2) }
    add("Tensor.reversed", all, Edges.axes) { $0.reversed(axes: $1) }
    refuse("Tensor.reversed", [[0, 0], [0, -2], [2], [-3], [.max], [.min]]) {
      matrix.reversed(axes: $0)
    }
    add("Tensor.scatterAdded", all, [all[6], all[7], Edges.broken], Edges.integers) {
      $0.scatterAdded(at: $1, rows: $2)
    }
    add("Tensor.oneHot", all, Edges.integers, Edges.types) { $0.oneHot($1, dtype: $2) }
    add("Tensor.iota", Edges.shapes, [.min, -1, 0, 1, .max], Edges.types) {
      Tensor.iota($0, axis: $1, dtype: $2)
    }
    add("Tensor.eye", [.min, -1, 0, 1, 3, 1 << 24, 1 << 33, .max], Edges.types) {
      Tensor.eye($0, dtype: $1)
    }
    let keys = [RandomKey(seed: 1).tensor, Tensor(1), Edges.broken]
    add("Tensor.uniform", Edges.shapes, keys, Edges.types) {
      Tensor.uniform($0, key: $1, dtype: $2)
    }
    add("Tensor.normal", Edges.shapes, keys, Edges.types) { Tensor.normal($0, key: $1, dtype: $2) }
    add("concatenate", all, all, [.min, -1, 0, 1, .max]) { concatenate([$0, $1, $0], axis: $2) }
    refuse("concatenate", [[], [Tensor(1)], [matrix, Tensor([1] as [Int32])]]) { concatenate($0) }
    add("stack", all, all) { stack([$0, $1]) }
    refuse("stack", [[], [matrix, Tensor.ones([3])]]) { stack($0) }
    // More axes than a copy can move at once.
    add("Tensor.transposed", [9, 12]) { rank in
      let x = RandomKey(seed: 1).normal([Int](repeating: 2, count: rank))
      return x.transposed().sum()
    }
  }

  mutating func addImages() {
    let image = RandomKey(seed: 1).normal([1, 4, 4, 2])
    let filter = RandomKey(seed: 2).normal([3, 3, 2, 2])
    let pairs: [[Int]] = [
      [], [1], [0, 0], [1, 1], [2, 3], [-1, 1], [5, 5], [.max, .max], [1, 1 << 33], [.min, 1],
      [1, 1, 1],
    ]
    add("convolution", Edges.tensors, Edges.tensors) { convolution($0, $1, padding: .same) }
    for padding in [Padding.valid, .same] {
      add("convolution", pairs, pairs) {
        convolution(image, filter, stride: $0, padding: padding, dilation: $1)
      }
    }
    add("convolution", pairs, pairs) {
      convolution(image, filter, padding: .explicit(low: $0, high: $1))
    }
    add("ConvolutionGeometry.init", pairs, pairs) {
      ConvolutionGeometry(stride: $0, low: $1, high: $0, dilation: $1).stride
    }
    add("averagePool", pairs, pairs) { averagePool(image, window: $0, stride: $1) }
    add("averagePool", Edges.tensors, pairs) { averagePool($0, window: $1) }
    add("maxPool", pairs, pairs) { maxPool(image, window: $0, stride: $1) }
    add("maxPool", Edges.tensors, pairs) { maxPool($0, window: $1) }
    // Nothing to slide over, one by one and all at once.
    let images: [[Int]] = [0, 2].flatMap { size in
      [0, 1].flatMap { count in [0, 2].map { [size, count, 4, 4, $0] } }
    }
    add("vmap", images) { shape -> Any in
      let filter = Tensor.ones([3, 3, shape[4], 2])
      return try vmap(Tensor.zeros(shape)) { (x: Tensor) -> Tensor in
        maxPool(convolution(x, filter, padding: .same), window: [2, 2])
      }
    }
  }
}

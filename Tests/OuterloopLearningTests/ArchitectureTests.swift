import OuterloopAutodiff
import OuterloopLearning
import OuterloopNumerics
import Testing

/// Candidate operations against loops, mixtures against single operations, genotypes by hand.
@Suite struct ArchitectureTests {
  private static let candidates: [CandidateOperation] = [
    .none, .skip, .maxPool(3), .averagePool(3), .convolution(3), .convolution(3, dilation: 2),
  ]

  /// (v - mean) / sqrt(variance + 1e-5), channel by channel.
  private func normalised(_ values: [Double], channels: Int) -> [Double] {
    var result = values
    for channel in 0..<channels {
      let places = stride(from: channel, to: values.count, by: channels)
      let n = Double(values.count / channels)
      let mean = places.reduce(0) { $0 + values[$1] } / n
      let variance = places.reduce(0) { $0 + (values[$1] - mean) * (values[$1] - mean) } / n
      let width = (variance + 1e-5).squareRoot()
      for place in places { result[place] = (values[place] - mean) / width }
    }
    return result
  }

  /// Calls `body` with the pixels of each window that lie inside the image, output by output, and
  /// normalises what it makes of them; taps are numbered row by row.
  private func windows(
    _ x: Tensor, side: Int, stride: Int, dilation: Int = 1,
    _ body: (_ image: Int, _ taps: [(tap: Int, row: Int, column: Int)]) -> [Double]
  ) -> [Double] {
    let (n, h, w) = (x.shape[0], x.shape[1], x.shape[2])
    func low(_ size: Int) -> Int {
      let reach = dilation * (side - 1) + 1
      return max(0, ((size + stride - 1) / stride - 1) * stride + reach - size) / 2
    }
    var result: [Double] = []
    var channels = 1
    for image in 0..<n {
      for top in Swift.stride(from: -low(h), to: h - low(h), by: stride) {
        for left in Swift.stride(from: -low(w), to: w - low(w), by: stride) {
          let taps = (0..<(side * side)).compactMap { tap -> (tap: Int, row: Int, column: Int)? in
            let (row, column) = (top + tap / side * dilation, left + tap % side * dilation)
            guard row >= 0, row < h, column >= 0, column < w else { return nil }
            return (tap, row, column)
          }
          let values = body(image, taps)
          channels = values.count
          result += values
        }
      }
    }
    return normalised(result, channels: channels)
  }

  // MARK: - Operations

  @Test(arguments: [1, 2], [[2, 6, 5, 3], [1, 4, 4, 2]]) func pooling(
    stride: Int, shape: [Int]
  ) throws {
    // Negative numbers only: a window must not take its padding for the largest.
    let x = draw(shape, "image") - 5
    let v = try x.doubles()
    func pixel(_ image: Int, _ row: Int, _ column: Int, _ channel: Int) -> Double {
      v[((image * shape[1] + row) * shape[2] + column) * shape[3] + channel]
    }
    for side in [2, 3] {
      let means = windows(x, side: side, stride: stride) { image, taps in
        (0..<shape[3]).map { c in
          taps.reduce(0) { $0 + pixel(image, $1.row, $1.column, c) } / Double(taps.count)
        }
      }
      try expectClose(CandidateOperation.averagePool(side)(x, stride: stride), means, 1e-12)
      let largest = windows(x, side: side, stride: stride) { image, taps in
        (0..<shape[3]).map { c in taps.map { pixel(image, $0.row, $0.column, c) }.max()! }
      }
      try expectClose(CandidateOperation.maxPool(side)(x, stride: stride), largest, 1e-12)
    }
  }

  @Test(arguments: [(1, 1), (1, 2), (2, 1)]) func convolutions(
    stride: Int, dilation: Int
  ) throws {
    let shape = [2, 6, 5, 2]
    let x = draw(shape, "image")
    let v = try x.doubles()
    let operation = CandidateOperation.convolution(3, dilation: dilation)
    let filters = operation.filters(
      channels: 2, stride: stride, key: RandomKey(seed: 1), dtype: .float64)
    let f = try filters[0].doubles()
    let expected = windows(x, side: 3, stride: stride, dilation: dilation) { image, taps in
      (0..<2).map { o in
        taps.reduce(0) { sum, tap in
          (0..<2).reduce(sum) {
            let pixel = v[((image * 6 + tap.row) * 5 + tap.column) * 2 + $1]
            return $0 + max(pixel, 0) * f[(tap.tap * 2 + $1) * 2 + o]
          }
        }
      }
    }
    try expectClose(operation(x, filters: filters, stride: stride), expected, 1e-12)
  }

  /// Without a stride the identity; with one, two sets of filters on pixels at even and odd places.
  @Test func skips() throws {
    let x = draw([2, 5, 4, 3], "image")
    #expect(try CandidateOperation.skip(x).doubles() == x.doubles())
    let filters = CandidateOperation.skip.filters(
      channels: 3, stride: 2, key: RandomKey(seed: 1), dtype: .float64)
    #expect(filters.map(\.shape) == [[1, 1, 3, 1], [1, 1, 3, 2]])
    let (v, f) = (try x.doubles(), try filters.map { try $0.doubles() })
    var expected: [Double] = []
    for image in 0..<2 {
      for row in 0..<3 {
        for column in 0..<2 {
          func dot(_ shift: Int, _ filter: Int, _ width: Int, _ o: Int) -> Double {
            let (r, q) = (2 * row + shift, 2 * column + shift)
            guard r < 5, q < 4 else { return 0 }
            return (0..<3).reduce(0) {
              $0 + max(v[((image * 5 + r) * 4 + q) * 3 + $1], 0) * f[filter][$1 * width + o]
            }
          }
          expected += [dot(0, 0, 1, 0), dot(1, 1, 2, 0), dot(1, 1, 2, 1)]
        }
      }
    }
    let y = CandidateOperation.skip(x, filters: filters, stride: 2)
    #expect(y.shape == [2, 3, 2, 3])
    try expectClose(y, normalised(expected, channels: 3), 1e-12)
    let zero = CandidateOperation.none(x, stride: 2)
    #expect(zero.shape == [2, 3, 2, 3])
    #expect(try zero.doubles().allSatisfy { $0 == 0 })
    #expect(CandidateOperation.skip(x, stride: 2).error != nil)
    #expect(CandidateOperation.convolution(3)(x).error != nil)
    #expect(CandidateOperation.maxPool(0)(x).error != nil)
  }

  // MARK: - Mixtures

  @Test(arguments: [1, 2]) func mixtures(stride: Int) throws {
    let mixed = MixedOperation(
      Self.candidates, channels: 2, stride: stride, key: RandomKey(seed: 2), dtype: .float64)
    let x = draw([2, 5, 5, 2], "image")
    let alone = (0..<6).map { mixed(x, only: $0) }
    for index in 0..<6 {
      let oneHot = Tensor((0..<6).map { $0 == index ? 1.0 : 0 }, dtype: .float64)
      try expectClose(mixed(x, weights: oneHot), alone[index].doubles(), 1e-15)
    }
    // Any weights: the sum of the definition, and its derivative by each weight is the operation.
    let s = [0.3, 0.1, 0.2, 0.05, 0.25, 0.1]
    let values = try alone.map { try $0.doubles() }
    let sum = values[0].indices.map { place in
      (0..<6).reduce(0) { $0 + s[$1] * values[$1][place] }
    }
    try expectClose(mixed(x, weights: Tensor(s)), sum, 1e-14)
    let c = draw(alone[0].shape, "cotangent")
    let slopes = try gradient(at: Tensor(s)) { (mixed(x, weights: $0) * c).sum() }
    try expectClose(slopes, try alone.map { try ($0 * c).sum().item() }, 1e-13)
    #expect(mixed(x, weights: Tensor([1.0], dtype: .float64)).error != nil)
    #expect(mixed(x, only: 6).error != nil)
    // Only convolutions, and skips that shrink, have filters.
    #expect(mixed.filters.map(\.count) == [0, 2 * (stride - 1), 0, 0, 1, 1])
    let closures = try MixedOperation.mixture(
      x, weights: Tensor([0.5, -2.0], dtype: .float64),
      of: [{ $0.square() }, { OuterloopAutodiff.sin($0) }])
    try expectClose(
      closures, (0.5 * x.square() - 2 * OuterloopAutodiff.sin(x)).doubles(), 1e-14)
    #expect(
      try MixedOperation.mixture(x, weights: Tensor([1.0], dtype: .float64), of: []).error != nil)
  }

  // MARK: - Cells

  /// A cell of two nodes written out: (0,2) (1,2) (0,3) (1,3) (2,3).
  @Test(arguments: [false, true]) func cells(reduces: Bool) throws {
    let cell = try ArchitectureCell(
      Self.candidates, inputChannels: [3, 2], channels: 2, nodes: 2, reduces: reduces,
      key: RandomKey(seed: 3), dtype: .float64)
    let inputs = [draw([2, 4, 4, 3], "a"), draw([2, 4, 4, 2], "b")]
    let weights = softmax(draw([5, 6], "weights"))
    let (a, b) = (
      CandidateOperation.convolution(1)(inputs[0], filters: [cell.entries[0]]),
      CandidateOperation.convolution(1)(inputs[1], filters: [cell.entries[1]])
    )
    func edge(_ index: Int, _ x: Tensor) -> Tensor {
      cell.edges[index](x, weights: weights.example(index))
    }
    let second = edge(0, a) + edge(1, b)
    let third = edge(2, a) + edge(3, b) + edge(4, second)
    let y = cell(inputs, weights: weights)
    #expect(y.shape == (reduces ? [2, 2, 2, 4] : [2, 4, 4, 4]))
    try expectClose(y, concatenate([second, third], axis: 3).doubles(), 1e-13)
    #expect(cell.edges.map(\.stride) == (reduces ? [2, 2, 2, 2, 1] : [1, 1, 1, 1, 1]))

    // The discrete cell is the relaxed one at weights of 0 and 1.
    let genotype = Genotype(
      inputs: 2,
      nodes: [
        [.init(source: 1, operation: .convolution(3))],
        [.init(source: 0, operation: .skip), .init(source: 2, operation: .maxPool(3))],
      ])
    var hard = [[Double]](repeating: [Double](repeating: 0, count: 6), count: 5)
    hard[1][4] = 1
    hard[2][1] = 1
    hard[4][2] = 1
    try expectClose(
      cell(inputs, genotype: genotype),
      cell(inputs, weights: Tensor(hard.flatMap { $0 }, shape: [5, 6])).doubles(), 1e-13)

    #expect(cell(inputs, weights: weights.transposed()).error != nil)
    #expect(cell([inputs[0]], weights: weights).error != nil)
    let other = Genotype(inputs: 2, nodes: [[], [.init(source: 0, operation: .maxPool(5))]])
    #expect(cell(inputs, genotype: other).error != nil)
    #expect(cell(inputs, genotype: Genotype(inputs: 2, nodes: [[]])).error != nil)
    #expect(throws: TensorError.self) {
      try ArchitectureCell(
        Self.candidates, inputChannels: [], channels: 2, nodes: 2, key: RandomKey(seed: 3))
    }
  }

  @Test func startingLogits() throws {
    let cell = try ArchitectureCell(
      Self.candidates, inputChannels: [1, 1], channels: 1, nodes: 4, key: RandomKey(seed: 3))
    let logits = cell.startingLogits(key: RandomKey(seed: 8))
    #expect(logits.shape == [14, 6])
    let values = try logits.doubles()
    let size = (values.reduce(0) { $0 + $1 * $1 } / 84).squareRoot()
    #expect(size > 0.7e-3 && size < 1.3e-3)
  }

  // MARK: - Genotypes

  private static let four: [CandidateOperation] = [
    .none, .skip, .maxPool(3), .convolution(3),
  ]

  private func genotype(_ rows: [[Double]], nodes: Int) throws -> Genotype {
    try Genotype(
      weights: Tensor(rows.flatMap { $0 }, shape: [rows.count, 4]), candidates: Self.four,
      nodes: nodes)
  }

  @Test func genotypeRules() throws {
    let found = try genotype(
      [
        [0.7, 0.1, 0.15, 0.05], [0, 0.4, 0.3, 0.3],
        // Node 3: edge 0 has the largest weight of all on `none`, and so the smallest otherwise.
        [0.9, 0.05, 0.03, 0.02], [0.1, 0.2, 0.3, 0.4], [0.2, 0.35, 0.25, 0.2],
      ], nodes: 2)
    #expect(
      found
        == Genotype(
          inputs: 2,
          nodes: [
            [.init(source: 0, operation: .maxPool(3)), .init(source: 1, operation: .skip)],
            [
              .init(source: 1, operation: .convolution(3)), .init(source: 2, operation: .skip),
            ],
          ]))
    #expect(
      "\(found)" == """
        node 2: maxPool3x3(0) + skip(1)
        node 3: convolution3x3(1) + skip(2)
        """)
  }

  /// Of equal operations the first, of equal edges the first.
  @Test func genotypeTies() throws {
    let even = [0.25, 0.25, 0.25, 0.25]
    let found = try genotype([even, even, even, even, even], nodes: 2)
    #expect("\(found)" == "node 2: skip(0) + skip(1)\nnode 3: skip(0) + skip(1)")
    let other = try genotype(
      [even, even, [0.1, 0.3, 0.3, 0.3], [0, 0.2, 0.4, 0.4], [0.1, 0.3, 0.2, 0.3]], nodes: 2)
    #expect("\(other)" == "node 2: skip(0) + skip(1)\nnode 3: skip(0) + maxPool3x3(1)")
  }

  @Test func genotypeErrors() throws {
    let even = [0.25, 0.25, 0.25, 0.25]
    #expect(throws: TensorError.self) { try genotype([even], nodes: 1) }
    #expect(throws: TensorError.self) { try genotype([even, [.nan, 0, 0, 0]], nodes: 1) }
    #expect(throws: TensorError.self) {
      try Genotype(
        weights: Tensor([1.0, 1], shape: [2, 1], dtype: .float64), candidates: [.none], nodes: 1)
    }
  }
}

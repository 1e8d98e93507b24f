import OuterloopNumerics

extension AbuseRoom {
  static let numerics = AbuseRoom("OuterloopNumerics") { room in
    room.addTensors()
    room.addRandom()
    room.addSolvers()
    room.exclude("takes no values", "BLAS.load")
    room.exclude("total on its values", "RandomKey.==", "RandomKey.hash")
  }

  private mutating func addTensors() {
    add("Tensor.init", Edges.shapes) { Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: $0) }
    add("Tensor.init", Edges.shapes) { Tensor([] as [Int32], shape: $0) }
    add("Tensor.init", Edges.shapes, Edges.types) { Tensor(repeating: 1, shape: $0, dtype: $1) }
    add("Tensor.init", Edges.numbers, Edges.types) { Tensor($0, dtype: $1) }
    add("Tensor.zeros", Edges.shapes, Edges.types) { Tensor.zeros($0, dtype: $1) }
    add("Tensor.zeros", Edges.tensors) { Tensor.zeros(like: $0) }
    add("Tensor.ones", Edges.shapes, Edges.types) { Tensor.ones($0, dtype: $1) }
    refuse("Tensor.zeros", [[-1], [.min], [2, -3], [.max, 2], [1 << 62, 1 << 62, 0]]) {
      Tensor.zeros($0)
    }
    refuse("Tensor.init", [[7], [-6], [-2, -3], [.max], [1 << 62, 4]]) {
      Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: $0)
    }
    add("Tensor.doubles", Edges.tensors) { try $0.doubles() }
    add("Tensor.item", Edges.tensors) { try $0.item() }
    add("Tensor.scalars", Edges.tensors) { try $0.scalars(Float.self) }
    add("Tensor.scalars", Edges.tensors) { try $0.scalars(Double.self) }
    add("Tensor.scalars", Edges.tensors) { try $0.scalars(Int32.self) }
    refuse("Tensor.doubles", [[1 << 40], [1 << 20, 1 << 20]]) { try Tensor.ones($0).doubles() }
    add("Tensor.converted", Edges.tensors, Edges.types) { try $0.converted(to: $1) }
    add("TensorType.init", Edges.shapes, Edges.types) { shape, dtype in
      let type = TensorType(shape, dtype)
      return [type.count, type.byteCount, type.rank, type.description.count]
    }
    add("TensorError.init", ["", "a\nb"]) { TensorError($0) }
    add("Int32.init", Edges.numbers) { Int32(truncating: $0).asDouble }
    add("Float.init", Edges.numbers) { Float(truncating: $0).asDouble }
    add("Double.init", Edges.numbers) { Double(truncating: $0).asDouble }
  }

  private mutating func addRandom() {
    add("RandomKey.init", Edges.seeds, ["", "a\0b"], Edges.seeds) {
      RandomKey(seed: $0, purpose: $1, index: $2).tensor
    }
    let key = RandomKey(seed: 1)
    add("RandomKey.uniform", Edges.shapes, Edges.types) { key.uniform($0, dtype: $1) }
    add("RandomKey.normal", Edges.shapes, Edges.types) { key.normal($0, dtype: $1) }
    refuse("RandomKey.normal", [[-1], [.max], [1 << 45]]) { key.normal($0) }
    refuse("RandomKey.uniform", [DType.int32]) { key.uniform([2], dtype: $0) }
    add("RandomKey.bits", Edges.sizes) { key.bits($0).count }
    add("RandomKey.permutation", Edges.sizes) { key.permutation($0).count }
    add("RandomKey.split", Edges.sizes) { key.split($0).count }
    add("SobolSequence.init", Edges.integers) { try SobolSequence(dimensions: $0).dimensions }
    add("SobolSequence.init", Edges.integers) {
      try SobolSequence(dimensions: $0, key: key).point(.max)
    }
    refuse("SobolSequence.init", [.min, -1, 0, 1112, .max]) { try SobolSequence(dimensions: $0) }
    add("SobolSequence.point", [0, 1, .max - 1, .max]) {
      try SobolSequence(dimensions: 1111).point($0)
    }
    add("SobolSequence.points", [0, .max], Edges.sizes) {
      try SobolSequence(dimensions: 2).points(from: $0, count: $1).count
    }
  }
}

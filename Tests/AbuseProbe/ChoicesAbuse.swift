import OuterloopAutodiff
import OuterloopLearning
import OuterloopNumerics

extension AbuseRoom {
  mutating func addRelaxations() {
    let all = Edges.tensors
    let keys = [RandomKey(seed: 1).tensor, Tensor(1), Edges.broken]
    add("Temperature.init", Edges.numbers) {
      SimplexRelaxation(temperature: Temperature($0))(all[4])
    }
    add("Temperature.init", all) { SimplexRelaxation(temperature: Temperature($0))(all[4]) }
    refuse("Temperature.init", [-1, 0, .nan, .infinity]) {
      CubeRelaxation(temperature: Temperature($0))(all[4])
    }
    let temperatures = Edges.numbers.map { Temperature($0) }
    add("SimplexRelaxation.init", temperatures) {
      SimplexRelaxation(temperature: $0).entropy(all[4])
    }
    add("CubeRelaxation.init", temperatures) { CubeRelaxation(temperature: $0).entropy(all[4]) }
    add("SimplexRelaxation.callAsFunction", all) { SimplexRelaxation()($0) }
    add("SimplexRelaxation.log", all) { SimplexRelaxation().log($0) }
    add("SimplexRelaxation.sample", all, keys) { SimplexRelaxation().sample($0, key: $1) }
    add("SimplexRelaxation.logits", all) { try SimplexRelaxation().logits(of: $0) }
    add("SimplexRelaxation.entropy", all) { SimplexRelaxation().entropy($0) }
    add("SimplexRelaxation.choice", all) { SimplexRelaxation.choice($0) }
    add("SimplexRelaxation.straightThrough", all) { SimplexRelaxation.straightThrough($0) }
    add("CubeRelaxation.callAsFunction", all) { CubeRelaxation()($0) }
    add("CubeRelaxation.sample", all, keys) { CubeRelaxation().sample($0, key: $1) }
    add("CubeRelaxation.logits", all) { try CubeRelaxation().logits(of: $0) }
    add("CubeRelaxation.entropy", all) { CubeRelaxation().entropy($0) }
    add("CubeRelaxation.choice", all) { CubeRelaxation.choice($0) }
    add("CubeRelaxation.straightThrough", all) { CubeRelaxation.straightThrough($0) }
    add("RandomKey.tensor", Edges.seeds, all) {
      RandomKey.tensor(seed: $0, purpose: "", index: $1)
    }
    add("RelaxationNoise.gumbel", Edges.shapes, keys, Edges.types) {
      RelaxationNoise.gumbel($0, key: $1, dtype: $2)
    }
    add("RelaxationNoise.logistic", Edges.shapes, keys, Edges.types) {
      RelaxationNoise.logistic($0, key: $1, dtype: $2)
    }
    add("TemperatureSchedule.callAsFunction", Edges.numbers, Edges.numbers, Edges.sizes) {
      let schedules: [TemperatureSchedule] = [
        .constant($0), .exponential(start: $0, factor: $1, every: $0, floor: $1),
        .linear(start: $0, end: $1, steps: $2),
      ]
      return schedules.map { SimplexRelaxation(temperature: $0(Time(step: 3)))(all[4]) }
    }
  }

  mutating func addArchitectures() {
    let (all, key) = (Edges.tensors, RandomKey(seed: 1))
    let image = RandomKey(seed: 2).normal([1, 4, 4, 2])
    let operations: [CandidateOperation] =
      [.none, .skip]
      + [.min, -1, 0, 1, 3, 5, 1 << 33, .max].flatMap { side -> [CandidateOperation] in
        [
          .averagePool(side), .maxPool(side), .convolution(side), .convolution(3, dilation: side),
        ]
      }
    add("CandidateOperation.filters", operations, Edges.sizes, [.min, 0, 1, 2, .max]) {
      $0.filters(channels: $1, stride: $2, key: key)
    }
    add("CandidateOperation.callAsFunction", operations, all) { $0($1) }
    add("CandidateOperation.callAsFunction", operations, [.min, 0, 1, 2, 9, 1 << 33, .max]) {
      $0(image, filters: $0.filters(channels: 2, stride: $1, key: key), stride: $1)
    }
    let candidates: [CandidateOperation] = [.none, .skip, .maxPool(3), .convolution(3)]
    add("MixedOperation.init", Edges.sizes, [.min, 0, 1, 2, .max]) {
      MixedOperation(candidates, channels: $0, stride: $1, key: key)
    }
    add("MixedOperation.callAsFunction", all, all) {
      MixedOperation(candidates, channels: 2, key: key)($0, weights: $1)
    }
    add("MixedOperation.callAsFunction", Edges.integers) {
      var mixed = MixedOperation(candidates, channels: 2, key: key)
      let one = mixed(image, only: $0)
      mixed.filters.removeLast()
      return [one, mixed(image, only: $0), mixed(image, weights: Tensor.ones([4]))]
    }
    add("MixedOperation.mixture", all, all) {
      try MixedOperation.mixture($0, weights: $1, of: [{ $0 }, { $0 * 2 }])
    }
    add("ArchitectureCell.init", Edges.sizes, Edges.sizes, Edges.sizes) {
      try ArchitectureCell(
        candidates, inputChannels: [$0], channels: $1, nodes: Swift.min($2, 1 << 40), key: key)
    }
    @Sendable func cell(nodes: Int = 1) throws -> ArchitectureCell {
      try ArchitectureCell(candidates, inputChannels: [2], channels: 2, nodes: nodes, key: key)
    }
    refuse("ArchitectureCell.init", [.min, 0, 1 << 33, .max]) { try cell(nodes: $0) }
    add("ArchitectureCell.callAsFunction", all, all) { try cell()([$0], weights: $1) }
    add("ArchitectureCell.callAsFunction", Edges.integers) { source -> Any in
      var cell = try cell()
      let edge = Genotype.Edge(source: source, operation: .skip)
      let genotype = Genotype(inputs: 1, nodes: [[edge]])
      let answer = cell([image], genotype: genotype)
      cell.edges = []
      let withoutEdges = cell([image], genotype: genotype)
      cell.entries = []
      return [
        answer, withoutEdges, cell([], genotype: Genotype(inputs: 0, nodes: [[]])),
        Genotype(inputs: source, nodes: [[edge], [edge]]).description,
      ]
    }
    add("ArchitectureCell.genotype", all) { try cell().genotype(weights: $0) }
    add("ArchitectureCell.startingLogits", Edges.types) {
      try cell().startingLogits(key: key, dtype: $0)
    }
    add("Genotype.init", Edges.sizes, Edges.sizes, Edges.sizes) {
      try Genotype(
        weights: image, candidates: candidates, inputs: $0, nodes: $1, incoming: $2)
    }
    add("Genotype.edgeCount", Edges.integers, Edges.integers) {
      Genotype.edgeCount(inputs: $0, nodes: $1)
    }
    add("Genotype.Edge.init", Edges.integers) { Genotype.Edge(source: $0, operation: .none).source }
  }

  mutating func addBatches() {
    let steps: [Int] = [.min, -1, 0, 1, 1 << 33, .max]
    add("Batches.shuffled", Edges.sizes, Edges.sizes, steps) {
      try Batches.shuffled(count: $0, size: $1, seed: .max).batch($2)
    }
    add("Batches.partitioned", Edges.sizes, Edges.sizes, steps) {
      try Batches.partitioned(count: $0, size: $1, seed: .max).batch($2)
    }
    refuse("Batches.shuffled", [.min, -1, 0, 5, .max]) {
      try Batches.shuffled(count: 4, size: $0, seed: 1).batch(0)
    }
    refuse("Batches.shuffled", [.min, -1]) {
      try Batches.shuffled(count: 4, size: 2, seed: 1).batch($0)
    }
    refuse("Batches.partitioned", [1 << 33, .max]) {
      try Batches.partitioned(count: $0, size: 1, seed: 1).batch(0)
    }
    add("Batches.init", steps) { try Batches { Tensor([Int32(clamping: $0)]) }.batch($0) }
  }

  /// Readers of data: their tables of broken files are tests of their own.
  mutating func addData() {
    let reason = "read untrusted bytes: tests and fuzzing of their own"
    exclude(reason, "CSV.Options.init", "CSV.read", "IDX.classes", "IDX.floats", "IDX.labeled")
    exclude(reason, "IDX.read", "LIBSVM.read", "LabeledData.load", "LabeledData.named")
    exclude(reason, "DataParts.init", "SparseData.dense", "SparseData.widened")
    exclude(reason, "CSV.prepare", "LabeledData.prepare", "TextEncoding.init")
    exclude("made by the readers", "DataError.init", "Digits.load")
    exclude("works on data that was read", "LabeledData.featureTensor", "LabeledData.init")
    exclude("works on data that was read", "LabeledData.joined", "LabeledData.relabeled")
    exclude("works on data that was read", "LabeledData.selecting")
    exclude("works on data that was read", "Scaling.applied", "Scaling.dividing", "Scaling.maxAbs")
    exclude("works on data that was read", "Scaling.suggested")
  }
}

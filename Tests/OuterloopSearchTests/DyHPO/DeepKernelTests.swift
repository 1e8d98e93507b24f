import Foundation
import OuterloopNumerics
import Testing

@testable import OuterloopSearch

@Suite struct DeepKernelTests {
  /// Rows and outputs that mean nothing.
  static func sample(
    _ count: Int, width: Int = 3, _ form: NetworkRows.CurveForm, longest: Int = 7
  ) -> (rows: NetworkRows, outputs: [Double]) {
    var uniforms = UniformStream(key: RandomKey(seed: 7, purpose: "deep kernel tests"))
    var rows = NetworkRows(width: width, form)
    var outputs: [Double] = []
    for row in 0..<count {
      let curve = uniforms.next(row % (longest + 1))
      rows.append(
        uniforms.next(width)[...], epoch: Double(curve.count + 1) / 10, curve: curve)
      outputs.append(uniforms.next() - 0.5)
    }
    return (rows, outputs)
  }

  static func deep(_ network: KernelNetwork) -> DeepKernel {
    DeepKernel(
      network, network.initial(RandomKey(seed: 1)),
      kernel: FeatureKernel([0.1, 0.2, -0.3, -1], noiseFloor: 1e-4))
  }

  /// The derivative of the loss by every kind of parameter is that of differences.
  @Test(arguments: [KernelNetwork.Norm.layer, .batch]) func gradient(
    _ norm: KernelNetwork.Norm
  ) throws {
    let network = KernelNetwork(inputs: 4, norm: norm)
    let programs = NetworkPrograms(network)
    let (rows, outputs) = Self.sample(21, norm == .layer ? .masked : .zeroPadded)
    let (tensors, used) = (rows.tensors(), rows.count * KernelNetwork.features)
    let parameters = Self.deep(network).parameters
    func evaluated(
      _ parameters: [Double]
    ) throws -> (value: Double, parameters: [Double], features: [Double]) {
      let weights = Array(parameters.dropLast(4))
      let features = try programs.features(weights, tensors).features
      let kernel = FeatureKernel(Array(parameters.suffix(4)), noiseFloor: 1e-4)
      return try #require(try kernel.loss(Array(features[..<used]), outputs))
    }
    let loss = try evaluated(parameters)
    let padding = [Double](
      repeating: 0, count: rows.paddedCount * KernelNetwork.features - used)
    let weights = Array(parameters.dropLast(4))
    let gradient =
      try programs.gradient(weights, tensors, cotangent: loss.features + padding)
      + loss.parameters
    // One of each: A, a, scale, offset, C, c, B, b, and the process's four.
    var (first, places) = (0, [Int]())
    for shape in network.shapes {
      places += [first + 2, first + shape.reduce(1, *) - 1]
      first += shape.reduce(1, *)
    }
    let step = 1e-5
    for place in places + [0, 1, 2, 3].map({ parameters.count - 1 - $0 }) {
      var (above, below) = (parameters, parameters)
      above[place] += step
      below[place] -= step
      let (high, low) = (try evaluated(above).value, try evaluated(below).value)
      let difference = (high - low) / (2 * step)
      #expect(abs(gradient[place] - difference) < 1e-8 + 1e-5 * abs(difference), "\(place)")
    }
  }

  /// Two rows by hand.
  @Test func evidenceInClosedForm() throws {
    let kernel = FeatureKernel([0.5, 0, 0, 0], noiseFloor: 0.01)
    let soft = log(2.0)
    var features = [Double](repeating: 0, count: 2 * KernelNetwork.features)
    features[0] = 0.6
    let (a, b) = (2 * soft + 0.01, soft * exp(-0.36 / (2 * soft * soft)))
    let determinant = a * a - b * b
    let (y, z) = (1.0 - 0.5, -0.25 - 0.5)
    let square = (a * y * y - 2 * b * y * z + a * z * z) / determinant
    let expected = (0.5 * square + 0.5 * log(determinant) + log(2 * Double.pi)) / 2
    let loss = try #require(try kernel.loss(features, [1, -0.25]))
    #expect(abs(loss.value - expected) < 1e-13)

    let process = try #require(
      try DeepKernelProcess(kernel, features: features, outputs: [1, -0.25], roomFor: 0))
    let (means, variances) = process.predict(Array(features.prefix(KernelNetwork.features)))
    // k = (s, b) without noise.
    let mean = 0.5 + (soft * (a * y - b * z) + b * (a * z - b * y)) / determinant
    let explained = (soft * (a * soft - b * b) + b * (a * b - b * soft)) / determinant
    #expect(abs(means[0] - mean) < 1e-13)
    #expect(abs(variances[0] - (soft - explained)) < 1e-13)
  }

  /// A training that is believed to come to its mean changes no mean and makes its surroundings more certain.
  @Test func believedResults() throws {
    let network = KernelNetwork(inputs: 4, norm: .layer)
    let programs = NetworkPrograms(network)
    let (rows, outputs) = Self.sample(12, .masked)
    let deep = Self.deep(network)
    let features = try deep.features(programs, rows)
    let queries = try deep.features(programs, Self.sample(20, .masked, longest: 3).rows)
    var process = try #require(
      try DeepKernelProcess(deep.kernel, features: features, outputs: outputs, roomFor: 1))
    let before = process.predict(queries)
    process.addFantasy(queries[(3 * KernelNetwork.features)..<(4 * KernelNetwork.features)])
    let after = process.predict(queries)
    for place in before.means.indices {
      #expect(abs(after.means[place] - before.means[place]) < 1e-9)
      #expect(after.variances[place] <= before.variances[place] + 1e-12)
    }
    #expect(after.variances[3] < before.variances[3])
  }

  @Test func trainingLowersTheLoss() throws {
    let network = KernelNetwork(inputs: 4, norm: .layer)
    let (rows, outputs) = Self.sample(30, .masked)
    var deep = Self.deep(network)
    let training = try deep.train(
      NetworkPrograms(network), rows, outputs: outputs, steps: 60, rate: 3e-3)
    #expect(training.ending == .finished && training.losses.count == 60)
    #expect((training.losses.last ?? 1) < training.losses[0] - 0.05)
  }

  /// One row can be trained on, and numbers that are none end a training without harm.
  @Test func oneRow() throws {
    let network = KernelNetwork(inputs: 4, norm: .layer)
    let programs = NetworkPrograms(network)
    let (rows, _) = Self.sample(1, .masked)
    var deep = Self.deep(network)
    let training = try deep.train(programs, rows, outputs: [0.3], steps: 5, rate: 1e-3)
    #expect(training.ending == .finished)
    let broken = try deep.train(programs, rows, outputs: [.nan], steps: 5, rate: 1e-3)
    #expect(broken.ending == .broken)
    let isFinite = deep.parameters.allSatisfy { $0.isFinite }
    #expect(isFinite)
  }

  /// The published padding by zeros makes a row's features depend on the longest curve beside it, and says of a curve
  /// of negative values that it came to 0, the best there is. Masked curves do neither.
  @Test func paddingSaysNothing() throws {
    func features(
      _ form: NetworkRows.CurveForm, paddedTo length: Int
    ) throws -> (features: [Double], windows: [Double]) {
      let network = KernelNetwork(inputs: 2, norm: .layer)
      var rows = NetworkRows(width: 1, form)
      rows.append([0.5], epoch: 0.5, curve: [-0.9, -0.8, -0.7, -0.6])
      rows.append([0.1], epoch: 0.5, curve: [Double](repeating: -0.5, count: length))
      let all = try Self.deep(network).features(NetworkPrograms(network), rows)
      let tensors = rows.tensors()
      let (places, inside) = (tensors[2].shape[1], try tensors[2].scalars(Double.self))
      let windows = try tensors[1].scalars(Double.self).prefix(3 * places).enumerated().filter {
        inside[$0.offset / 3] == 0
      }.map(\.element)
      return (Array(all.prefix(KernelNetwork.features)), windows)
    }
    let (masked, alone) = (
      try features(.masked, paddedTo: 9), try features(.masked, paddedTo: 1)
    )
    #expect(zip(masked.features, alone.features).allSatisfy { abs($0 - $1) < 1e-14 })
    #expect(masked.windows.allSatisfy { $0 < -0.5 })
    let (padded, plain) = (
      try features(.zeroPadded, paddedTo: 9), try features(.zeroPadded, paddedTo: 1)
    )
    #expect(padded.windows.contains(0) && !plain.windows.contains(0))
    #expect(zip(padded.features, plain.features).contains { abs($0 - $1) > 1e-6 })
  }
}

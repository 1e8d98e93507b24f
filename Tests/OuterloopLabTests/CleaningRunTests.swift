import OuterloopLearning
import Testing

@testable import OuterloopLab

@Suite struct CleaningRunTests {
  static let settings: CleaningSettings = {
    var settings = CleaningSettings()
    (settings.train, settings.validation, settings.test) = (90, 60, 60)
    settings.corrupt = 0.4
    settings.steps = 30
    settings.hyperSteps = 40
    settings.rate = 1
    settings.outerRate = 0.05
    settings.seed = 5
    return settings
  }()

  private func run(_ settings: CleaningSettings = settings) throws -> CleaningRun {
    try CleaningRun(CleaningData(SampleData.parts(300), settings: settings), settings: settings)
  }

  @Test func weightsOfRightAndWrongLabelsSeparate() throws {
    let run = try run()
    var state = try run.start()
    while !run.isDone(state) { state = try run.update(state).state }
    let report = try run.finish(state, files: SampleData.files)

    func mean(_ indices: some Collection<Int>) -> Float {
      indices.reduce(0) { $0 + state.weights[$1] } / Float(indices.count)
    }
    let wrong = run.data.corrupted
    let right = Set(0..<90).subtracting(wrong)
    #expect(mean(right) > 0.8)
    #expect(mean(wrong) < 0.1)
    #expect(state.weights.allSatisfy { (0...1).contains($0) })
    #expect(state.weights.reduce(0, +) <= 54.001)

    let detection = try #require(report.detection)
    #expect(detection.f1 > 0.85)
    #expect(report.suspects.count == detection.truePositives + detection.falsePositives)
    #expect(detection.truePositives + detection.falseNegatives == wrong.count)
    #expect(detection.falsePositives + detection.trueNegatives == right.count)
    let marked = report.suspects.filter { $0.trueLabel != $0.label }
    #expect(marked.count == detection.truePositives)
    #expect(report.suspects.allSatisfy { $0.weight < 1e-3 })
    #expect(report.validationLosses.count == 40)
    #expect(report.validationLosses[39] < report.validationLosses[0])
    #expect(report.accuracy.cleaned >= report.accuracy.baseline)
  }

  @Test func statesGoOnExactlyFromAFile() throws {
    let run = try run()
    var whole = try run.start()
    for _ in 0..<6 { whole = try run.update(whole).state }
    var broken = try run.start()
    for _ in 0..<3 { broken = try run.update(broken).state }
    let bytes = try CleaningCheckpoint(
      settings: Self.settings, fingerprint: "f", state: broken
    ).encoded()
    let read = try CleaningCheckpoint(bytes, file: "checkpoint")
    #expect(read.state == broken)
    #expect(read.settings == Self.settings)
    var resumed = read.state
    for _ in 0..<3 { resumed = try run.update(resumed).state }
    resumed.seconds = whole.seconds
    #expect(resumed == whole)
  }

  @Test func refusesDamagedCheckpoints() throws {
    let state = try run().start()
    let bytes = try CleaningCheckpoint(
      settings: Self.settings, fingerprint: "f", state: state
    ).encoded()
    for count in [0, 5, 8, 19, 20, 100, bytes.count / 2, bytes.count - 1] {
      #expect(throws: LabError.self) {
        try CleaningCheckpoint(Array(bytes[..<count]), file: "checkpoint")
      }
    }
    for place in stride(from: 0, to: bytes.count, by: 13) {
      var damaged = bytes
      damaged[place] ^= 0x10
      #expect(throws: LabError.self) {
        try CleaningCheckpoint(damaged, file: "checkpoint")
      }
    }
    #expect(throws: LabError.self) {
      try CleaningCheckpoint(bytes + [0], file: "checkpoint")
    }
  }

  @Test func tellsWhereItDiverged() throws {
    var settings = Self.settings
    settings.rate = 1e300
    let run = try run(settings)
    let error = #expect(throws: LabError.self) { try run.update(run.start()) }
    #expect(error?.cause == .diverged)
    #expect(error?.what.contains("update 1") == true)
    #expect(error?.what.contains("at step 1 of 30") == true)
  }

  @Test func refusesMoreMemoryThanThereIs() throws {
    var settings = Self.settings
    settings.steps = 10_000_000
    let pictures = try LabeledData(
      shape: [1000], features: [Float](repeating: 1, count: 300_000),
      labels: (0..<300).map { Int32($0 % 100) }, classNames: (0..<100).map { "\($0)" },
      source: "wide")
    let data = try CleaningData(DataParts(train: pictures, test: nil), settings: settings)
    let error = #expect(throws: LabError.self) {
      try CleaningRun(data, settings: settings)
    }
    #expect(error?.cause == .memory)
  }

  @Test func detectionCounts() {
    let detection = CleaningDetection(
      truePositives: 6, falsePositives: 2, falseNegatives: 4, trueNegatives: 8)
    #expect(detection.precision == 0.75)
    #expect(detection.recall == 0.6)
    #expect(abs(detection.f1 - 2 / 3) < 1e-12)
    let none = CleaningDetection(
      truePositives: 0, falsePositives: 0, falseNegatives: 0, trueNegatives: 9)
    #expect([none.precision, none.recall, none.f1] == [0, 0, 0])
  }
}

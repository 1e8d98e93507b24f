import OuterloopLearning
import Testing

@testable import OuterloopLab

@Suite struct CleaningDataTests {
  private func settings(_ corrupt: Double, seed: UInt64 = 0) -> CleaningSettings {
    var settings = CleaningSettings()
    (settings.train, settings.validation, settings.test) = (90, 60, 50)
    settings.corrupt = corrupt
    settings.seed = seed
    return settings
  }

  @Test(arguments: [0.0, 0.004, 0.006, 0.25, 0.5, 0.999])
  func corruptsExactlyTheShareToOtherClasses(_ share: Double) throws {
    let data = try CleaningData(SampleData.parts(300), settings: settings(share))
    #expect(data.corrupted.count == Int((share * 90).rounded()))
    #expect((data.trueLabels == nil) == data.corrupted.isEmpty)
    if let labels = data.trueLabels {
      let source = try SampleData.pictures(300)
      #expect(labels == data.sourceIndex.map { source.labels[$0] })
    }
    #expect(data.train.labels.allSatisfy { (0..<3).contains($0) })
  }

  @Test func spreadsWrongLabelsOverTheOtherClasses() throws {
    var large = settings(0.9)
    (large.train, large.validation) = (3000, 100)
    let data = try CleaningData(SampleData.parts(3300), settings: large)
    let labels = try #require(data.trueLabels)
    var shifts = [0, 0, 0]
    for index in data.corrupted {
      shifts[Int(data.train.labels[index] - labels[index] + 3) % 3] += 1
    }
    // 2700 draws of one of two classes: five standard deviations are 130.
    #expect(shifts[0] == 0)
    #expect(abs(shifts[1] - 1350) < 130)
  }

  @Test func partsAreDisjoint() throws {
    let data = try CleaningData(SampleData.parts(200), settings: settings(0))
    #expect([data.train.count, data.validation.count, data.test.count] == [90, 60, 50])
    // The noise tells every example from all others.
    var seen: Set<[Float]> = []
    for part in [data.train, data.validation, data.test] {
      for index in 0..<part.count {
        seen.insert(Array(part.features[(index * 36)..<((index + 1) * 36)]))
      }
    }
    #expect(seen.count == 200)
    #expect(Set(data.sourceIndex).count == 90)
  }

  @Test func seedDecidesTheSplit() throws {
    func fingerprint(_ seed: UInt64) throws -> String {
      try CleaningData(SampleData.parts(300), settings: settings(0.5, seed: seed)).fingerprint
    }
    #expect(try fingerprint(3) == fingerprint(3))
    #expect(try fingerprint(3) != fingerprint(4))
  }

  @Test func takesTheTestPartThatIsThere() throws {
    let data = try CleaningData(SampleData.parts(150, test: 20), settings: settings(0))
    #expect(data.test.count == 20)
  }

  @Test func dividesPicturesByOneNumber() throws {
    let data = try CleaningData(SampleData.parts(200), settings: settings(0))
    let source = try SampleData.pictures(200)
    let first = data.sourceIndex[0]
    let ratio = source.features[first * 36] / data.train.features[0]
    for pixel in 0..<36 {
      let quotient = source.features[first * 36 + pixel] / ratio
      #expect(abs(quotient - data.train.features[pixel]) < 1e-6)
    }
    #expect((data.train.features.max() ?? 0) == 1)
  }

  @Test func refusesTooLittleData() throws {
    #expect(throws: LabError.self) {
      try CleaningData(SampleData.parts(150), settings: settings(0))
    }
    let one = try SampleData.pictures(300).relabeled([Int32](repeating: 0, count: 300)).named(
      ["top", "mid,dle", "low"])
    #expect(one.classCount == 3)
    let single = try LabeledData(
      shape: [1], features: (0..<300).map(Float.init), labels: [Int32](repeating: 0, count: 300),
      classNames: ["only"], source: "single")
    #expect(throws: LabError.self) {
      try CleaningData(DataParts(train: single, test: nil), settings: settings(0))
    }
  }
}
